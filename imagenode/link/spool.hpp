#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "common/message.hpp"
#include "imagenode/link/identity.hpp"
#include "imagenode/link/outbox_settings.hpp"

namespace imagenode {

/// What lies in a spool.
struct SpoolCounts {
  std::array<std::uint64_t, common::kDeliveryClasses> messages{};
  std::array<std::uint64_t, common::kDeliveryClasses> late{};  ///< of these, how many are to be sent from here
  std::uint64_t bytes = 0;                                     ///< payloads and metadata
  std::uint64_t total() const;
};

/// A message that no hub takes, as it lies in a spool.
struct SetAside {
  std::int64_t id = 0;
  std::int64_t utc_ns = 0;
  std::string reason;
  std::string metadata;
  common::Payload payload;
};

/// Messages in an SQLite file, one row each (docs/reference/spool.md), for the time in which no hub takes them. What
/// append() did is on the disk when they return; a removal may be forgotten by a crash of the machine,
/// then the message is sent again and the hub knows it. Rows leave by remove() and set_aside() only, and when they are
/// rotten.
///
/// Throws common::CorruptDatabase when the file is damaged, std::system_error or another std::exception when the disk
/// does not take or give; nothing has changed then. Bound to one thread.
class Spool {
 public:
  /// Opens the file or makes it. `boot` is the id of this start: its messages are in memory too, those of other boots
  /// are to be sent from here. `kernel` tells one run of the kernel, and so of its monotonic clock, from the next.
  Spool(common::FileSystem& files, const std::filesystem::path& file, std::uint64_t boot, const std::string& kernel,
        const common::Clock& clock);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// All or none. A message that is there already only becomes late, when it is to.
  void append(const std::vector<SpoolRow>& rows);

  void remove(const std::vector<Identity>& identities);

  enum class Order { oldest_first, newest_first };
  /// Messages of the class that are to be sent from here: those of other boots, and late ones of this boot; the oldest
  /// boot first, by number. Without those in `skip`; at most `max_messages` and, but for the first one, `max_bytes`.
  /// A row that cannot be read back whole (a rotten disk) is removed and counted in damaged().
  std::vector<common::MessagePtr> read(common::DeliveryClass delivery_class, Order order,
                                       const std::set<Identity>& skip, std::size_t max_messages, std::size_t max_bytes);

  /// The oldest of the class with at least so many bytes together, or all; never one in `keep`.
  std::vector<Identity> oldest(common::DeliveryClass delivery_class, std::uint64_t bytes,
                               const std::set<Identity>& keep);

  /// Keeps what no hub takes, with the reason, apart from what is to be sent; of these at most so many messages and
  /// bytes, the newest.
  void set_aside(const common::Message& message, const std::string& reason);
  static constexpr int kMaxSetAside = 1000;
  static constexpr std::uint64_t kMaxSetAsideBytes = 64 * 1024 * 1024;

  /// What was set aside in another file; again it does nothing.
  void copy(const std::vector<SetAside>& rows);

  /// Writes to the disk without changing anything; throws as the others do when it does not take it.
  void try_writing();

  const SpoolCounts& counts() const;
  /// Rows that could not be read back, since the opening.
  std::uint64_t damaged() const;

  /// Gives the disk back what an empty spool does not need. Nothing happens while it holds messages or is small.
  void shrink();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Id of this run of the kernel.
std::string kernel_boot_id();

}  // namespace imagenode
