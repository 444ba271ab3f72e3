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

  /// False when the row is longer than a hub takes, which would refuse the whole chunk for it; it is left out then.
  bool add(std::uint64_t id, const Moment& moment, const Row& row);
  const Chunk& chunk() const { return chunk_; }

  /// How many rows of this chunk newest() has not given yet, and the first of them.
  std::size_t fresh_rows() const { return chunk_.rows - given_; }
  const Moment& first_fresh() const { return first_fresh_; }
  /// These, as a chunk of their own; they stay in this one too.
  Chunk newest();

  /// What was collected; the next one is begun.
  Chunk take();

 private:
  std::string header_;
  Chunk chunk_;
  std::size_t given_ = 0;        // rows, and where they end
  std::size_t given_bytes_ = 0;  // 0: with the header
  Moment first_fresh_;
};

}  // namespace imagenode
