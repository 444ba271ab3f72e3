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
  /// Throws common::LockedError, with the process that has the directory, or std::exception.
  StoppedHub(common::FileSystem& files, const DataDirectory& data, const common::Clock& clock);

 private:
  common::UniqueFd lock_;

 public:
  Index index;
  ImageStore store;
  EventLog log;
  Reserve reserve;  ///< none: what the hub kept is for the repair
  Nodes nodes;
  Committer committer;
  const Committer::Recovered recovered;
};

}  // namespace imagehub
