#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imagenode/line/fields.hpp"
#include "imagenode/line/moment.hpp"

namespace imagenode {

/// Rows that travel together: CSV (RFC 4180) with the header `ID,Timestamp,<name> (<unit>),...`. IDs count the rows of
/// a line since the start of the node; timestamps are Unix seconds with microseconds.
struct Chunk {
  std::string line;  ///< label
  std::string csv;
  std::uint64_t first_id = 0;
  std::size_t rows = 0;
  Moment first;  ///< of the first row
};

/// Collects rows for a chunk. Bound to a thread.
class ChunkBuilder {
 public:
  ChunkBuilder(std::string line, const std::vector<Field>& fields);

  void add(std::uint64_t id, const Moment& moment, const Row& row);
  const Chunk& chunk() const { return chunk_; }
  /// What was collected; the next one is begun.
  Chunk take();

 private:
  std::string header_;
  Chunk chunk_;
};

/// A CSV cell, in quotes where it needs them.
void append_cell(std::string& csv, std::string_view cell);
/// Unix seconds with six decimals.
void append_timestamp(std::string& csv, std::int64_t utc_ns);

}  // namespace imagenode
