#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>

#include "common/clock.hpp"
#include "common/file_system.hpp"

namespace imagehub {

class CommandDesk;
class Counters;
class Filing;
class Batches;
class Forecast;
class Intake;
class Live;
class Nodes;
class Reserve;
class Retention;
class Upkeep;

/// Messages in the last full interval of ten seconds. sample() belongs to one thread; the rest is thread-safe.
class Rate {
 public:
  void sample(std::int64_t now_ns, std::uint64_t total);
  double per_second() const { return per_second_; }

 private:
  std::int64_t start_ns_ = 0;
  std::uint64_t start_total_ = 0;
  std::atomic<double> per_second_{0};
};

/// Of what a running hub's status is put together; from all of it only what is thread-safe is asked.
struct HubView {
  const std::filesystem::path& data_directory;
  const std::string& hub_id;
  common::FileSystem& files;
  const common::Clock& clock;
  std::int64_t started_ns;  ///< monotonic
  const Rate& rate;
  const Intake& intake;
  const Filing& filing;
  const Counters& counters;
  const Reserve& reserve;
  const Retention& retention;
  const Forecast& forecast;
  const Upkeep& upkeep;
  const Batches& batches;
  const Live& live;
  const Nodes& nodes;
  const CommandDesk& desk;
};

/// The answer to `imagehub status` (JSON), of which format_status() makes a table. Thread-safe.
std::string hub_status(const HubView& hub);

}  // namespace imagehub
