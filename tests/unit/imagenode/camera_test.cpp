#include "imagenode/camera/camera.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <variant>

#include "catch.hpp"
#include "common/jpeg.hpp"
#include "source_fixture.hpp"

using namespace imagenode;

namespace {

/// What a script says next: a frame of this one byte, a loss, the end of a file, or to wait for the stop.
struct Picture {
  std::uint8_t value = 0;
};
struct Loss {};
struct Refused {};  ///< like Loss, at opening
struct End {};
struct WaitForStop {};
using Step = std::variant<Picture, Loss, Refused, End, WaitForStop>;

class ScriptedSource final : public FrameSource {
 public:
  ScriptedSource(std::deque<Step> script, FakeClock& clock, bool live)
      : script_(std::move(script)), clock_(clock), live_(live) {}

  void open(const std::stop_token&) override {
    if (std::holds_alternative<Refused>(script_.front())) {
      script_.pop_front();
      throw SourceError("no such camera");
    }
  }

  FramePtr read(const std::stop_token& stop) override {
    const Step step = script_.front();
    if (std::holds_alternative<WaitForStop>(step)) {
      before_waiting();
      common::wait_for_real(stop, 60 * common::kSecond);
      return nullptr;
    }
    script_.pop_front();
    if (std::holds_alternative<Loss>(step)) throw SourceError("unplugged");
    if (std::holds_alternative<End>(step)) return nullptr;
    // Ten frames per second, as far as anybody can tell.
    if (!live_) clock_.advance(common::kSecond / 10);
    common::Payload bytes(common::Bytes(4, std::get<Picture>(step).value));
    return std::make_shared<const Frame>(PixelForm::gray8, 2, 2, bytes, arrival(clock_), number_++);
  }

  void close() override {}
  bool is_live() const override { return live_; }
  std::string describe() const override { return "script"; }

  std::function<void()> before_waiting = [] {};

 private:
  std::deque<Step> script_;
  FakeClock& clock_;
  bool live_;
  std::int64_t number_ = 0;
};

/// A camera on a script, and all that it told.
class Stage {
 public:
  /// With `stills` one is wanted from the beginning.
  explicit Stage(std::deque<Step> script, CameraSettings settings = {}, bool live = false,
                 const CameraCounts& before = {}, const std::deque<Step>& stills = {})
      : camera_(named(std::move(settings)), std::make_unique<ScriptedSource>(std::move(script), clock, live),
                {[this](const FramePtr& frame) { tell("frame " + std::to_string(frame->number())); },
                 [this](const std::string& event) { tell(event); }, [this] { tell("finished"); },
                 [this](const FramePtr& frame) { tell("still " + std::to_string(frame->number())); }},
                clock, liveness_,
                {common::kSecond, 60 * common::kSecond, [this](const std::stop_token&, std::int64_t ns) {
                   const std::lock_guard lock(mutex_);
                   waits_.push_back(ns / common::kSecond);
                 }}) {
    camera_.succeed(before);
    if (!stills.empty()) {
      camera_.take_stills_from(std::make_unique<ScriptedSource>(stills, clock, false));
      camera_.want_still();
    }
    camera_.start();
  }

  /// Waits until it told this for the n-th time.
  bool wait_for(const std::string& what, std::ptrdiff_t times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return std::count(told_.begin(), told_.end(), what) >= times; });
  }

  std::vector<std::string> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  std::vector<std::int64_t> waits() {
    const std::lock_guard lock(mutex_);
    return waits_;
  }
  Camera& camera() { return camera_; }

  FakeClock clock;

 private:
  static CameraSettings named(CameraSettings settings) {
    settings.label = "W1";
    return settings;
  }
  void tell(const std::string& what) {
    {
      const std::lock_guard lock(mutex_);
      told_.push_back(what);
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> told_;
  std::vector<std::int64_t> waits_;
  common::Liveness liveness_;
  Camera camera_;
};

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("a camera hands on every frame of a file and reports its end once") {
  Stage stage({Picture{1}, Picture{2}, Picture{3}, End{}});
  REQUIRE(stage.wait_for("finished"));
  CHECK(stage.told() == Told{"frame 0", "frame 1", "frame 2", "finished"});
  CHECK(stage.camera().finished());
  CHECK(stage.camera().counts().frames == 3);
  CHECK(stage.camera().counts().frames_per_second == Approx(10));
  CHECK_FALSE(stage.camera().counts().lost);
  CHECK(stage.camera().describe() == "script");
}

TEST_CASE("a camera that is lost is reported once, reopened with growing patience, and reported back") {
  std::deque<Step> script{Picture{1}, Loss{}};
  for (int i = 0; i < 8; ++i) script.push_back(Refused{});
  for (const Step& step : std::initializer_list<Step>{Picture{2}, Picture{3}, Loss{}, Picture{4}, WaitForStop{}}) {
    script.push_back(step);
  }
  Stage stage(script);
  REQUIRE(stage.wait_for("frame 3"));
  CHECK(stage.told() ==
        Told{"frame 0", "camera|lost", "camera|back", "frame 1", "frame 2", "camera|lost", "camera|back", "frame 3"});
  CHECK(stage.waits() == std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 60, 60, 60, 1});
  CHECK(stage.camera().counts().reopened == 2);
}

