#pragma once

#include <cstddef>
#include <string>

#include "common/message.hpp"

/// A message with so many bytes of payload, for a Stamper.
inline common::Message message(const std::string& text, std::size_t bytes = 0) {
  common::Message message;
  message.text = text;
  message.payload = common::Payload(common::Bytes(bytes, 1));
  return message;
}
