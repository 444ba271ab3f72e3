#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "common/files.hpp"

/// Sockets for lines and relays. Failures throw LineError, which says what to do about it, or std::system_error.
/// Thread-safe.
namespace imagenode {

/// `address` is tcp://host:port; host * is every interface.
common::UniqueFd listen_tcp(const std::string& address);

/// A socket that a dead program left at that path gives way.
common::UniqueFd listen_unix(const std::filesystem::path& path);

/// Gives up after ten seconds.
common::UniqueFd connect_tcp(const std::string& address, const std::stop_token& stop);

/// Without blocking; nothing when nobody waits.
common::UniqueFd accept_one(int socket);

}  // namespace imagenode
