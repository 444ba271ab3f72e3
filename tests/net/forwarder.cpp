// A network path with delay, loss, duplication and a limited rate, between two network namespaces of this machine:
// two TUN devices and this program in between. For kernels without netem; needs root.
//
//   ip netns add A; ip netns add B
//   forwarder --ns-a A --ns-b B --delay-ms 20 --loss 0.01 --duplicate 0.01 --rate-kbit 2000 --seed 1
//   ip netns exec A ping 10.73.0.2
//
// The delay is that of one direction. Namespace A gets 10.73.0.1, B 10.73.0.2, or what --net says in the place of
// 10.73.0. The program says "ready" on standard output, runs until SIGTERM or SIGINT, and then says what it did with
// the packets. The same seed loses the same packets.
//
// With --control the path is changed while it runs: a line such as "loss 0.1" or "delay-ms 40" on standard input, which
// is answered by "ok" or "unknown".

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <random>
#include <stdexcept>
#include <string>

#include "common/clock.hpp"
#include "common/files.hpp"
#include "common/payload.hpp"
#include "common/text.hpp"

namespace {

using common::cat;
using common::UniqueFd;

constexpr std::size_t kMaxPacket = 2048;
constexpr int kMtu = 1500;

struct PathSettings {
  std::string ns_a;
  std::string ns_b;
  double delay_ms = 0;    ///< of one direction
  double loss = 0;        ///< part of the packets
  double duplicate = 0;   ///< part of the packets
  double rate_kbit = 0;   ///< of one direction; 0: no limit
  double queue_ms = 200;  ///< what waits for the rate; more is lost, as in a router
  std::uint64_t seed = 1;
  std::string net = "10.73.0";
  bool control = false;
};

/// One direction: packets on their way, in the order in which they leave. Not thread-safe.
class Direction {
 public:
  Direction(const PathSettings& path, std::uint64_t seed) : path_(path), random_(seed) {}

  void enter(const std::uint8_t* packet, std::size_t size, std::int64_t now_ns) {
    // What the kernel says by itself on a new device (IPv6) must not use up random numbers.
    if (packet[0] >> 4 != 4) return;
    ++entered_;
    // Always two numbers per packet, so that one setting does not change what another one does.
    const double loss = uniform_(random_);
    const double duplicate = uniform_(random_);
    if (loss < path_.loss) {
      ++lost_;
      return;
    }
    queue(packet, size, now_ns);
    if (duplicate < path_.duplicate) {
      ++duplicated_;
      queue(packet, size, now_ns);
    }
  }

  /// When the next packet leaves; nothing when there is none.
  std::optional<std::int64_t> next_ns() const {
    if (packets_.empty()) return std::nullopt;
    return packets_.front().leave_ns;
  }

  void leave(int tun, std::int64_t now_ns) {
    for (; !packets_.empty() && packets_.front().leave_ns <= now_ns; packets_.pop_front()) {
      const common::Bytes& bytes = packets_.front().bytes;
      // A full device loses the packet, as a full card would.
      if (::write(tun, bytes.data(), bytes.size()) < 0) ++lost_;
    }
  }

  void report(const char* name) const {
    std::printf("%s: %llu packets, %llu lost, %llu duplicated\n", name, static_cast<unsigned long long>(entered_),
                static_cast<unsigned long long>(lost_), static_cast<unsigned long long>(duplicated_));
  }

 private:
  struct Packet {
    std::int64_t leave_ns;
    common::Bytes bytes;
  };

  void queue(const std::uint8_t* packet, std::size_t size, std::int64_t now_ns) {
    std::int64_t sent_ns = now_ns;
    if (path_.rate_kbit > 0) {
      const std::int64_t start_ns = std::max(now_ns, line_free_ns_);
      if (start_ns - now_ns > static_cast<std::int64_t>(path_.queue_ms * 1e6)) {
        ++lost_;
        return;
      }
      sent_ns = start_ns + static_cast<std::int64_t>(static_cast<double>(size) * 8e6 / path_.rate_kbit);
      line_free_ns_ = sent_ns;
    }
    packets_.push_back({sent_ns + static_cast<std::int64_t>(path_.delay_ms * 1e6), {packet, packet + size}});
  }

  const PathSettings& path_;
  std::mt19937_64 random_;
  std::uniform_real_distribution<double> uniform_{0, 1};
  std::deque<Packet> packets_;
  std::int64_t line_free_ns_ = 0;
  std::uint64_t entered_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t duplicated_ = 0;
};

UniqueFd open_tun(const std::string& name) {
  UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd) throw std::runtime_error("cannot open /dev/net/tun; this needs root and the tun module");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) throw std::runtime_error("cannot create device " + name);
  return fd;
}

void run(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  std::string line;
  for (const std::string& word : words) {
    argv.push_back(const_cast<char*>(word.c_str()));
    line += word + ' ';
  }
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) < 0 || status != 0) throw std::runtime_error("failed: " + line);
}

/// Creates the device, gives it to the namespace and sets it up there.
UniqueFd attach(const std::string& device, const std::string& ns, const std::string& own, const std::string& peer) {
  UniqueFd tun = open_tun(device);
  run({"ip", "link", "set", device, "netns", ns});
  run({"ip", "-n", ns, "addr", "add", own, "peer", peer, "dev", device});
  run({"ip", "-n", ns, "link", "set", "lo", "up"});
  run({"ip", "-n", ns, "link", "set", device, "mtu", std::to_string(kMtu), "up"});
  return tun;
}

