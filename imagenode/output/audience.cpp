#include "imagenode/output/audience.hpp"

#include <algorithm>
#include <utility>

namespace imagenode {

void Audience::hear(const common::MessagePtr& message) {
  if (common::kind_of(message->text, true) != common::Kind::event) return;
  const auto fields = common::split_text(message->text);
  if (fields[1] == "action") return;
  const std::lock_guard lock(mutex_);
  if (fields[1] == "light" && message->source.empty()) words_[message->view] = message;
  for (Lamp* lamp : lamps_) lamp->take(*message);
  for (Action* action : actions_) action->take(message);
}

void Audience::become(std::vector<Lamp*> lamps, std::vector<Action*> actions) {
  const std::lock_guard lock(mutex_);
  for (Lamp* lamp : lamps) {
    if (std::find(lamps_.begin(), lamps_.end(), lamp) != lamps_.end()) continue;
    for (const auto& [view, word] : words_) lamp->take(*word);
  }
  lamps_ = std::move(lamps);
  actions_ = std::move(actions);
}

}  // namespace imagenode
