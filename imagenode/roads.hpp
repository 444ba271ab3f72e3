#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "common/file_system.hpp"
#include "imagenode/delivery.hpp"
#include "imagenode/settings.hpp"

namespace imagenode {

/// The roads that the settings ask for: one, or with `mirror` one to each hub, each with a spool of its own.
std::vector<DeliverySettings> roads(const NodeSettings& node);

/// Spools of this node that none of the roads uses: of a hub that was taken out of the settings, or of the time before
/// `mirror` was changed. A disk that cannot be read has none, and of a demo no spool is missed.
std::vector<std::filesystem::path> unused_spools(const NodeSettings& node, const std::vector<DeliverySettings>& roads,
                                                 common::FileSystem& files);

/// How long a stop may take: `shutdown_timeout` for the hubs, then what a slow SD card needs for the memory of all
/// roads.
std::int64_t stop_time_ns(const NodeSettings& node);

}  // namespace imagenode
