#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "imagehub/care/salvage_source.hpp"
#include "imagehub/index/clock_spans.hpp"

/// To be included by .cpp files only.
namespace imagehub {

/// The marks of rows that were received while the clock was not set (ClockSpan), for an index that is put together from
/// several sources. Each source knows of its own rows only which of them it had not corrected yet. Bound to one thread.
class SalvageSpans {
 public:
  explicit SalvageSpans(SQLite::Database& target) : db_(target) {}

  /// The marks of a source; before its rows are taken. Those of the damaged index, which is not `older`, are kept as
  /// they are. When not all of them can be read, the source has none.
  void read(SalvageSource& source, bool older);
  /// A row was taken from that source, in the order of ids. Does nothing for rows of the damaged index.
  void took(const std::string& table, std::int64_t row);
  /// Writes the marks of the rows that were taken.
  void write();

 private:
  using Spans = std::map<std::pair<std::string, std::int64_t>, ClockSpan>;  ///< by table and last row

  static const ClockSpan* of(const Spans& spans, const std::string& table, std::int64_t row);

  SQLite::Database& db_;
  Spans of_damaged_;
  Spans of_older_;
  std::vector<ClockSpan> taken_;
};

}  // namespace imagehub
