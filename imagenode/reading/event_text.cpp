#include "imagenode/reading/event_text.hpp"

#include "common/message.hpp"
#include "common/text.hpp"

namespace imagenode {

void check_event_text(common::Section& section, const char* key, const std::string& text) {
  const bool is_event = common::kind_of("node|" + text, true) == common::Kind::event && !text.starts_with("Restart");
  if (text.empty() || is_event) return;
  section.problem(key, common::cat("hubs would not take \"", common::escaped(text),
                                   "\" for an event; it must not begin with H, i, j, data, samples or Restart"));
}

}  // namespace imagenode
