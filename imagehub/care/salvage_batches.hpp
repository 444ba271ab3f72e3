#pragma once

#include <cstdint>

#include "imagehub/care/salvage_spans.hpp"

/// To be included by .cpp files only.
namespace imagehub {

/// Batches of rows, for an index that is put together from several sources: those that have their place, each with all
/// its files, or not at all, for its manifest tells what the index has lost, but for when its rows came. One that still
/// grew is never taken: a damaged index may have forgotten the last of its rows, which would be cut off. Bound to one
/// thread.
class SalvageBatches {
 public:
  SalvageBatches(SQLite::Database& target, SalvageSpans& spans) : db_(target), spans_(spans) {}

  /// Takes what is not there yet. What is lost or being deleted only the damaged index itself knows, which is not
  /// `older`.
  TableYield take(SalvageSource& source, bool older);

 private:
  bool take_files(SalvageSource& source, std::int64_t batch);

  SQLite::Database& db_;
  SalvageSpans& spans_;
};

}  // namespace imagehub
