#pragma once

#include <string>
#include <vector>

#include "common/payload.hpp"
#include "imagehub/index/index.hpp"
#include "imagehub/store/image_store.hpp"

namespace imagehub {

/// Knows messages again by what they say, after their identities were lost with a damaged index: a picture by its name,
/// size and CRC, an event by text and capture time. Only rows that were adopted come into question. Belongs to the
/// thread that commits. Failures throw std::exception.
class Recognition {
 public:
  Recognition(Index& index, const ImageStore& store) : index_(index), store_(store) {}

  /// Whether the picture lies here already. `row` has all but its path.
  bool find(ImageRow row, const std::string& extension);
  bool find(EventRow row);

  /// Gives the rows that were found what their messages tell, identities included; inside a transaction.
  void write();
  bool empty() const { return images_.empty() && events_.empty(); }
  const std::vector<ImageRow>& images() const { return images_; }
  const std::vector<EventRow>& events() const { return events_; }
  void clear();

 private:
  bool same_content(const ImageRow& adopted, const ImageRow& row) const;

  Index& index_;
  const ImageStore& store_;
  std::vector<ImageRow> images_;
  std::vector<EventRow> events_;
};

}  // namespace imagehub
