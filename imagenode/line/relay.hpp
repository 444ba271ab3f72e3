#pragma once

#include <functional>
#include <list>
#include <span>
#include <string>
#include <vector>

#include "imagenode/line/channel.hpp"

namespace imagenode {

/// Gives the raw bytes of a line on to whoever connects by TCP. Never waits for a reader: one that is more than 1 MB
/// behind is dropped. One that has ended its sending goes on reading; whether it has gone altogether is seen when bytes
/// cannot be brought to it, or by the kernel, which asks now and then. Bound to a thread.
class Relay {
 public:
  struct Settings {
    std::string address;  ///< tcp://host:port; empty: no relay
    bool write = false;   ///< what readers send goes back to the line
  };

  explicit Relay(Settings settings) : settings_(std::move(settings)) {}

  bool wanted() const { return !settings_.address.empty(); }
  bool is_open() const { return static_cast<bool>(socket_); }
  /// Throws LineError or std::system_error when it cannot listen.
  void open();

  /// Adds the descriptors on which there will be news. `room`: so many bytes may be read from readers.
  void watch(std::vector<pollfd>& polls, std::size_t room) const;
  /// `news` is what watch() added, as poll left it; returns what readers sent that is to go back to the line. Throws
  /// when nobody can connect any more; it is closed then.
  std::string work(std::span<const pollfd> news, std::size_t room);

  void give(std::string_view bytes);

  std::uint64_t dropped() const { return dropped_; }  ///< readers that were too slow
  static constexpr std::size_t kMaxBehind = 1 << 20;

 private:
  struct Reader {
    Channel channel;
    bool sends = true;
    bool gone = false;  ///< leaves at the next work(), so that poll's answers go on to belong to the same readers
  };

  bool serve(Reader& reader, short news, std::string& back, std::size_t room);

  const Settings settings_;
  common::UniqueFd socket_;
  std::list<Reader> readers_;
  std::string buffer_;
  std::uint64_t dropped_ = 0;
};

}  // namespace imagenode
