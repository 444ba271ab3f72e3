#include "bench/ceiling.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bench/process.hpp"
#include "common/files.hpp"
#include "common/text.hpp"

namespace bench {
namespace {

void write_one(const std::string& path, common::ByteView bytes) {
  const common::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd || ::write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
      ::fdatasync(fd.get()) != 0) {
    throw std::runtime_error("cannot write " + path);
  }
}

}  // namespace

double files_per_second(const std::filesystem::path& parent, int threads, double seconds, common::ByteView bytes) {
  const ScratchFolder folder(parent);
  const auto start = std::chrono::steady_clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  std::atomic<std::uint64_t> count{0};
  {
    std::vector<std::jthread> pool;
    for (int i = 0; i < threads; ++i) {
      pool.emplace_back([&, i] {
        for (int n = 0; std::chrono::steady_clock::now() < end; ++n) {
          write_one(common::cat(folder.path().string(), '/', i, '-', n), bytes);
          ++count;
        }
      });
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return static_cast<double>(count) / took.count();
}

}  // namespace bench