TEST_CASE("a camera that is absent from the start is lost until it comes") {
  Stage stage({Refused{}, Refused{}, Picture{1}, WaitForStop{}});
  REQUIRE(stage.wait_for("frame 0"));
  CHECK(stage.told() == Told{"camera|lost", "camera|back", "frame 0"});
}

TEST_CASE("a camera in the place of a lost or frozen one ends what that one reported") {
  CameraCounts before;
  before.lost = true;
  Stage lost({Refused{}, Refused{}, Picture{1}, Loss{}, Picture{2}, End{}}, {}, false, before);
  REQUIRE(lost.wait_for("finished"));
  CHECK(lost.told() == Told{"camera|back", "frame 0", "camera|lost", "camera|back", "frame 1", "finished"});
  before = {};
  before.frozen = true;
  Stage frozen({Picture{1}, End{}}, {}, false, before);
  REQUIRE(frozen.wait_for("finished"));
  CHECK(frozen.told() == Told{"camera|unfrozen", "frame 0", "finished"});
}

TEST_CASE("a camera that opens but gives no frame is not back") {
  Stage stage({Loss{}, Loss{}, Loss{}, Picture{1}, End{}});
  REQUIRE(stage.wait_for("finished"));
  CHECK(stage.told() == Told{"camera|lost", "camera|back", "frame 0", "finished"});
  CHECK(stage.waits() == std::vector<std::int64_t>{1, 2, 4});
}

TEST_CASE("a stop ends the back-off of a lost camera") {
  FakeClock clock;
  common::Liveness liveness;
  std::mutex mutex;
  std::condition_variable changed;
  bool lost = false;
  const auto on_event = [&](const std::string&) {
    const std::lock_guard lock(mutex);
    lost = true;
    changed.notify_all();
  };
  Camera camera({}, std::make_unique<ScriptedSource>(std::deque<Step>{Refused{}, End{}}, clock, false),
                {[](const FramePtr&) {}, on_event, [] {}}, clock, liveness, {3600 * common::kSecond});
  camera.start();
  {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return lost; }));
  }
  const auto start = std::chrono::steady_clock::now();
  camera.stop();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
  CHECK_FALSE(camera.finished());
}

TEST_CASE("a picture that stays the same is reported as frozen once, and its end too") {
  std::deque<Step> script(25, Picture{7});
  script.insert(script.end(), {Picture{8}, Picture{9}, End{}});
  CameraSettings settings;
  settings.frozen_after_s = 2;
  Stage stage(script, settings);
  REQUIRE(stage.wait_for("finished"));
  const Told told = stage.told();
  CHECK(std::count(told.begin(), told.end(), "camera|frozen") == 1);
  CHECK(std::count(told.begin(), told.end(), "camera|unfrozen") == 1);
  CHECK(told[20] == "camera|frozen");  // 20 intervals of 0.1 s, before frame 20 is handed on
  CHECK(told[26] == "camera|unfrozen");
}

TEST_CASE("a frozen picture is nobody's business unless frozen_after is set") {
  std::deque<Step> script(100, Picture{7});
  script.push_back(End{});
  Stage stage(script);
  REQUIRE(stage.wait_for("finished"));
  CHECK(stage.told().size() == 101);
}

