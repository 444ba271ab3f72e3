#include "bench/senders.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <random>
#include <stdexcept>
#include <thread>
#include <zmq.hpp>

#include "common/clock.hpp"
#include "common/crc32c.hpp"
#include "common/reply.hpp"
#include "common/text.hpp"
#include "common/wire.hpp"

namespace bench {
namespace {

using common::cat;

/// What all senders of a load share.
struct Run {
  zmq::context_t& context;
  const std::string& address;
  const Load& load;
  const common::Payload& jpeg;
  std::uint32_t crc;
  common::SystemClock clock;
  std::int64_t start_ns;
  std::int64_t end_ns;
  std::atomic<bool> failed{false};
};

zmq::message_t frame_of(const common::Payload& payload) {
  auto* bytes = const_cast<std::uint8_t*>(payload.view().data());
  return {bytes, payload.size(), [](void*, void*) {}, nullptr};  // outlives the load
}

/// One sender: a node's DEALER with a window, or an imagezmq REQ.
class Sender {
 public:
  Sender(Run& run, int number)
      : run_(run), socket_(run.context, run.load.window > 0 ? zmq::socket_type::dealer : zmq::socket_type::req) {
    message_.node = cat("Bench", number);
    message_.view = "cam";
    message_.text = cat(message_.node, " cam|jpg");
    if (run.load.window > 0) {
      std::random_device device;
      message_.boot = static_cast<std::uint64_t>(device()) << 32 | device();
      message_.seq = 0;
      message_.crc = run.crc;
    }
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvtimeo, 60'000);
    socket_.connect(run.address);
  }

  void work() {
    const auto window = static_cast<std::size_t>(std::max(run_.load.window, 1));
    std::int64_t next_ns = run_.start_ns;
    for (std::int64_t now = run_.clock.monotonic_ns(); now < run_.end_ns; now = run_.clock.monotonic_ns()) {
      if (now < next_ns) {
        std::this_thread::sleep_for(std::chrono::nanoseconds(next_ns - now));
        continue;
      }
      if (run_.load.per_second > 0) next_ns += static_cast<std::int64_t>(1e9 / run_.load.per_second);
      send(now);
      while (sent_ns_.size() >= window) receive();
    }
    while (!sent_ns_.empty()) receive();
  }

  const std::vector<double>& latencies_ms() const { return latencies_ms_; }

 private:
  void send(std::int64_t now_ns) {
    message_.time_ns = run_.clock.utc_ns();
    if (message_.boot) ++*message_.seq;
    if (run_.load.window > 0) socket_.send(zmq::message_t(), zmq::send_flags::sndmore);
    const std::string metadata =
        message_.boot ? common::encode_metadata(message_, 0) : cat("{\"msg\": \"", message_.text, "\"}");
    socket_.send(zmq::buffer(metadata), zmq::send_flags::sndmore);
    socket_.send(frame_of(run_.jpeg), zmq::send_flags::none);
    sent_ns_.push_back(now_ns);
  }

  /// Within one lane answers come in the order of sending.
  void receive() {
    zmq::message_t frame;
    do {
      if (!socket_.recv(frame)) throw std::runtime_error("the hub does not answer");
    } while (frame.more());
    const auto reply = common::parse_reply(frame.to_string_view());
    if (reply.kind == common::Reply::Kind::wait) return;
    const bool ok = reply.kind == common::Reply::Kind::ok || reply.kind == common::Reply::Kind::foreign;
    if (!ok) throw std::runtime_error("the hub answers " + frame.to_string());
    const std::int64_t now = run_.clock.monotonic_ns();
    if (now <= run_.end_ns) latencies_ms_.push_back(static_cast<double>(now - sent_ns_.front()) / 1e6);
    sent_ns_.pop_front();
  }

  Run& run_;
  zmq::socket_t socket_;
  common::Message message_;
  std::deque<std::int64_t> sent_ns_;
  std::vector<double> latencies_ms_;
};

double percentile(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace

common::Payload make_jpeg(std::size_t bytes) {
  common::Bytes jpeg(bytes);
  std::minstd_rand random(1);
  for (auto& byte : jpeg) byte = static_cast<std::uint8_t>(random() >> 8);
  jpeg[0] = jpeg[bytes - 2] = 0xFF;
  jpeg[1] = 0xD8;
  jpeg[bytes - 1] = 0xD9;
  return common::Payload(std::move(jpeg));
}

LoadResult run_load(const std::string& address, const Load& load, const common::Payload& jpeg) {
  zmq::context_t context(1);
  context.set(zmq::ctxopt::max_sockets, load.senders + 10);
  const common::SystemClock clock;
  const std::int64_t start_ns = clock.monotonic_ns();
  Run run{context,
          address,
          load,
          jpeg,
          common::crc32c(jpeg.view()),
          {},
          start_ns,
          start_ns + static_cast<std::int64_t>(load.seconds * 1e9)};
  std::vector<std::unique_ptr<Sender>> senders;
  for (int i = 0; i < load.senders; ++i) senders.push_back(std::make_unique<Sender>(run, i));
  {
    std::vector<std::jthread> threads;
    for (auto& sender : senders) {
      threads.emplace_back([&run, &sender = *sender] {
        try {
          sender.work();
        } catch (const std::exception& error) {
          if (!run.failed.exchange(true)) std::fprintf(stderr, "%s\n", error.what());
        }
      });
    }
  }
  if (run.failed) throw std::runtime_error("a sender failed");
  std::vector<double> latencies_ms;
  for (const auto& sender : senders) {
    latencies_ms.insert(latencies_ms.end(), sender->latencies_ms().begin(), sender->latencies_ms().end());
  }
  LoadResult result;
  result.per_second = static_cast<double>(latencies_ms.size()) / load.seconds;
  result.p50_ms = percentile(latencies_ms, 0.5);
  result.p99_ms = percentile(latencies_ms, 0.99);
  return result;
}

}  // namespace bench
