#include "imagenode/link/stamper.hpp"

#include "common/crc32c.hpp"
#include "imagenode/link/outbox.hpp"

namespace imagenode {

Stamper::Stamper(std::uint64_t boot, const common::Clock& clock, std::vector<Outbox*> outboxes, bool demo)
    : boot_(boot), clock_(clock), outboxes_(std::move(outboxes)), demo_(demo) {}

common::MessagePtr Stamper::put(common::Message message) {
  message.boot = boot_;
  if (message.monotonic_ns == 0) message.monotonic_ns = clock_.monotonic_ns();
  if (message.time_ns == 0) message.time_ns = clock_.utc_of(message.monotonic_ns);
  message.clock_synchronised = clock_.synchronised();
  message.clock_error_us = clock_.error_us();
  message.crc = common::crc32c(message.payload.view());
  if (demo_) {
    auto stamped = stamped_unstored(std::move(message));
    for (Outbox* outbox : outboxes_) outbox->put_unstored(stamped);
    return stamped;
  }
  const std::lock_guard lock(mutex_);
  message.seq = ++last_seq_;
  auto stamped = std::make_shared<const common::Message>(std::move(message));
  for (Outbox* outbox : outboxes_) outbox->put(stamped);
  return stamped;
}

void Stamper::put_unstored(common::Message message) {
  const auto stamped = stamped_unstored(std::move(message));
  for (Outbox* outbox : outboxes_) outbox->put_unstored(stamped);
}

void Stamper::put_unstored(common::Message message, Outbox& outbox) const {
  outbox.put_unstored(stamped_unstored(std::move(message)));
}

common::MessagePtr Stamper::stamped_unstored(common::Message message) const {
  message.boot = boot_;
  message.demo = demo_;
  if (message.monotonic_ns == 0) message.monotonic_ns = clock_.monotonic_ns();
  return std::make_shared<const common::Message>(std::move(message));
}

}  // namespace imagenode
