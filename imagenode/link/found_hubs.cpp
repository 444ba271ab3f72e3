#include "imagenode/link/found_hubs.hpp"

#include <algorithm>

namespace imagenode {
namespace {

/// More hubs than any farm has; somebody who announces thousands costs no more memory than this.
constexpr std::size_t kMostHubs = 64;

}  // namespace

void FoundHubs::found(const Key& key, FoundHub hub) {
  hubs_.erase(key);
  if (hub.network == network_ && hubs_.size() < kMostHubs) hubs_.emplace(key, std::move(hub));
  update();
}

void FoundHubs::lost(const Key& key) {
  hubs_.erase(key);
  update();
}

void FoundHubs::update() {
  std::vector<const FoundHub*> hubs;
  for (const auto& [key, hub] : hubs_) hubs.push_back(&hub);
  std::sort(hubs.begin(), hubs.end(), [](const FoundHub* a, const FoundHub* b) {
    return std::tie(a->name, a->id, a->address) < std::tie(b->name, b->id, b->address);
  });
  std::vector<std::string> addresses;
  for (const FoundHub* hub : hubs) {
    if (std::find(addresses.begin(), addresses.end(), hub->address) == addresses.end())
      addresses.push_back(hub->address);
  }
  if (!addresses.empty()) addresses_ = std::move(addresses);
}

}  // namespace imagenode
