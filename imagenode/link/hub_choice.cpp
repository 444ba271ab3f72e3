#include "imagenode/link/hub_choice.hpp"

#include <algorithm>
#include <utility>

namespace imagenode {

std::optional<std::string> HubChoice::next(const std::vector<std::string>& known) {
  if (known.empty()) return std::nullopt;
  std::erase_if(failed_,
                [&](const auto& address) { return std::find(known.begin(), known.end(), address) == known.end(); });
  for (const auto& address : known) {
    if (!has_failed(address) && address != broken_) return address;
  }
  auto broken = std::exchange(broken_, std::nullopt);
  if (broken && std::find(known.begin(), known.end(), *broken) != known.end()) return broken;
  failed_.clear();
  return known.front();
}

void HubChoice::answered() {
  failed_.clear();
  broken_.reset();
}

void HubChoice::broke_off(const std::string& address) {
  answered();
  broken_ = address;
}

bool HubChoice::has_failed(const std::string& address) const {
  return std::find(failed_.begin(), failed_.end(), address) != failed_.end();
}

}  // namespace imagenode
