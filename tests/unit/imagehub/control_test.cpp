#include "imagehub/control.hpp"

#include <atomic>
#include <stdexcept>

#include "catch.hpp"
#include "imagehub/status.hpp"
#include "temp_folder.hpp"

TEST_CASE("a status that cannot be told is answered with the reason, and the next one is told again") {
  const TempFolder folder;
  common::Liveness liveness;
  std::atomic<bool> broken = true;
  const imagehub::Control control(
      folder.path() / "control.sock",
      [&](const std::string&) -> std::string {
        if (broken) throw std::runtime_error("cannot look at \"disk\"");
        return "{}";
      },
      liveness);
  const auto ask = [&] { return imagehub::ask_hub(folder.path() / "control.sock", "status").value_or("no answer"); };
  CHECK(imagehub::format_status(ask()) == "imagehub cannot tell how it is: cannot look at \"disk\"\n");
  broken = false;
  CHECK(ask() == "{}");
}
