// Any two frames that a sender may send: the metadata, a NUL, the payload.

#include "common/crc32c.hpp"
#include "common/jpeg.hpp"
#include "common/text.hpp"
#include "common/utf8.hpp"
#include "common/wire.hpp"
#include "fuzz.hpp"

using common::Message;
using common::Refusal;
using fuzz::require;

namespace {

bool same_array(const Message& a, const Message& b) {
  if (a.array.has_value() != b.array.has_value()) return false;
  return !a.array || (a.array->dtype == b.array->dtype && a.array->shape == b.array->shape);
}

bool same(const Message& a, const Message& b) {
  return a.text == b.text && a.node == b.node && a.view == b.view && a.source == b.source && a.boot == b.boot &&
         a.seq == b.seq && a.time_ns == b.time_ns && a.clock_synchronised == b.clock_synchronised &&
         a.age_us == b.age_us && a.clock_error_us == b.clock_error_us && a.late == b.late && a.live == b.live &&
         a.demo == b.demo && a.fields == b.fields && a.units == b.units && a.content == b.content && same_array(a, b) &&
         a.crc == b.crc && a.version == b.version && a.host == b.host;
}

void check(const Refusal& refusal) {
  require(!refusal.reason.empty() && refusal.reason.size() < 40, "a reason is short, fit for counting");
  require(!fuzz::has_control_character(refusal.reason), "a reason is one line");
  require(!fuzz::has_control_character(refusal.detail), "a detail is one line");
  require(refusal.has_boot || !refusal.seq, "only who gave a boot has a number");
}

void check_payload(const Message& message) {
  const auto kind = common::kind_of(message.text, message.boot.has_value());
  require(*common::name_of(common::delivery_class(kind)) != '\0', "a message has a class of delivery");
  require(message.crc == common::crc32c(message.payload.view()), "the CRC is that of the payload");
  if (message.array) {
    std::uint64_t bytes = static_cast<std::uint64_t>(common::dtype_size(message.array->dtype).value_or(0));
    for (const std::int64_t side : message.array->shape) bytes *= static_cast<std::uint64_t>(side);
    require(bytes == message.payload.size(), "an array has the bytes of its shape");
  } else {
    require(kind != common::Kind::array, "an image array has a shape");
    if (kind == common::Kind::jpeg) require(common::is_whole_jpeg(message.payload.view()), "a JPEG is whole");
  }
}

void check(const Message& message) {
  require(message.node.find('|') == std::string::npos && message.view.find('|') == std::string::npos,
          "names do not end a field of a text");
  require(!message.seq || (message.boot && *message.seq > 0), "a number is above 0 and has its boot");
  require(!message.seq || !message.only_shown(), "what has a number is stored");
  require(message.time_ns >= 0 && message.age_us.value_or(0) >= 0, "times are not negative");
  for (const auto& text : {message.text, message.node, message.view, message.source, message.content}) {
    require(common::is_utf8(text), "texts are UTF-8");
  }
  check_payload(message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::text_of(data, size);
  const std::size_t end = std::min(input.find('\0'), size);
  const std::string_view metadata = input.substr(0, end);
  const std::size_t begin = std::min(end + 1, size);
  const common::Payload payload(common::Bytes(data + begin, data + size));

  const auto decoded = common::decode_message(metadata, payload);
  if (const auto* refusal = std::get_if<Refusal>(&decoded)) {
    check(*refusal);
    return 0;
  }
  const Message& message = std::get<Message>(decoded);
  check(message);
  const std::string encoded = common::encode_metadata(message, message.age_us);
  if (encoded.size() > common::kMaxMetadataBytes) return 0;  // it names the node twice
  const auto again = common::decode_message(encoded, payload);
  require(std::holds_alternative<Message>(again), "what was decoded can be sent on");
  require(same(message, std::get<Message>(again)), "what is sent on says the same");
  require(common::encode_metadata(std::get<Message>(again), message.age_us) == encoded, "and is written the same");
  return 0;
}
