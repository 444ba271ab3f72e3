// length: each frame begins with the number of bytes that follow.

#include <algorithm>
#include <array>

#include "common/text.hpp"
#include "imagenode/line/binary.hpp"
#include "imagenode/line/registry.hpp"

namespace imagenode {
namespace {

struct LengthSettings {
  std::size_t prefix = 2;  // bytes
  ByteOrder order = ByteOrder::little;
  std::size_t max_length = 4096;
};

class LengthFraming final : public Framing {
 public:
  explicit LengthFraming(const LengthSettings& settings) : settings_(settings) {}

  bool take(std::string_view bytes, const Moment& now, FrameSink& sink) override {
    while (!bytes.empty()) {
      if (waiting_.empty()) first_ = now;
      if (!fill(bytes, settings_.prefix)) return true;
      const std::uint64_t length = unsigned_of(std::string_view(waiting_).substr(0, settings_.prefix), settings_.order);
      if (length > settings_.max_length) {
        sink.bad_frame(waiting_, first_, common::cat("a length of ", length, " is over max_length"));
        waiting_.clear();
        return false;
      }
      if (!fill(bytes, settings_.prefix + length)) return true;
      if (length > 0) sink.frame(std::string_view(waiting_).substr(settings_.prefix), first_);
      waiting_.clear();
    }
    return true;
  }

  std::size_t pending() const override { return waiting_.size(); }

 private:
  /// Takes bytes until so many wait; whether they do.
  bool fill(std::string_view& bytes, std::size_t count) {
    const std::size_t wanted = count - std::min(count, waiting_.size());
    const auto piece = bytes.substr(0, wanted);
    waiting_ += piece;
    bytes.remove_prefix(piece.size());
    return waiting_.size() >= count;
  }

  const LengthSettings settings_;
  std::string waiting_;
  Moment first_;
};

FramingMaker read_settings(common::Section& section, const FormatKind&) {
  constexpr std::array<std::size_t, 3> kPrefixes{1, 2, 4};
  LengthSettings settings;
  int prefix = 1;
  section.read_choice("length_type", {"uint8", "uint16", "uint32"}, prefix);
  settings.prefix = kPrefixes.at(static_cast<std::size_t>(prefix));
  settings.order = read_byte_order(section);
  int max_length = 4096;
  section.read("max_length", max_length, {1, 1'000'000});
  settings.max_length = static_cast<std::size_t>(max_length);
  return [settings] { return std::make_unique<LengthFraming>(settings); };
}

const RegisterFraming registered("length", read_settings);

}  // namespace
}  // namespace imagenode
