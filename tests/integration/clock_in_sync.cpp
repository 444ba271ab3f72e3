#include <sys/timex.h>

#include <cstdlib>

/// Put before a program with LD_PRELOAD: whatever keeps the clock of this computer, the program hears that it is
/// synchronised, or, with CLOCK_IN_SYNC=0, that it is not.
extern "C" int adjtimex(timex* state) noexcept {
  const char* wanted = std::getenv("CLOCK_IN_SYNC");
  const bool in_sync = wanted == nullptr || wanted[0] != '0';
  *state = {};
  state->status = in_sync ? STA_PLL : STA_UNSYNC;
  return in_sync ? TIME_OK : TIME_ERROR;
}
