#include "imagenode/group.hpp"

#include <map>

#include "catch.hpp"

using namespace imagenode;
using Texts = std::vector<std::string>;

namespace {

struct PartSettings {
  std::string label;
  int value = 0;
};

/// Notes what becomes of it.
class Part {
 public:
  Part(PartSettings settings, Texts& notes) : settings_(std::move(settings)), notes_(notes) {}
  ~Part() { stop(); }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  const PartSettings& settings() const { return settings_; }
  void succeed(const Part& before) { note("after " + std::to_string(before.settings_.value)); }
  void start() {
    runs_ = true;
    note("starts");
  }
  void request_stop() {}
  void stop() {
    if (std::exchange(runs_, false)) note("stops");
  }

 private:
  void note(const std::string& what) {
    notes_.push_back(settings_.label + std::to_string(settings_.value) + ' ' + what);
  }

  const PartSettings settings_;
  Texts& notes_;
  bool runs_ = false;
};

struct Bench {
  std::unique_ptr<Part> made(const PartSettings& one) {
    if (one.value < 0) throw std::runtime_error("cannot be made");
    return std::make_unique<Part>(one, notes);
  }
  void become(const std::vector<PartSettings>& wanted, const std::set<std::string>& changed) {
    group.become(group.renewed(wanted, changed, [this](const PartSettings& one) { return made(one); }));
  }
  Texts taken() { return std::exchange(notes, {}); }
  std::vector<const Part*> parts() const {
    std::vector<const Part*> all;
    for (const auto& part : group.all()) all.push_back(part.get());
    return all;
  }

  Texts notes;
  Group<Part> group;
};

}  // namespace

TEST_CASE("what changed is made anew after it has ended, what is gone ends, what is new starts, the rest goes on") {
  Bench bench;
  bench.become({{"a", 1}, {"b", 1}, {"c", 1}}, {});
  CHECK(bench.taken() == Texts{"a1 starts", "b1 starts", "c1 starts"});
  const auto before = bench.parts();
  bench.become({{"d", 1}, {"c", 1}, {"b", 2}}, {"a", "b", "d"});
  CHECK(bench.taken() == Texts{"a1 stops", "b1 stops", "d1 starts", "b2 after 1", "b2 starts"});
  CHECK(bench.parts().at(1) == before.at(2));
  bench.group.stop();
  CHECK(bench.taken() == Texts{"d1 stops", "c1 stops", "b2 stops"});
}

TEST_CASE("nothing has ended when a part cannot be made") {
  Bench bench;
  bench.become({{"a", 1}}, {});
  const auto before = bench.parts();
  CHECK_THROWS(bench.become({{"b", 1}, {"a", -1}}, {"a", "b"}));
  CHECK(bench.parts() == before);
  CHECK(bench.taken() == Texts{"a1 starts"});
}
