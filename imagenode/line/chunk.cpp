#include "imagenode/line/chunk.hpp"

#include <utility>

#include "common/rows.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

constexpr std::string_view kEndOfRow = "\r\n";

}  // namespace

ChunkBuilder::ChunkBuilder(std::string line, const std::vector<Field>& fields) {
  chunk_.line = std::move(line);
  header_ = "ID,Timestamp";
  for (const Field& field : fields) {
    header_ += ',';
    common::append_cell(header_, field.unit.empty() ? field.name : common::cat(field.name, " (", field.unit, ')'));
  }
  header_ += kEndOfRow;
  chunk_.csv = header_;
}

bool ChunkBuilder::add(std::uint64_t id, const Moment& moment, const Row& row) {
  const std::size_t before = chunk_.csv.size();
  chunk_.csv += std::to_string(id);
  chunk_.csv += ',';
  common::append_timestamp(chunk_.csv, moment.utc_ns);
  for (const auto& cell : row.cells) {
    chunk_.csv += ',';
    common::append_cell(chunk_.csv, cell);
  }
  if (chunk_.csv.size() - before > common::RowLimits::kRowBytes) {
    chunk_.csv.resize(before);
    return false;
  }
  chunk_.csv += kEndOfRow;
  if (chunk_.rows++ == 0) {
    chunk_.first_id = id;
    chunk_.first = moment;
  }
  if (fresh_rows() == 1) first_fresh_ = moment;
  return true;
}

Chunk ChunkBuilder::newest() {
  const std::size_t begin = given_bytes_ == 0 ? header_.size() : given_bytes_;
  Chunk newest{chunk_.line, header_, chunk_.first_id + given_, fresh_rows(), first_fresh_};
  newest.csv.append(chunk_.csv, begin);
  given_ = chunk_.rows;
  given_bytes_ = chunk_.csv.size();
  return newest;
}

Chunk ChunkBuilder::take() {
  given_ = given_bytes_ = 0;
  Chunk taken = std::exchange(chunk_, Chunk{chunk_.line, header_, 0, 0, {}});
  chunk_.csv.reserve(taken.csv.size());
  return taken;
}

}  // namespace imagenode
