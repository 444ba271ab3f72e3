#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "imagenode/line/fields.hpp"

namespace imagenode {

/// What became of a frame.
struct Parsed {
  enum class What { row, header, bad };
  What what = What::row;
  std::string reason;  ///< of a bad one

  static Parsed bad(std::string reason) { return {What::bad, std::move(reason)}; }
};

/// Makes values of a frame (a line, or a binary block). Bound to its thread; may be made elsewhere. Whatever the bytes
/// are, it says so and goes on.
class LineFormat {
 public:
  LineFormat() = default;
  LineFormat(const LineFormat&) = delete;
  LineFormat& operator=(const LineFormat&) = delete;
  virtual ~LineFormat() = default;

  /// The same for all rows.
  virtual const std::vector<Field>& fields() const = 0;

  /// Fills the row, which the caller keeps for the next one; what is in it after anything but a row means nothing.
  virtual Parsed parse(std::string_view frame, Row& row) = 0;
};

}  // namespace imagenode
