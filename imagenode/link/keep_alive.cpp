#include "imagenode/link/keep_alive.hpp"

#include "common/crc32c.hpp"
#include "common/text.hpp"
#include "common/version.hpp"

namespace imagenode {

common::Message keep_alive(const Sender& sender, std::int64_t now_ns) {
  common::Message message;
  message.text = sender.node + "|Heartbeat";
  message.node = sender.node;
  message.boot = sender.boot;
  message.demo = sender.demo;
  message.monotonic_ns = now_ns;
  message.version = common::cat("imagenode/", common::version());
  message.payload = sender.picture.payload;
  message.array = sender.picture.array;
  message.crc = common::crc32c(message.payload.view());
  return message;
}

}  // namespace imagenode
