#include "imagehub/care/stopped_hub.hpp"

#include <stdexcept>
#include <utility>

#include "common/text.hpp"
#include "imagehub/filing/retention.hpp"

namespace imagehub {

common::UniqueFd StoppedHub::take(common::FileSystem& files, const DataDirectory& data) {
  if (!common::is_folder(files, data.folder)) {
    throw std::runtime_error(
        common::cat("there is no data directory ", data.folder.string(), "; look at data_directory in the settings"));
  }
  return common::lock_file(data.lock(), common::cat("data directory ", data.folder.string()));
}

StoppedHub::StoppedHub(common::UniqueFd lock, common::FileSystem& files, const DataDirectory& data,
                       const common::Clock& clock, bool files_are_lost)
    : lock_(std::move(lock)),
      index(files, data.index(), Durability::synced),
      store(files, data.images(), true),
      log(files, data.logs()),
      reserve(files, data.reserve(), 0),
      nodes(clock, 0, index.nodes()),
      batch_store(files, data.data(), true),
      batches({}, index, batch_store, reserve, clock),
      committer({}, index, store, log, reserve, nodes, batches, clock),
      recovered(committer.recover(files_are_lost)) {
  // What was being deleted has no rows any more: it must not be adopted.
  finish_deletions(index, store, files_are_lost);
}

}  // namespace imagehub
