// What the spool costs and how fast a backlog is caught up: the real Outbox, Spooler, HubLink and hub on this computer.
//
//   build/release/bin/spool_bench [--dir FOLDER] [--images 36000] [--jpeg-kb 25] [--rounds 3] [--seconds 3]
//
// First the plain link, with and without a spool (`when: outage`, healthy hub), in turn. Then an outage: the images are
// put while no hub is there, and a hub is started; the time until the spool is empty gives the rate of catching up.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "bench/process.hpp"
#include "bench/senders.hpp"
#include "common/disk.hpp"
#include "common/text.hpp"
#include "imagenode/link/hub_link.hpp"
#include "imagenode/link/outbox.hpp"
#include "imagenode/link/spooler.hpp"
#include "imagenode/link/stamper.hpp"

namespace {

using common::cat;
using imagenode::Spooling;

struct Arguments {
  std::filesystem::path dir = ".";
  int images = 36'000;
  int jpeg_kb = 25;
  int rounds = 3;
  double seconds = 3;
};

void pause_ms(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

/// The sending half of a node.
class Node {
 public:
  Node(const std::filesystem::path& folder, Spooling spooling, double patience_s)
      : outbox_({64 * 1024 * 1024, spooling, common::to_ns(patience_s), imagenode::CatchUp::oldest_first}),
        stamper_(static_cast<std::uint64_t>(clock_.utc_ns()), clock_, {&outbox_}) {
    if (spooling != Spooling::never) {
      spooler_ = std::make_unique<imagenode::Spooler>(
          imagenode::SpoolerSettings{folder / cat(stamper_.boot(), ".sqlite3"), 100'000}, stamper_.boot(), outbox_,
          disk_, clock_, [](const std::string& what) { std::fprintf(stderr, "spool: %s\n", what.c_str()); });
    }
    outbox_.hub_answers(false, clock_.monotonic_ns());
    if (spooler_) spooler_->start(liveness_);
  }

  void connect(const std::string& hub) {
    imagenode::LinkSettings settings;
    settings.addresses = {hub};
    link_ = std::make_unique<imagenode::HubLink>(settings, imagenode::Sender{"Bench", stamper_.boot(), {}}, outbox_,
                                                 clock_);
    outbox_.on_put([this] { link_->wake(); });
    link_->start(liveness_);
  }

  void put(const common::Payload& jpeg) {
    common::Message message;
    message.node = "Bench";
    message.view = "cam";
    message.text = "Bench cam|jpg";
    message.payload = jpeg;
    stamper_.put(std::move(message));
  }

  /// Images per second that arrive while there is always something to send.
  double rate(double seconds, const common::Payload& jpeg) {
    const std::int64_t start_ns = clock_.monotonic_ns();
    const std::uint64_t before = delivered();
    while (clock_.monotonic_ns() < start_ns + common::to_ns(seconds)) {
      while (outbox_.counts().queued_messages < 200) put(jpeg);
      pause_ms(1);
    }
    return per_second(delivered() - before, start_ns);
  }

  void fill(int images, const common::Payload& jpeg) {
    for (int i = 0; i < images; ++i) {
      // As fast as the disk takes them, so that nothing is dropped.
      while (outbox_.counts().queued_bytes > 32 * 1024 * 1024) pause_ms(2);
      put(jpeg);
    }
    while (spooler_->status().messages < static_cast<std::uint64_t>(images)) pause_ms(5);
  }

  /// Images per second from the first to the last of the spool.
  double catch_up(int images) {
    while (delivered() == 0) pause_ms(1);
    const std::int64_t start_ns = clock_.monotonic_ns();
    const std::uint64_t before = delivered();
    while (delivered() < static_cast<std::uint64_t>(images)) pause_ms(2);
    return per_second(delivered() - before, start_ns);
  }

  double per_second(std::uint64_t count, std::int64_t since_ns) const {
    return static_cast<double>(count) * 1e9 / static_cast<double>(clock_.monotonic_ns() - since_ns);
  }

 private:
  std::uint64_t delivered() const { return outbox_.counts().delivered[index_of(common::DeliveryClass::image)]; }

  common::SystemClock clock_;
  common::Disk disk_;
  common::Liveness liveness_;
  imagenode::Outbox outbox_;
  imagenode::Stamper stamper_;
  std::unique_ptr<imagenode::Spooler> spooler_;
  std::unique_ptr<imagenode::HubLink> link_;
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void measure(const Arguments& arguments) {
  const bench::ScratchFolder folder(arguments.dir, bench::ScratchFolder::AtEnd::remove);
  const common::Payload jpeg = bench::make_jpeg(static_cast<std::size_t>(arguments.jpeg_kb) * 1024);
  std::vector<double> plain;
  std::vector<double> with_spool;
  std::vector<double> caught_up;
  for (int round = 0; round < arguments.rounds; ++round) {
    for (const Spooling spooling : {Spooling::never, Spooling::outage}) {
      const bench::HubProcess hub(folder.path(), {});
      Node node(folder.path(), spooling, 10);
      node.connect(hub.address());
      (spooling == Spooling::never ? plain : with_spool).push_back(node.rate(arguments.seconds, jpeg));
    }
    Node node(folder.path(), Spooling::outage, 0);
    node.fill(arguments.images, jpeg);
    const bench::HubProcess hub(folder.path(), {});
    node.connect(hub.address());
    caught_up.push_back(node.catch_up(arguments.images));
  }
  std::printf("Spool, %d images of %d KB, %d rounds:\n", arguments.images, arguments.jpeg_kb, arguments.rounds);
  std::printf("  plain link              %8.0f images/s\n", median(plain));
  std::printf("  with a spool, hub there %8.0f images/s  x %.2f\n", median(with_spool),
              median(with_spool) / median(plain));
  std::printf("  catching up             %8.0f images/s  x %.2f\n", median(caught_up),
              median(caught_up) / median(plain));
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Measures what the spool costs and how fast it is caught up."};
  app.add_option("--dir", arguments.dir, "folder for the data of hub and spool (default: the current one)");
  app.add_option("--images", arguments.images, "images of the outage")->check(CLI::PositiveNumber);
  app.add_option("--jpeg-kb", arguments.jpeg_kb, "size of an image")->check(CLI::Range(1, 60'000));
  app.add_option("--rounds", arguments.rounds, "rounds; medians are compared")->check(CLI::PositiveNumber);
  app.add_option("--seconds", arguments.seconds, "seconds per round on the plain link")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    measure(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "spool_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
