#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/file_system.hpp"
#include "imagehub/care/data_directory.hpp"
#include "imagehub/index/index.hpp"

namespace imagehub {

enum class AdoptWhat {
  pictures,
  foreign_tree,  ///< and log lines as the Python hub wrote them
  own_tree       ///< and log lines as this hub escapes them
};

struct Adopted {
  std::uint64_t images = 0;
  std::uint64_t events = 0;
  std::uint64_t other_lines = 0;     ///< of the logs that are no events, such as a traceback
  std::vector<std::string> ignored;  ///< files below images/ that are no pictures
  std::int64_t first_ns = 0;         ///< capture times of what was adopted; 0 when nothing was
  std::int64_t last_ns = 0;
};

/// Gives a row to every picture below images/ and every line of the event logs that has none, such as those of the
/// Python hub. Time, node and view come from name and line, else from the file's last change; names of files lost the
/// difference between a space and '-', which is found again where index or logs know the node. Reads no picture: CRCs
/// are left open. All rows must be finished (Index::finished) before; new ones are. Run again it adds nothing.
/// Call it on the thread of the index, while no hub files. Throws std::exception.
Adopted adopt(common::FileSystem& files, const DataDirectory& data, AdoptWhat what, Index& index,
              const Progress& progress);

}  // namespace imagehub
