#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace imagenode {

/// Parts of one kind that a node has several of, each with a label and a thread: its sensors, its lines, its lights.
/// Main thread only.
template <typename Part>
class Group {
 public:
  /// A part that is to be there; null when the one of that label goes on as it is.
  struct Member {
    std::string label;
    std::unique_ptr<Part> fresh;
  };

  Group() = default;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group() { stop(); }

  /// What these settings ask for, made and not started: a new part for each label that is not there yet or is among
  /// `changed`. Throws what `make` throws.
  template <typename Settings, typename Make>
  std::vector<Member> renewed(const std::vector<Settings>& wanted, const std::set<std::string>& changed,
                              const Make& make) const {
    std::vector<Member> members(wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const std::string& label = wanted[i].label;
      members[i].label = label;
      if (changed.contains(label) || find(label) == parts_.end()) members[i].fresh = make(wanted[i]);
    }
    return members;
  }

  /// Ends all parts that do not go on, then starts the new ones: they may use the same device. One that takes the
  /// place of another is told so before (`succeed`), if its kind wants to know.
  void become(std::vector<Member> members) {
    Parts next(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (!members[i].fresh) next[i] = std::move(*find(members[i].label));
    }
    stop();
    for (std::size_t i = 0; i < next.size(); ++i) {
      if (next[i]) continue;
      next[i] = std::move(members[i].fresh);
      if constexpr (requires(Part & part) { part.succeed(part); }) {
        const auto before = find(members[i].label);
        if (before != parts_.end()) next[i]->succeed(**before);
      }
      next[i]->start();
    }
    parts_ = std::move(next);
  }

  void request_stop() {
    for (const auto& part : parts_) {
      if (part) part->request_stop();
    }
  }
  /// request_stop(), then waits for their threads.
  void stop() {
    request_stop();
    for (const auto& part : parts_) {
      if (part) part->stop();
    }
  }

  const std::vector<std::unique_ptr<Part>>& all() const { return parts_; }

 private:
  using Parts = std::vector<std::unique_ptr<Part>>;

  template <typename Some>
  static auto found(Some& parts, const std::string& label) {
    return std::find_if(parts.begin(), parts.end(),
                        [&](const auto& part) { return part && part->settings().label == label; });
  }
  auto find(const std::string& label) { return found(parts_, label); }
  auto find(const std::string& label) const { return found(parts_, label); }

  Parts parts_;  // null only while become() is at work
};

}  // namespace imagenode
