// The hub as a whole: images per second that it acknowledges durably, against what the disk gives at most; how long an
// acknowledgement takes; what hub and node take of the machine when idle and under usual load.
//
//   build/release/bin/hub_bench [--dir FOLDER] [--rounds 5] [--seconds 10] [--senders] [--footprint] [--jpeg-kb 64]
//     [--keep]
//
// The sides take turns, so that whatever else the machine does meets them alike; medians of the rounds are compared.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <thread>

#include "bench/ceiling.hpp"
#include "bench/process.hpp"
#include "bench/senders.hpp"
#include "common/text.hpp"

namespace {

namespace fs = std::filesystem;
using bench::HubProcess;
using bench::Load;
using bench::LoadResult;
using common::cat;

struct Arguments {
  fs::path dir = ".";
  int rounds = 5;
  double seconds = 10;
  int jpeg_kb = 64;
  bool ratio = false;
  bool senders = false;
  bool footprint = false;
  bool keep = false;
};

template <typename Value>
double median(std::vector<LoadResult> rounds, Value value) {
  std::vector<double> values;
  for (const LoadResult& round : rounds) values.push_back(value(round));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

/// One side of the comparison: what it is called, how it is run, what its rounds gave.
struct Side {
  std::string name;
  std::function<LoadResult()> run;
  std::vector<LoadResult> rounds;

  double rate() const {
    return median(rounds, [](const LoadResult& result) { return result.per_second; });
  }
};

void take_turns(std::vector<Side>& sides, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    for (Side& side : sides) side.rounds.push_back(side.run());
  }
}

void print(const std::vector<Side>& sides) {
  const double base = sides.front().rate();
  for (const Side& side : sides) {
    std::printf("  %-34s %7.0f images/s  x %.2f", side.name.c_str(), side.rate(), side.rate() / base);
    const double p99 = median(side.rounds, [](const LoadResult& result) { return result.p99_ms; });
    if (p99 > 0) {
      std::printf("   acknowledged after p50 %.1f ms, p99 %.1f ms",
                  median(side.rounds, [](const LoadResult& result) { return result.p50_ms; }), p99);
    }
    std::printf("   [");
    for (const LoadResult& round : side.rounds) std::printf(" %.0f", round.per_second);
    std::printf(" ]\n");
  }
  std::fflush(stdout);
}

/// A fresh hub for each round, so that every round begins with an empty folder.
std::function<LoadResult()> with_hub(const Arguments& arguments, const common::Payload& jpeg,
                                     std::vector<std::string> settings, Load load) {
  load.seconds = arguments.seconds;
  return [&arguments, &jpeg, settings = std::move(settings), load] {
    const HubProcess hub(arguments.dir, settings);
    return bench::run_load(hub.address(), load, jpeg);
  };
}

void compare_with_disk(const Arguments& arguments, const common::Payload& jpeg) {
  std::vector<Side> sides;
  const auto ceiling = [&] {
    LoadResult result;
    result.per_second = bench::files_per_second(arguments.dir, 4, arguments.seconds, jpeg.view());
    return result;
  };
  sides.push_back({"files of 4 threads (the ceiling)", ceiling, {}});
  const Load window{.senders = 8, .window = 10};
  const Load plain{.senders = 8, .window = 0};
  sides.push_back({"8 senders, window 10", with_hub(arguments, jpeg, {}, window), {}});
  sides.push_back({"8 senders, window 10, 2 writers", with_hub(arguments, jpeg, {"writers: 2"}, window), {}});
  sides.push_back({"8 REQ senders", with_hub(arguments, jpeg, {}, plain), {}});
  std::printf("Hub, images of %d KB acknowledged durably, %d rounds of %g s in turn:\n", arguments.jpeg_kb,
              arguments.rounds, arguments.seconds);
  take_turns(sides, arguments.rounds);
  print(sides);
}

void compare_senders(const Arguments& arguments, const common::Payload& jpeg) {
  std::vector<Side> sides;
  for (const int senders : {1, 10, 100, 300}) {
    const Load load{.senders = senders, .window = 10};
    sides.push_back({cat(senders, " senders, window 10"), with_hub(arguments, jpeg, {}, load), {}});
  }
  std::printf("Hub, number of senders, images of %d KB:\n", arguments.jpeg_kb);
  take_turns(sides, arguments.rounds);
  print(sides);
}

/// CPU time in % of a core over some seconds.
double busy_percent(const bench::Process& process, double seconds) {
  std::this_thread::sleep_for(std::chrono::seconds(2));  // what the start left to do
  const double before = process.cpu_seconds();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  return 100 * (process.cpu_seconds() - before) / seconds;
}

/// A node with these cameras, that reports to the hub.
class NodeProcess {
 public:
  NodeProcess(const fs::path& parent, const std::string& hub, const std::string& cameras)
      : folder_(parent),
        process_("imagenode", {"--config", prepare(hub, cameras).string()}, folder_.path() / "imagenode.out") {}
  const bench::Process& process() const { return process_; }

