#include "common/version.hpp"

namespace common {

const char* version() {
  return PROJECT_VERSION;
}

}  // namespace common
