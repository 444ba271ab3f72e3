#pragma once

#include "imagehub/index/index.hpp"
#include "imagehub/store/image_store.hpp"

namespace imagehub {

/// Before something is given up for want of its file: throws when the newest finished images have no files either, as
/// if the folder of pictures was not mounted. A hub without finished images passes. Bound to the thread of the index.
void require_pictures(Index& index, const ImageStore& store);

}  // namespace imagehub
