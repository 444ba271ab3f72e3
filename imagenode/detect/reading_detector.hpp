#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace imagenode {

/// What a detector sees of a reading.
struct Sample {
  double value = 0;               ///< of its field, finite; 0 when it looks at no field
  std::int64_t monotonic_ns = 0;  ///< never before that of the sample before
};

/// A detector of readings has changed its mind.
struct StateChange {
  struct Number {
    std::string name;
    double value = 0;
    bool in_unit_of_field = false;
    std::string unit;  ///< all of it, or what stands behind that of the field: "/min"
  };

  std::string state;            ///< "above"
  std::optional<double> value;  ///< of its field, when that made the difference
  std::optional<Number> more;   ///< for the event
};

/// Judges one field of one source, reading by reading. It has no thread, no socket and no file, and knows no time but
/// that which it is told. Belongs to its ReadingWatch.
class ReadingDetector {
 public:
  ReadingDetector() = default;
  ReadingDetector(const ReadingDetector&) = delete;
  ReadingDetector& operator=(const ReadingDetector&) = delete;
  virtual ~ReadingDetector() = default;

  /// Begins in a state that was told before; one that it does not know changes nothing.
  virtual void begin_as(const std::string& /*state*/) {}

  /// Before the first reading: goes on with what one of the same kind has kept beside its state.
  virtual void succeed(const ReadingDetector& /*before*/) {}

  /// What this reading changes. A value counts until the next one comes.
  virtual std::optional<StateChange> judge(const Sample& sample) = 0;

  /// What the passing of time alone changes; called now and then, and before judge() with the time of its sample.
  virtual std::optional<StateChange> pass(std::int64_t /*now_ns*/) { return std::nullopt; }
};

}  // namespace imagenode
