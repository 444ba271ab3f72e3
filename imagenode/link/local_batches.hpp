#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/batch_store.hpp"
#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/message.hpp"
#include "imagenode/link/identity.hpp"

namespace imagenode {

/// Rows in the place of a hub: puts them into batches below a folder, with the names, files and manifests of a hub
/// (docs/guide/data.md). Rows that come again because of a crash are known by their IDs. Bound to one thread.
class LocalBatches {
 public:
  /// `boot` is this start of the node.
  LocalBatches(const std::filesystem::path& data, std::uint64_t boot, common::FileSystem& files,
               const common::Clock& clock);

  struct Refused {
    Identity identity;
    std::string reason;
  };
  /// On return the rows of these messages are on the disk, but for those of messages that hold no rows. Throws
  /// std::exception when the disk does not take them; they may all be given again then. The first call, be it without
  /// messages, closes what an earlier process left.
  std::vector<Refused> write(const std::vector<common::MessagePtr>& chunks);

  /// Closes batches to which nothing came for ten minutes, and what could not be closed before. Returns when there is
  /// more to do, by the monotonic clock; INT64_MAX: nothing is open.
  std::int64_t close_idle();
  /// At the end; what cannot be closed is closed at the next start.
  void close_all();

 private:
  /// Source, boot, and whether it comes from the spool: rows of one key come in order.
  using Key = std::tuple<std::string, std::uint64_t, bool>;
  struct Open {
    common::Batch batch;
    std::string incoming;  ///< its folder
    std::int64_t last_ns = 0;
  };
  using OpenBatches = std::map<Key, Open>;

  void recover();
  void append(const common::Message& message, const common::RowChunk& chunk);
  Open& batch_for(const common::Message& message, const common::RowChunk& chunk, std::int64_t time_ns);
  void discard_unwanted();
  void close_waiting();
  void close(Open& open);
  /// IDs of the rows that an earlier process wrote, of the boot and source and about the time of this chunk.
  std::set<std::uint64_t> earlier_ids(const common::Message& message, const common::RowChunk& chunk) const;
  void add_ids(const std::filesystem::path& folder, const common::Batch& like, std::set<std::uint64_t>& ids) const;

  const std::filesystem::path data_;
  const std::uint64_t boot_;
  common::FileSystem& files_;
  const common::Clock& clock_;
  const common::BatchLimits limits_;
  common::BatchStore store_;
  common::RateGate gate_{60 * common::kSecond};
  bool recovered_ = false;
  OpenBatches open_;
  std::vector<Open> ended_;         ///< by the group under way
  std::vector<std::string> begun_;  ///< folders made for it
  std::vector<std::string> unwanted_;
  std::vector<Open> closing_;                                               ///< all their rows are on the disk
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> numbers_;  ///< of batches, by source and boot
};

}  // namespace imagenode