TEST_CASE("what processing throws is counted and does not end the camera") {
  FakeClock clock;
  common::Liveness liveness;
  std::promise<void> finished;
  Camera camera(
      {}, std::make_unique<ScriptedSource>(std::deque<Step>{Picture{1}, Picture{2}, Picture{3}, End{}}, clock, false),
      {[](const FramePtr& frame) {
         if (frame->number() == 0) throw common::JpegError("cut short");
         if (frame->number() == 1) throw std::runtime_error("a detector's fault");
       },
       [](const std::string&) {}, [&] { finished.set_value(); }},
      clock, liveness);
  camera.start();
  REQUIRE(finished.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  CHECK(camera.counts().damaged == 1);
  CHECK(camera.counts().failed == 1);
  CHECK(camera.counts().frames == 1);
}

TEST_CASE("slow work on a live camera's frames costs old frames, never the newest") {
  FakeClock clock;
  common::Liveness liveness;
  std::deque<Step> script;
  for (std::uint8_t i = 0; i < 100; ++i) script.push_back(Picture{i});
  script.push_back(WaitForStop{});
  std::mutex mutex;
  std::condition_variable changed;
  bool seen_last = false;
  std::promise<void> all_read;
  std::uint64_t handed_on = 0;
  auto source = std::make_unique<ScriptedSource>(script, clock, true);
  source->before_waiting = [&] { all_read.set_value(); };
  Camera camera({}, std::move(source),
                {[&](const FramePtr& frame) {
                   // The first frame is worked on until the source has given all the others.
                   if (handed_on++ == 0) all_read.get_future().wait_for(std::chrono::seconds(20));
                   if (frame->number() < 99) return;
                   const std::lock_guard lock(mutex);
                   seen_last = true;
                   changed.notify_all();
                 },
                 [](const std::string&) {}, [] {}},
                clock, liveness);
  camera.start();
  {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return seen_last; }));
  }
  camera.stop();
  const CameraCounts counts = camera.counts();
  CHECK(counts.frames == handed_on);
  CHECK(counts.frames <= 4);
  CHECK(counts.frames + counts.skipped == 100);
}

TEST_CASE("a live camera that is lost tells why through its reader") {
  Stage stage({Picture{1}, Loss{}, Picture{2}, WaitForStop{}}, {}, true);
  REQUIRE(stage.wait_for("frame 1"));
  CHECK(stage.told() == Told{"frame 0", "camera|lost", "camera|back", "frame 1"});
}

TEST_CASE("a still comes from its own source when that has settled, and then the camera goes on") {
  const std::deque<Step> stills(20, Picture{9});
  Stage stage({Picture{1}, Picture{2}, End{}}, {}, false, {}, stills);
  REQUIRE(stage.wait_for("finished"));
  CHECK(stage.told() == std::vector<std::string>{"frame 0", "still 10", "frame 1", "finished"});
  CHECK(stage.waits().empty());
  CHECK(stage.camera().counts().reopened == 0);
}

TEST_CASE("a source for stills that cannot be opened is replaced by the next frame, this once") {
  std::deque<Step> stills(20, Picture{9});
  stills.push_front(Refused{});
  Stage stage({Picture{1}, Picture{2}, Picture{3}, WaitForStop{}}, {}, false, {}, stills);
  REQUIRE(stage.wait_for("frame 2"));
  CHECK(stage.told() == std::vector<std::string>{"frame 0", "frame 1", "still 1", "frame 2"});
}

TEST_CASE("the still after one that failed comes from its own source again") {
  FakeClock clock;
  common::Liveness liveness;
  std::deque<Step> stills(20, Picture{9});
  stills.push_front(Refused{});
  std::vector<std::int64_t> given;
  std::promise<void> finished;
  Camera* running = nullptr;
  Camera camera({},
                std::make_unique<ScriptedSource>(
                    std::deque<Step>{Picture{1}, Picture{2}, Picture{3}, Picture{4}, End{}}, clock, false),
                {[](const FramePtr&) {}, [](const std::string&) {}, [&] { finished.set_value(); },
                 [&](const FramePtr& frame) {
                   given.push_back(frame->number());
                   if (given.size() == 1) running->want_still();
                 }},
                clock, liveness);
  running = &camera;
  camera.take_stills_from(std::make_unique<ScriptedSource>(stills, clock, false));
  camera.want_still();
  camera.start();
  REQUIRE(finished.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  CHECK(given == std::vector<std::int64_t>{1, 10});
}

TEST_CASE("a still interrupts the reading of a live source") {
  const std::deque<Step> stills(20, Picture{9});
  Stage stage({Picture{1}, WaitForStop{}}, {}, true, {}, stills);
  REQUIRE(stage.wait_for("still 10"));
  CHECK(stage.told() == std::vector<std::string>{"frame 0", "still 10"});
  stage.camera().stop();
}
