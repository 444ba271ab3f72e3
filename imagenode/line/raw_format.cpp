// raw: each row as it came, in one text field. Control characters, backslashes and what is no UTF-8 are written as \n,
// \\ and \xff.

#include "common/text.hpp"
#include "imagenode/line/registry.hpp"

namespace imagenode {
namespace {

class RawFormat final : public LineFormat {
 public:
  const std::vector<Field>& fields() const override { return fields_; }

  Parsed parse(std::string_view frame, Row& row) override {
    clear(row, 1);
    row.cells.front() = common::escaped(frame);
    return {};
  }

 private:
  const std::vector<Field> fields_{{"text", "", FieldType::text}};
};

FormatKind read_settings(common::Section&) {
  return {[] { return std::make_unique<RawFormat>(); }};
}

const RegisterFormat registered("raw", read_settings);

}  // namespace
}  // namespace imagenode
