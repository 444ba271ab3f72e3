#pragma once

namespace common {

/// The version of both programs, "1.0.0".
const char* version();

}  // namespace common
