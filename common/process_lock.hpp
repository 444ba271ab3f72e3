#pragma once

#include <string>

#include "common/files.hpp"

namespace common {

/// A name that only one process on this machine can hold; free again when the object is destroyed or the process ends
/// in any way. An abstract Unix socket, so there is no file to be left behind and no folder that both must share.
class ProcessLock {
 public:
  /// Throws LockedError, naming the process that holds the name. `what` says what it stands for.
  ProcessLock(const std::string& name, const std::string& what);

 private:
  UniqueFd socket_;
};

}  // namespace common
