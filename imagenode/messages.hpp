#pragma once

#include <string>

#include "common/message.hpp"
#include "imagenode/frame/tiny_picture.hpp"
#include "imagenode/line/chunk.hpp"
#include "imagenode/reading/reading.hpp"

namespace imagenode {

/// What a node says of itself and its sources as messages; pictures are the views' own. Thread-safe.
class Messages {
 public:
  /// `tiny` is the picture that goes with events.
  Messages(std::string node, TinyPicture tiny);

  const TinyPicture& tiny() const { return tiny_; }

  /// An event of the node itself.
  common::Message event(const std::string& what) const { return event(node_, "", what); }
  /// `sender` is what stands in front of the text.
  common::Message event(const std::string& sender, const std::string& view, const std::string& what) const;
  /// A reading with a text.
  common::Message event(const Reading& reading) const;
  /// The grid of a reading that has one, as an array of float32.
  common::Message samples(const Reading& reading) const;
  /// Rows, with the time of the first of them.
  common::Message rows(const Chunk& chunk) const;

 private:
  const std::string node_;
  const TinyPicture tiny_;
};

}  // namespace imagenode
