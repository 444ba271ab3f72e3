#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "common/process_lock.hpp"
#include "common/thread.hpp"
#include "imagenode/link/outbox.hpp"
#include "imagenode/link/spool.hpp"
#include "imagenode/link/spool_salvage.hpp"

namespace imagenode {

struct SpoolerSettings {
  std::filesystem::path file;
  int max_mb = 4096;  ///< at most half of the free space
};

struct SpoolerStatus {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  bool failing = false;  ///< the disk does not take or give: messages stay in memory
};

/// Carries messages from the Outbox to the Spool and back, on a thread of its own, so that nobody who puts or sends
/// waits for the disk. A disk that fails is tried again (1 s doubling to 60 s) and messages stay in memory meanwhile; a
/// corrupt file is set aside beside a new one. status() and wake() are thread-safe.
class Spooler {
 public:
  /// Told what a person should know beside the log: "corrupt|<file>|<n> saved", "damaged|<n>", "failing|<why>",
  /// "working".
  using Report = std::function<void(const std::string& what)>;

  /// Throws common::LockedError when another process uses the file.
  Spooler(const SpoolerSettings& settings, std::uint64_t boot, Outbox& outbox, common::FileSystem& files,
          const common::Clock& clock, Report report);
  ~Spooler();
  Spooler(const Spooler&) = delete;
  Spooler& operator=(const Spooler&) = delete;

  void start(common::Liveness& liveness);
  /// Has the thread bring everything that lies in memory only to the disk, until `by_ns`, and end. Does not wait for
  /// it.
  void begin_stop(std::int64_t by_ns);
  /// Waits for the thread; then what was put since goes to the disk too, until `by_ns` of begin_stop(), if that came
  /// before. May be called again. Returns how many messages did not get there.
  std::uint64_t stop();

  void wake();

  /// Does what is due; returns when to come again without being woken. Bound to the spool's thread, or to the only one.
  std::int64_t work(bool all = false);

  SpoolerStatus status() const;

 private:
  void run(const std::stop_token& stop, common::Liveness::Thread& self);
  void write_all();
  void open_file();
  std::int64_t work_on_file(std::int64_t now_ns, bool all);
  void carry_out(Outbox::SpoolWork& work);
  void read_ahead();
  void make_room(std::uint64_t bytes_before);
  std::uint64_t wanted_bytes() const;
  std::uint64_t half_of_free_space() const;
  void replace_corrupt(const std::string& why, std::int64_t now_ns);
  void move_file(const std::filesystem::path& from, const std::filesystem::path& to);
  bool begin_salvage();
  void salvage(Spool& into);
  static void copy_refused(const std::vector<SetAside>& refused, Spool& into);
  std::string missing_words(const SpoolLosses& losses, std::uint64_t found) const;
  void failed(const std::string& why, std::int64_t now_ns);
  void read_while_failing();
  void worked();
  void publish();

  const SpoolerSettings settings_;
  const std::filesystem::path damaged_;  ///< the damaged file, until all that can be read is in the new one
  const std::uint64_t boot_;
  const std::string kernel_;
  Outbox& outbox_;
  common::FileSystem& files_;
  const common::Clock& clock_;
  const Report report_;
  const common::ProcessLock lock_;

  // Written before the thread is told to stop, and read after it was.
  bool writes_all_at_end_ = false;
  std::int64_t stop_by_ns_ = INT64_MAX;

  // State of the spool's thread.
  bool failing_ = false;
  bool proved_ = false;  ///< the file was opened or written in this round
  std::unique_ptr<Spool> spool_;
  std::int64_t back_off_ns_ = 0;
  std::int64_t try_again_ns_ = 0;
  std::uint64_t told_damaged_ = 0;
  std::optional<std::uint64_t> held_;  ///< by the damaged file, when that is known
  int unreadable_ = 0;                 ///< times that the disk did not give the damaged file
  bool had_messages_ = false;
  std::vector<Identity> to_remove_;            ///< until the disk has taken it
  std::vector<Outbox::Refused> to_set_aside_;  ///< the same

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ = false;
  SpoolerStatus status_;

  std::jthread thread_;
};

}  // namespace imagenode
