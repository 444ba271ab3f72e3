#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace imagenode {

/// A hub that announces itself on the network.
struct FoundHub {
  std::string name;     ///< of its announcement: "imagehub barn-server"
  std::string address;  ///< tcp://192.168.1.10:5555
  std::string network;  ///< empty without one
  std::string id;
  std::string version;
};

/// The hubs of our network that are announced now, best first. What comes from the network is bounded. Not thread-safe.
class FoundHubs {
 public:
  /// Where an announcement was seen: interface, protocol, name of the announcement.
  using Key = std::tuple<int, int, std::string>;

  explicit FoundHubs(std::string network) : network_(std::move(network)) {}

  /// A hub was found, or has changed. Hubs of other networks are passed over.
  void found(const Key& key, FoundHub hub);
  /// It is announced no more.
  void lost(const Key& key);
  /// Nothing is known any more, since Avahi is away.
  void clear() { hubs_.clear(); }

  bool knows(const Key& key) const { return hubs_.contains(key); }
  const FoundHub& at(const Key& key) const { return hubs_.at(key); }

  /// By name, each once. While none is announced, those that were announced last: a hub may well be there when its
  /// announcement is not.
  const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  void update();

  const std::string network_;
  std::map<Key, FoundHub> hubs_;
  std::vector<std::string> addresses_;
};

}  // namespace imagenode
