#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imagehub/index/index.hpp"

namespace imagehub {

/// Paths below images/ of the newest images up to row `last`, at most `count`. Bound to the thread of the index.
std::vector<std::string> newest_images(Index& index, std::int64_t last, int count);

}  // namespace imagehub
