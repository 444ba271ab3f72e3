#include "imagenode/camera/pi_camera_source.hpp"

#include <signal.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "catch.hpp"
#include "source_fixture.hpp"

using namespace imagenode;

namespace {

/// An environment variable for the life of this object.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  ~Environment() {
    if (before_.empty()) {
      unsetenv(name_);
    } else {
      setenv(name_, before_.c_str(), 1);
    }
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::string before_;
};

/// The stand-in for rpicam-vid first in PATH, under either name.
struct StandIn {
  explicit StandIn(const std::string& name = "rpicam-vid")
      : path("PATH", folder.path().string() + ":" + std::getenv("PATH")),
        log("STAND_IN_LOG", (folder.path() / "runs").string()) {
    std::filesystem::create_symlink(std::filesystem::path(TEST_DATA) / "rpicam-stand-in/rpicam-vid",
                                    folder.path() / name);
  }

  /// Process id and options of each run.
  std::vector<std::pair<pid_t, std::string>> runs() const {
    std::vector<std::pair<pid_t, std::string>> found;
    std::ifstream file(folder.path() / "runs");
    for (std::string line; std::getline(file, line);) {
      const auto space = line.find(' ');
      found.emplace_back(std::stoi(line.substr(0, space)), line.substr(space));
    }
    return found;
  }

  TemporaryFolder folder;
  Environment path;
  Environment log;
};

CameraSettings pi_camera(int width, int height) {
  CameraSettings settings;
  settings.label = "P1";
  settings.resolution = Resolution{width, height};
  return settings;
}

bool runs(pid_t pid) {
  return kill(pid, 0) == 0 || errno != ESRCH;
}

FakeClock fake_clock;
const SourceSeams kSeams{fake_clock};

}  // namespace

TEST_CASE("a Pi camera's frames are plain YUV planes whatever padding its rows have") {
  const StandIn stand_in;
  const int width = GENERATE(100, 128);
  PiCameraSource source(pi_camera(width, 60), kSeams);
  source.open({});
  source.read({});
  const FramePtr frame = source.read({});
  REQUIRE(frame);
  CHECK(frame->form() == PixelForm::yuv420);
  CHECK(frame->width() == width);
  CHECK(frame->number() == 1);
  const common::Bytes bytes = bytes_of_frame(frame);
  const auto luminance = static_cast<std::size_t>(width) * 60;
  REQUIRE(bytes.size() == luminance * 3 / 2);
  CHECK(std::count(bytes.begin(), bytes.end(), 51) == static_cast<std::ptrdiff_t>(luminance));
  CHECK(bytes[luminance - 1] == 51);
  CHECK(bytes[luminance] == 100);
  CHECK(bytes[luminance * 5 / 4] == 150);
  CHECK(std::count(bytes.begin(), bytes.end(), 0xEE) == 0);
  // Only where the width leaves the padding open it is measured first.
  CHECK(stand_in.runs().size() == (width == 100 ? 2 : 1));
}

TEST_CASE("a Pi camera is asked for what its settings say") {
  const StandIn stand_in("libcamera-vid");
  CameraSettings settings = pi_camera(128, 64);
  settings.pi.iso = 200;
  PiCameraSource source(settings, kSeams);
  source.open({});
  REQUIRE(source.read({}));
  CHECK(stand_in.runs().at(0).second ==
        " -t 0 --codec yuv420 -o - --nopreview --flush --width 128 --height 64 --framerate 32 --gain 2");
}

TEST_CASE("the padding of a Pi camera is measured once") {
  const StandIn stand_in;
  PiCameraSource source(pi_camera(100, 60), kSeams);
  for (int i = 0; i < 2; ++i) {
    source.open({});
    REQUIRE(source.read({}));
    source.close();
  }
  CHECK(stand_in.runs().size() == 3);
}

TEST_CASE("a missing Pi camera program is an error that names its package") {
  const TemporaryFolder empty;
  const Environment path("PATH", empty.path().string());
  PiCameraSource source(pi_camera(128, 64), kSeams);
  CHECK_THROWS_WITH(source.open({}), ContainsSubstring("apt-get install rpicam-apps"));
}

TEST_CASE("a missing Pi camera is an error with the program's last words") {
  const StandIn stand_in;
  const Environment error("STAND_IN_ERROR", "ERROR: *** no cameras available ***");
  const int width = GENERATE(100, 128);
  PiCameraSource source(pi_camera(width, 60), kSeams);
  CHECK_THROWS_WITH(
      [&] {
        source.open({});
        source.read({});
      }(),
      ContainsSubstring("no cameras available"));
}

TEST_CASE("a Pi camera whose program ends in the middle is lost") {
  const StandIn stand_in;
  const Environment frames("STAND_IN_FRAMES", "3");
  PiCameraSource source(pi_camera(128, 60), kSeams);
  source.open({});
  for (int i = 0; i < 3; ++i) REQUIRE(source.read({}));
  CHECK_THROWS_AS(source.read({}), SourceError);
  source.close();
  source.open({});
  CHECK(source.read({})->number() == 0);
}

TEST_CASE("closing a Pi camera ends its program, even one that ignores SIGTERM") {
  const StandIn stand_in;
  const bool is_stubborn = GENERATE(false, true);
  const Environment stubborn("STAND_IN_STUBBORN", is_stubborn ? "1" : "");
  {
    PiCameraSource source(pi_camera(128, 60), kSeams);
    source.open({});
    REQUIRE(source.read({}));
    REQUIRE(runs(stand_in.runs().at(0).first));
  }
  CHECK_FALSE(runs(stand_in.runs().at(0).first));
}

TEST_CASE("a stop ends the wait for a Pi camera's frame") {
  const StandIn stand_in;
  // No more than a part of a frame ever comes: the program is stopped.
  PiCameraSource source(pi_camera(128, 60), kSeams);
  source.open({});
  REQUIRE(source.read({}));
  kill(stand_in.runs().at(0).first, SIGSTOP);
  std::stop_source stop;
  const std::jthread stopper([&] { stop.request_stop(); });
  while (source.read(stop.get_token())) {
  }
  CHECK(stop.stop_requested());
}
