#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/message.hpp"

namespace imagehub {

/// Of each view of each node the newest event, and when the newest picture came. Bounded, whatever comes. Thread-safe.
class LiveViews {
 public:
  explicit LiveViews(const common::Clock& clock) : clock_(clock) {}

  /// An event or a picture.
  void add(const common::Message& message, common::Kind kind);

  struct View {
    std::string node;
    std::string view;
    std::string event;                    ///< newest; empty before the first one
    std::optional<double> event_age_s;    ///< since it came
    std::optional<double> picture_age_s;  ///< since the newest came
    bool demo = false;                    ///< the last of both is not stored
  };
  std::vector<View> all() const;

  static constexpr std::size_t kMaxViews = 1000;
  static constexpr std::size_t kMaxEventBytes = 500;

 private:
  struct Entry {
    std::string event;
    std::optional<std::int64_t> event_ns;  ///< monotonic
    std::optional<std::int64_t> picture_ns;
    std::int64_t last_ns = 0;
    bool demo = false;
  };

  const common::Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Entry> entries_;
};

}  // namespace imagehub
