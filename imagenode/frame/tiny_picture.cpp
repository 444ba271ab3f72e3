#include "imagenode/frame/tiny_picture.hpp"

#include "common/jpeg.hpp"

namespace imagenode {

TinyPicture tiny_picture(SendType send_type) {
  constexpr int kSide = 3;
  const common::Image black = common::Image::make(kSide, kSide, 1);
  if (send_type == SendType::jpg) return {common::Payload(common::encode_jpeg(black)), std::nullopt};
  return {common::Payload(black.pixels), common::ArrayForm{"uint8", {kSide, kSide}}};
}

}  // namespace imagenode
