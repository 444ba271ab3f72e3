#include "imagehub/filing/not_mounted.hpp"

#include <algorithm>
#include <stdexcept>

#include "common/text.hpp"
#include "imagehub/index/newest_images.hpp"

namespace imagehub {
namespace {

/// The owner of a hub deletes old pictures by hand, not the newest.
constexpr int kLookedAt = 20;

}  // namespace

void require_pictures(Index& index, const ImageStore& store) {
  const auto newest = newest_images(index, index.finished().image_id, kLookedAt);
  const auto there = [&](const std::string& path) { return store.has(path); };
  if (newest.empty() || std::any_of(newest.begin(), newest.end(), there)) return;
  throw std::runtime_error(common::cat(
      "not even the newest pictures are in ", store.folder().string(), ": is it not mounted? Nothing was given up. ",
      "Mount it; when the pictures are lost indeed, use `imagehub check --repair --lost-files`"));
}

}  // namespace imagehub
