#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "common/files.hpp"
#include "common/thread.hpp"
#include "imagenode/link/local_batches.hpp"
#include "imagenode/link/outbox.hpp"

namespace imagenode {

/// In the place of a hub: writes what lies in the Outbox below a folder, with the names and lines of a hub
/// (`images/<day>/<name>.jpg`, `logs/imagehub.log`, `data/<day>/<node>/<source>/`), on a thread of its own. A message
/// leaves the Outbox once it is on the disk; one that comes again after a crash is found to be there already. A disk
/// that fails is logged once and tried again (1 s doubling to 60 s). wake() is thread-safe.
class LocalStore {
 public:
  /// `boot` is this start of the node.
  LocalStore(const std::filesystem::path& folder, std::uint64_t boot, Outbox& outbox, common::FileSystem& files,
             const common::Clock& clock);
  ~LocalStore();
  LocalStore(const LocalStore&) = delete;
  LocalStore& operator=(const LocalStore&) = delete;

  void start(common::Liveness& liveness);
  void stop();
  void wake() const { wake_.signal(); }

  /// Writes what waits, a group of messages. Whether there was anything. Throws std::exception when the disk does not
  /// take it; what is not on the disk stays in the Outbox then. Bound to the thread, or to the only one.
  bool work();

 private:
  void run(const std::stop_token& stop, common::Liveness::Thread& self);
  void wait(std::int64_t timeout_ns, common::Liveness::Thread& self);
  std::vector<common::MessagePtr> take_group();
  void write_events(const std::vector<common::MessagePtr>& events);
  void write_data(const std::vector<common::MessagePtr>& data);
  void write_images(const std::vector<common::MessagePtr>& images);
  /// Where the picture is to go; nothing when it is there already.
  std::optional<std::filesystem::path> free_name(const common::Message& message, common::ByteView bytes,
                                                 const std::string& extension);
  void remove_unfinished(const std::filesystem::path& incoming);
  void begin_day();
  void append_to_log(const std::string& lines);
  const std::set<std::string>& lines_at_start();

  const std::filesystem::path images_;
  const std::filesystem::path logs_;
  Outbox& outbox_;
  common::FileSystem& files_;
  const common::Clock& clock_;
  std::string log_day_;  ///< local day of imagehub.log; empty while that is not known
  std::optional<std::set<std::string>> lines_at_start_;
  LocalBatches batches_;
  bool unfinished_removed_ = false;
  common::WakeUp wake_;
  std::jthread thread_;
};

}  // namespace imagenode
