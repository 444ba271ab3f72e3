#pragma once

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "common/files.hpp"
#include "imagehub/care/data_directory.hpp"
#include "imagehub/filing/committer.hpp"
#include "imagehub/index/index.hpp"
#include "imagehub/live/nodes.hpp"
#include "imagehub/store/event_log.hpp"
#include "imagehub/store/image_store.hpp"
#include "imagehub/store/reserve.hpp"

namespace imagehub {

/// A data directory whose hub does not run, taken for repairs: holds its lock, and has finished what a crash left, as
/// the start of the hub does. Bound to the thread that makes it.
class StoppedHub {
 public:
  /// The lock of the directory. Throws common::LockedError, with the process that has it, or std::exception.
  static common::UniqueFd take(common::FileSystem& files, const DataDirectory& data);

  /// `files_are_lost`: pictures that are not there are given up, even when their folder seems not to be mounted.
  /// Throws std::exception.
  StoppedHub(common::UniqueFd lock, common::FileSystem& files, const DataDirectory& data, const common::Clock& clock,
             bool files_are_lost = false);

 private:
  common::UniqueFd lock_;

 public:
  Index index;
  ImageStore store;
  EventLog log;
  Reserve reserve;  ///< none: what the hub kept is for the repair
  Nodes nodes;
  common::BatchStore batch_store;
  Batches batches;
  Committer committer;
  const Committer::Recovered recovered;
};

}  // namespace imagehub
