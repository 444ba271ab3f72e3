#include "imagenode/line/chunk.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include "common/rows.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

constexpr std::string_view kEndOfRow = "\r\n";

}  // namespace

void append_cell(std::string& csv, std::string_view cell) {
  if (cell.find_first_of(",\"\r\n") == std::string_view::npos) {
    csv += cell;
    return;
  }
  csv += '"';
  for (const char c : cell) {
    if (c == '"') csv += '"';
    csv += c;
  }
  csv += '"';
}

void append_timestamp(std::string& csv, std::int64_t utc_ns) {
  std::array<char, 32> text{};
  const std::int64_t us = utc_ns / common::kMicrosecond;
  const int length = std::snprintf(text.data(), text.size(), "%lld.%06lld", static_cast<long long>(us / 1'000'000),
                                   static_cast<long long>(us % 1'000'000));
  csv.append(text.data(), static_cast<std::size_t>(length));
}

ChunkBuilder::ChunkBuilder(std::string line, const std::vector<Field>& fields) {
  chunk_.line = std::move(line);
  header_ = "ID,Timestamp";
  for (const Field& field : fields) {
    header_ += ',';
    append_cell(header_, field.unit.empty() ? field.name : common::cat(field.name, " (", field.unit, ')'));
  }
  header_ += kEndOfRow;
  chunk_.csv = header_;
}

bool ChunkBuilder::add(std::uint64_t id, const Moment& moment, const Row& row) {
  const std::size_t before = chunk_.csv.size();
  chunk_.csv += std::to_string(id);
  chunk_.csv += ',';
  append_timestamp(chunk_.csv, moment.utc_ns);
  for (const auto& cell : row.cells) {
    chunk_.csv += ',';
    append_cell(chunk_.csv, cell);
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
