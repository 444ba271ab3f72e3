#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "common/message.hpp"
#include "imagenode/output/action.hpp"
#include "imagenode/output/lamp.hpp"

namespace imagenode {

/// Who hears what this node tells: lights, for the word of a light detector, and actions. Thread-safe. Who is not among
/// them any more hears nothing once become() has returned.
class Audience {
 public:
  /// Only events count, and none of those that actions told: one that its own outcome brought about would never end.
  void hear(const common::MessagePtr& message);

  /// Lights that are new are told what light detectors said last; these speak only when that changes.
  void become(std::vector<Lamp*> lamps, std::vector<Action*> actions);

 private:
  std::mutex mutex_;
  std::vector<Lamp*> lamps_;
  std::vector<Action*> actions_;
  std::map<std::string, common::MessagePtr> words_;  // of light detectors, by view
};

}  // namespace imagenode
