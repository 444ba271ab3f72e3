#include "imagehub/filing/recognition.hpp"

#include <algorithm>
#include <utility>

#include "common/local_time.hpp"
#include "common/message.hpp"
#include "common/names.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

template <typename Row>
bool is_taken(const std::vector<Row>& rows, const Row& adopted) {
  return std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return row.id == adopted.id; });
}

}  // namespace

bool Recognition::find(EventRow row) {
  const auto adopted = index_.find_adopted_event(row.text, row.time_ns);
  if (!adopted || is_taken(events_, *adopted)) return false;
  row.id = adopted->id;
  events_.push_back(std::move(row));
  return true;
}

bool Recognition::find(ImageRow row, const std::string& extension) {
  const std::string stem = common::cat(common::local_date(row.time_ns), '/',
                                       common::image_stem(common::split_text(row.text).front(), row.time_ns));
  // Names that were taken got numbers, one after the other.
  for (int suffix = 0;; ++suffix) {
    const std::string number = suffix == 0 ? "" : common::cat('-', suffix);
    const auto adopted = index_.find_adopted_image(common::cat(stem, number, extension));
    if (!adopted) return false;
    if (is_taken(images_, *adopted) || !same_content(*adopted, row)) continue;
    row.id = adopted->id;
    images_.push_back(std::move(row));
    return true;
  }
}

bool Recognition::same_content(const ImageRow& adopted, const ImageRow& row) const {
  if (adopted.bytes != row.bytes) return false;
  if (adopted.crc) return adopted.crc == row.crc;
  common::Bytes buffer;
  const auto digest = store_.digest(adopted.path, buffer);
  return digest && digest->bytes == row.bytes && digest->crc == row.crc;
}

void Recognition::write() {
  for (const ImageRow& row : images_) index_.identify(row);
  for (const EventRow& row : events_) index_.identify(row);
}

void Recognition::clear() {
  images_.clear();
  events_.clear();
}

}  // namespace imagehub