void set_timer(int timer, std::int64_t at_ns) {
  itimerspec spec{};
  spec.it_value.tv_sec = static_cast<std::time_t>(at_ns / common::kSecond);
  spec.it_value.tv_nsec = static_cast<long>(at_ns % common::kSecond);
  ::timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, nullptr);
}

/// Lines on standard input that change the path. At the end of the input nothing more is read.
class Control {
 public:
  explicit Control(PathSettings& path) : path_(path) {}

  pollfd wait_for() const { return {path_.control && open_ ? STDIN_FILENO : -1, POLLIN, 0}; }

  void take() {
    std::array<char, 1024> bytes{};
    const ssize_t count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count <= 0) {
      open_ = false;
      return;
    }
    text_.append(bytes.data(), static_cast<std::size_t>(count));
    for (std::size_t end = 0; (end = text_.find('\n')) != std::string::npos; text_.erase(0, end + 1)) {
      std::puts(change(text_.substr(0, end)) ? "ok" : "unknown");
      std::fflush(stdout);
    }
  }

 private:
  bool change(const std::string& line) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) return false;
    const std::string key = line.substr(0, space);
    double* value = key == "delay-ms"    ? &path_.delay_ms
                    : key == "loss"      ? &path_.loss
                    : key == "duplicate" ? &path_.duplicate
                    : key == "rate-kbit" ? &path_.rate_kbit
                                         : nullptr;
    if (value == nullptr) return false;
    *value = std::strtod(line.c_str() + space, nullptr);
    return true;
  }

  PathSettings& path_;
  std::string text_;
  bool open_ = true;
};

UniqueFd stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  return UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC));
}

void forward(PathSettings& path, int tun_a, int tun_b, int stop) {
  const common::SystemClock clock;
  Control control(path);
  const UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  Direction a_to_b(path, path.seed);
  Direction b_to_a(path, path.seed + 1);
  std::array<std::uint8_t, kMaxPacket> packet{};
  const auto take = [&](int tun, Direction& direction) {
    for (ssize_t size = 0; (size = ::read(tun, packet.data(), packet.size())) > 0;) {
      direction.enter(packet.data(), static_cast<std::size_t>(size), clock.monotonic_ns());
    }
  };
  for (;;) {
    std::optional<std::int64_t> next = a_to_b.next_ns();
    if (const auto other = b_to_a.next_ns(); other && (!next || *other < *next)) next = other;
    set_timer(timer.get(), next.value_or(0));  // 0: no alarm
    std::array<pollfd, 5> waits{
        pollfd{tun_a, POLLIN, 0}, {tun_b, POLLIN, 0}, {timer.get(), POLLIN, 0}, {stop, POLLIN, 0}, control.wait_for()};
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) throw std::runtime_error("poll failed");
    if (waits[3].revents != 0) break;
    if (waits[4].revents != 0) control.take();
    if (waits[0].revents != 0) take(tun_a, a_to_b);
    if (waits[1].revents != 0) take(tun_b, b_to_a);
    const std::int64_t now = clock.monotonic_ns();
    a_to_b.leave(tun_b, now);
    b_to_a.leave(tun_a, now);
  }
  a_to_b.report("a to b");
  b_to_a.report("b to a");
}

}  // namespace

int main(int argc, char** argv) {
  PathSettings path;
  CLI::App app{"A slow or bad network path between two network namespaces."};
  app.add_option("--ns-a", path.ns_a, "network namespace of the one end (10.73.0.1)")->required();
  app.add_option("--ns-b", path.ns_b, "network namespace of the other end (10.73.0.2)")->required();
  app.add_option("--delay-ms", path.delay_ms, "delay of one direction")->check(CLI::NonNegativeNumber);
  app.add_option("--loss", path.loss, "part of the packets that are lost")->check(CLI::Range(0.0, 1.0));
  app.add_option("--duplicate", path.duplicate, "part of the packets that come twice")->check(CLI::Range(0.0, 1.0));
  app.add_option("--rate-kbit", path.rate_kbit, "rate of one direction, 0 is no limit")->check(CLI::NonNegativeNumber);
  app.add_option("--queue-ms", path.queue_ms, "longest wait for the rate")->check(CLI::NonNegativeNumber);
  app.add_option("--seed", path.seed, "which packets are lost");
  app.add_option("--net", path.net, "the first three numbers of the addresses");
  app.add_flag("--control", path.control, "take changes from standard input");
  CLI11_PARSE(app, argc, argv);
  try {
    const UniqueFd stop = stop_signals();
    const UniqueFd tun_a = attach(cat("fwa", ::getpid()), path.ns_a, path.net + ".1", path.net + ".2");
    const UniqueFd tun_b = attach(cat("fwb", ::getpid()), path.ns_b, path.net + ".2", path.net + ".1");
    std::puts("ready");
    std::fflush(stdout);
    forward(path, tun_a.get(), tun_b.get(), stop.get());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "forwarder: %s\n", error.what());
    return 1;
  }
  return 0;
}
