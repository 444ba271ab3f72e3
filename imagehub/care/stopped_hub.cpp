#include "imagehub/care/stopped_hub.hpp"

#include <stdexcept>

#include "common/text.hpp"
#include "imagehub/filing/retention.hpp"

namespace imagehub {
namespace {

common::UniqueFd taken(common::FileSystem& files, const DataDirectory& data) {
  if (!common::is_folder(files, data.folder)) {
    throw std::runtime_error(
        common::cat("there is no data directory ", data.folder.string(), "; look at data_directory in the settings"));
  }
  return common::lock_file(data.lock(), common::cat("data directory ", data.folder.string()));
}

}  // namespace

StoppedHub::StoppedHub(common::FileSystem& files, const DataDirectory& data, const common::Clock& clock)
    : lock_(taken(files, data)),
      index(files, data.index(), Durability::synced),
      store(files, data.images(), true),
      log(files, data.logs()),
      reserve(files, data.reserve(), 0),
      nodes(clock, 0, index.nodes()),
      committer({}, index, store, log, reserve, nodes, clock),
      recovered(committer.recover()) {
  // What was being deleted has no rows any more: it must not be adopted.
  finish_deletions(index, store);
}

}  // namespace imagehub