 private:
  fs::path prepare(const std::string& hub, const std::string& cameras) const {
    fs::path file = folder_.path() / "imagenode.yaml";
    std::ofstream(file) << "node:\n  name: " << folder_.path().filename().string() << "\nhub_address:\n  H1: " << hub
                        << '\n'
                        << cameras;
    return file;
  }
  bench::ScratchFolder folder_;
  bench::Process process_;
};

constexpr const char* kCamera =
    "cameras:\n  T1:\n    viewname: scene\n    src: test\n    resolution: (640, 480)\n    framerate: 15\n"
    "    detectors:\n      motion: {send_frames: continuous, send_fps: 5}\n";

void report(const char* what, double percent, const bench::Process& process) {
  std::printf("  %-35s %6.2f %% of a core, %5.1f MB resident\n", what, percent, process.resident_mb());
  std::fflush(stdout);
}

void measure_footprint(const Arguments& arguments, const common::Payload& jpeg) {
  const double seconds = arguments.seconds;
  std::printf("Footprint, over %g s each:\n", seconds);
  {
    const HubProcess hub(arguments.dir, {});
    const double hub_percent = busy_percent(hub.process(), seconds);
    report("idle hub", hub_percent, hub.process());
    const NodeProcess node(arguments.dir, hub.address(), "");
    const double link_percent = busy_percent(node.process(), seconds);
    report("idle link (a node without cameras)", link_percent, node.process());
  }
  {
    const HubProcess hub(arguments.dir, {});
    const double before = hub.process().cpu_seconds();
    bench::run_load(hub.address(), {.senders = 12, .window = 10, .per_second = 5, .seconds = seconds}, jpeg);
    report("hub, 12 nodes with 5 images/s", 100 * (hub.process().cpu_seconds() - before) / seconds, hub.process());
  }
  {
    const HubProcess hub(arguments.dir, {});
    const NodeProcess node(arguments.dir, hub.address(), kCamera);
    const double percent = busy_percent(node.process(), seconds);
    report("node, one 640x480 test camera", percent, node.process());
  }
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Measures imagehub (and the memory of imagenode) on the disk of a folder."};
  app.add_option("--dir", arguments.dir, "folder on the disk to measure (default: the current one)");
  app.add_option("--rounds", arguments.rounds, "rounds; medians are compared")->check(CLI::PositiveNumber);
  app.add_option("--seconds", arguments.seconds, "seconds per side and round")->check(CLI::PositiveNumber);
  app.add_option("--jpeg-kb", arguments.jpeg_kb, "size of an image")->check(CLI::Range(1, 60'000));
  app.add_flag("--ratio", arguments.ratio, "only the comparison with the disk");
  app.add_flag("--senders", arguments.senders, "only the comparison of 1, 10, 100 and 300 senders");
  app.add_flag("--footprint", arguments.footprint, "only CPU and memory");
  app.add_flag("--keep", arguments.keep, "leave the files: deleting many slows ext4 down for minutes");
  CLI11_PARSE(app, argc, argv);
  const bool all = !arguments.ratio && !arguments.senders && !arguments.footprint;
  try {
    using AtEnd = bench::ScratchFolder::AtEnd;
    const bench::ScratchFolder scratch(arguments.dir, arguments.keep ? AtEnd::keep : AtEnd::remove);
    arguments.dir = scratch.path();
    const common::Payload jpeg = bench::make_jpeg(static_cast<std::size_t>(arguments.jpeg_kb) * 1024);
    if (all || arguments.footprint) measure_footprint(arguments, jpeg);
    if (all || arguments.ratio) compare_with_disk(arguments, jpeg);
    if (all || arguments.senders) compare_senders(arguments, jpeg);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hub_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
