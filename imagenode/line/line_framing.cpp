// lines: a frame ends with LF, or CR LF. Empty lines are none.

#include <algorithm>

#include "common/text.hpp"
#include "imagenode/line/registry.hpp"

namespace imagenode {
namespace {

class LineFraming final : public Framing {
 public:
  explicit LineFraming(std::size_t max_length) : max_length_(max_length) {}

  bool take(std::string_view bytes, const Moment& now, FrameSink& sink) override {
    while (!bytes.empty()) {
      const auto end = std::min(bytes.find('\n'), bytes.size());
      const std::string_view piece = bytes.substr(0, end);
      const bool ends = end < bytes.size();
      bytes.remove_prefix(std::min(end + 1, bytes.size()));
      add(piece, ends, now, sink);
    }
    return true;
  }

  std::size_t pending() const override { return too_long_ ? passed_ : line_.size(); }

 private:
  void add(std::string_view piece, bool ends, const Moment& now, FrameSink& sink) {
    if (too_long_) {
      too_long_ = !ends;
      passed_ += piece.size();
      return;
    }
    if (line_.empty()) first_ = now;
    if (line_.empty() && ends && piece.size() <= max_length_) {
      give(piece, sink);
      return;
    }
    // One more than allowed is kept: behind the longest line a CR may stand.
    const std::size_t before = line_.size();
    const std::size_t room = max_length_ + 1 - before;
    line_.append(piece.substr(0, room));
    if (piece.size() > room || (line_.size() > max_length_ && line_.back() != '\r')) {
      sink.bad_frame(line_, first_, common::cat("longer than max_length (", max_length_, " bytes)"));
      too_long_ = !ends;
      passed_ = before + piece.size();
      line_.clear();
    } else if (ends) {
      give(line_, sink);
      line_.clear();
    }
  }

  void give(std::string_view line, FrameSink& sink) const {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) sink.frame(line, first_);
  }

  const std::size_t max_length_;
  std::string line_;
  Moment first_;
  bool too_long_ = false;
  std::size_t passed_ = 0;  ///< bytes of the one that is too long
};

FramingMaker read_settings(common::Section& section, const FormatKind& format) {
  int max_length = 4096;
  section.read("max_length", max_length, {1, 1'000'000});
  if (format.bytes > 0) section.problem("framing", "binary frames are not lines; write fixed or length");
  const auto length = static_cast<std::size_t>(max_length);
  return [length] { return std::make_unique<LineFraming>(length); };
}

const RegisterFraming registered("lines", read_settings);

}  // namespace
}  // namespace imagenode
