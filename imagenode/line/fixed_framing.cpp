// fixed: binary frames that all have the same length: start marker, struct, checksum. What does not fit is passed over
// byte by byte until the next frame that does.

#include <charconv>
#include <optional>

#include "common/text.hpp"
#include "imagenode/line/binary.hpp"
#include "imagenode/line/registry.hpp"

namespace imagenode {
namespace {

using common::cat;

struct FixedSettings {
  std::string start;
  std::size_t bytes = 0;  // of the struct
  Checksum checksum = Checksum::none;
  bool covers_start = false;
  ByteOrder order = ByteOrder::little;

  std::size_t frame() const { return start.size() + bytes + bytes_of(checksum); }
};

class FixedFraming final : public Framing {
 public:
  explicit FixedFraming(FixedSettings settings) : settings_(std::move(settings)) {}

  bool take(std::string_view bytes, const Moment& now, FrameSink& sink) override {
    // At most one frame waits; the rest is never copied further than from one read to the next.
    for (; !bytes.empty(); bytes.remove_prefix(1)) {
      if (waiting_.empty()) first_ = now;
      waiting_ += bytes.front();
      if (waiting_.size() <= settings_.start.size()) seek_start(now, sink);
      if (waiting_.size() == settings_.frame()) judge(now, sink);
    }
    return true;
  }

  std::size_t pending() const override { return waiting_.size() + stray_.size(); }

 private:
  /// Lets go of bytes until what waits may be the beginning of a frame.
  void seek_start(const Moment& now, FrameSink& sink) {
    while (!settings_.start.starts_with(std::string_view(waiting_).substr(0, settings_.start.size()))) {
      stray_ += waiting_.front();
      waiting_.erase(0, 1);
      first_ = now;
      if (stray_.size() >= kMaxStray) tell_stray(now, sink);
    }
  }

  void judge(const Moment& now, FrameSink& sink) {
    const std::string_view frame = waiting_;
    const std::string_view inner = frame.substr(settings_.start.size(), settings_.bytes);
    const std::string_view covered =
        settings_.covers_start ? frame.substr(0, settings_.start.size() + settings_.bytes) : inner;
    const std::string_view sum = frame.substr(settings_.start.size() + settings_.bytes);
    if (unsigned_of(sum, settings_.order) == checksum_of(settings_.checksum, covered)) {
      tell_stray(first_, sink);
      sink.frame(inner, first_);
      waiting_.clear();
      return;
    }
    // The real frame may begin within what was taken for one.
    stray_ += waiting_.front();
    const std::string rest = waiting_.substr(1);
    waiting_.clear();
    take(rest, now, sink);
  }

  void tell_stray(const Moment& now, FrameSink& sink) {
    if (stray_.empty()) return;
    sink.bad_frame(stray_, now, "no frame: no start, or a wrong checksum");
    stray_.clear();
  }

  static constexpr std::size_t kMaxStray = 4096;

  const FixedSettings settings_;
  std::string waiting_;
  std::string stray_;
  Moment first_;
};

/// "AA 55" as two bytes; nothing when it is not of that form.
std::optional<std::string> bytes_of_hex(std::string_view text) {
  std::string bytes;
  std::string digits;
  for (const char c : text) {
    if (c != ' ') digits += c;
  }
  if (digits.size() % 2 != 0) return std::nullopt;
  for (std::size_t at = 0; at < digits.size(); at += 2) {
    unsigned byte = 0;
    const char* end = digits.data() + at + 2;
    if (std::from_chars(digits.data() + at, end, byte, 16).ptr != end) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

FramingMaker read_settings(common::Section& section, const FormatKind& format) {
  constexpr std::size_t kMaxStart = 16;
  FixedSettings settings;
  settings.bytes = format.bytes;
  if (format.bytes == 0) section.problem("framing", "fixed frames need format: struct, which says how long they are");
  std::string start;
  section.read("start", start);
  if (const auto bytes = bytes_of_hex(start); bytes && bytes->size() <= kMaxStart) {
    settings.start = *bytes;
  } else {
    section.problem("start", cat("must be at most ", kMaxStart, " bytes in hexadecimal, such as \"AA 55\""));
  }
  section.read_choice("checksum", kChecksums, settings.checksum);
  section.read_choice("checksum_from", {"struct", "start"}, settings.covers_start);
  settings.order = read_byte_order(section);
  return [settings] { return std::make_unique<FixedFraming>(settings); };
}

const RegisterFraming registered("fixed", read_settings);

}  // namespace
}  // namespace imagenode
