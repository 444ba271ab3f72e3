#pragma once

#include <cstdint>
#include <string>

#include "common/message.hpp"
#include "imagenode/frame/tiny_picture.hpp"

namespace imagenode {

/// Who we are to a hub.
struct Sender {
  std::string node;
  std::uint64_t boot = 0;
  TinyPicture picture;  ///< goes with the keep-alives
  bool demo = false;    ///< nothing of it may be stored
};

/// `<node>|Heartbeat` without a number: opens a connection and keeps it. Any hub takes it and stores nothing.
common::Message keep_alive(const Sender& sender, std::int64_t now_ns);

}  // namespace imagenode
