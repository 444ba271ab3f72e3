#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/settings_reader.hpp"
#include "imagenode/output/deed.hpp"
#include "imagenode/output/known_view.hpp"

/// The kinds of actions by name. A kind registers itself with a RegisterAction at the end of its .cpp file, before main
/// begins; adding one touches no other file. Read-only afterwards, so any thread may ask.
namespace imagenode {

/// A kind with its settings.
struct ActionKind {
  /// Makes what the action does; the settings are bound in.
  std::function<std::unique_ptr<Deed>(const DeedSeams&)> make;
  double cool_down_s = 0;  ///< unless the file says otherwise
};

/// Reads what a kind has for settings beside those that all actions have.
using ActionReader = ActionKind (*)(common::Section& section, const KnownViews& views);

struct RegisterAction {
  RegisterAction(const char* kind, ActionReader reader);
};

/// In alphabetical order.
std::vector<std::string> action_kinds();

/// `kind` is one of action_kinds().
ActionKind read_action_kind(const std::string& kind, common::Section& section, const KnownViews& views);

}  // namespace imagenode
