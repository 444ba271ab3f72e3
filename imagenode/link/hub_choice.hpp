#pragma once

#include <optional>
#include <string>
#include <vector>

namespace imagenode {

/// Which hub is tried next: the first of the list, and after a failure the first of those that have not failed since a
/// hub answered. One that answered before it broke off comes last in its round: it may be back by then. The list may
/// change from call to call. Not thread-safe.
class HubChoice {
 public:
  /// The address to try now; nothing while none is known.
  std::optional<std::string> next(const std::vector<std::string>& known);

  /// It did not answer.
  void failed(const std::string& address) { failed_.push_back(address); }
  /// A hub answered, or others are known: all that failed before may be tried again.
  void answered();
  /// It answered, was used, and is not to be used now.
  void broke_off(const std::string& address);

 private:
  bool has_failed(const std::string& address) const;

  std::vector<std::string> failed_;
  std::optional<std::string> broken_;
};

}  // namespace imagenode
