// The link from node to hub over a network with delay: images per second that arrive with a window of 10 messages,
// against one at a time. The network is tests/net/forwarder between two namespaces made for the purpose; needs root.
//
//   build/release/bin/link_bench [--round-trip-ms 40] [--loss 0] [--rounds 5] [--seconds 5] [--jpeg-kb 64]
//
// The sides take turns; medians of the rounds are compared.

#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "bench/process.hpp"
#include "bench/senders.hpp"
#include "common/text.hpp"
#include "imagenode/link/hub_link.hpp"
#include "imagenode/link/outbox.hpp"
#include "imagenode/link/stamper.hpp"

namespace {

using common::cat;

struct Arguments {
  std::filesystem::path dir = ".";
  double round_trip_ms = 40;
  double loss = 0;
  int rounds = 5;
  double seconds = 5;
  int jpeg_kb = 64;
};

void must(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed (root is needed): " + command);
}

/// A network namespace for the life of this object.
class NetNamespace {
 public:
  explicit NetNamespace(std::string name) : name_(std::move(name)) { must("ip netns add " + name_); }
  ~NetNamespace() { (void)!std::system(cat("ip netns del ", name_).c_str()); }
  NetNamespace(const NetNamespace&) = delete;
  NetNamespace& operator=(const NetNamespace&) = delete;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

/// The path between the two, up when this is made.
class NetPath {
 public:
  NetPath(const Arguments& arguments, const std::string& a, const std::string& b, const std::filesystem::path& folder)
      : log_(folder / "forwarder.out"),
        process_(
            "forwarder",
            {"--ns-a", a, "--ns-b", b, "--delay-ms", cat(arguments.round_trip_ms / 2), "--loss", cat(arguments.loss)},
            log_) {
    for (std::string line; line != "ready"; std::getline(std::ifstream(log_), line)) {
      if (!process_.running()) throw std::runtime_error("the forwarder did not start: " + line);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

 private:
  std::filesystem::path log_;
  bench::Process process_;
};

/// Images per second that a real Outbox and HubLink deliver with this window.
double images_per_second(const std::string& hub, int window, double seconds, const common::Payload& jpeg) {
  const common::SystemClock clock;
  common::Liveness liveness;
  imagenode::Outbox outbox({256'000'000});
  imagenode::Stamper stamper(static_cast<std::uint64_t>(clock.utc_ns()), clock, {&outbox});
  imagenode::LinkSettings settings;
  settings.addresses = {hub};
  settings.window = window;
  imagenode::HubLink link(settings, {"Bench", stamper.boot(), {}}, outbox, clock);
  outbox.on_put([&] { link.wake(); });
  link.start(liveness);
  const auto image = static_cast<std::size_t>(common::DeliveryClass::image);
  const auto work_until = [&](std::int64_t end_ns) {
    while (clock.monotonic_ns() < end_ns) {
      while (outbox.counts().queued_messages < 50) {
        common::Message message;
        message.node = "Bench";
        message.view = "cam";
        message.text = "Bench cam|jpg";
        message.payload = jpeg;
        stamper.put(std::move(message));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return outbox.counts().delivered[image];
  };
  // TCP needs a few round trips to find its speed.
  const std::uint64_t before = work_until(clock.monotonic_ns() + 2 * common::kSecond);
  const std::int64_t start_ns = clock.monotonic_ns();
  const std::uint64_t after = work_until(start_ns + static_cast<std::int64_t>(seconds * 1e9));
  return static_cast<double>(after - before) * 1e9 / static_cast<double>(clock.monotonic_ns() - start_ns);
}

struct Side {
  int window;
  std::vector<double> rates;
  double median() {
    std::nth_element(rates.begin(), rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2), rates.end());
    return rates[rates.size() / 2];
  }
};

void measure(const Arguments& arguments) {
  const bench::ScratchFolder folder(arguments.dir, bench::ScratchFolder::AtEnd::remove);
  const NetNamespace a(cat("bench-a", ::getpid()));
  const NetNamespace b(cat("bench-b", ::getpid()));
  const NetPath path(arguments, a.name(), b.name(), folder.path());
  const bench::HubProcess hub(folder.path(), {}, "tcp://10.73.0.2:5555", b.name());
  bench::enter_net_namespace(a.name());
  const common::Payload jpeg = bench::make_jpeg(static_cast<std::size_t>(arguments.jpeg_kb) * 1024);
  std::vector<Side> sides{{1, {}}, {10, {}}};
  for (int round = 0; round < arguments.rounds; ++round) {
    for (Side& side : sides) {
      side.rates.push_back(images_per_second(hub.address(), side.window, arguments.seconds, jpeg));
    }
  }
  std::printf("Link, %g ms round trip, loss %g, images of %d KB, %d rounds of %g s in turn:\n", arguments.round_trip_ms,
              arguments.loss, arguments.jpeg_kb, arguments.rounds, arguments.seconds);
  const double base = sides.front().median();
  for (Side& side : sides) {
    std::printf("  window %-3d %7.1f images/s  x %.2f\n", side.window, side.median(), side.median() / base);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Measures the link between node and hub over a network with delay; needs root."};
  app.add_option("--dir", arguments.dir, "folder for the hub's data (default: the current one)");
  app.add_option("--round-trip-ms", arguments.round_trip_ms, "delay there and back")->check(CLI::NonNegativeNumber);
  app.add_option("--loss", arguments.loss, "part of the packets that are lost")->check(CLI::Range(0.0, 1.0));
  app.add_option("--rounds", arguments.rounds, "rounds; medians are compared")->check(CLI::PositiveNumber);
  app.add_option("--seconds", arguments.seconds, "seconds per side and round")->check(CLI::PositiveNumber);
  app.add_option("--jpeg-kb", arguments.jpeg_kb, "size of an image")->check(CLI::Range(1, 60'000));
  CLI11_PARSE(app, argc, argv);
  try {
    measure(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "link_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
