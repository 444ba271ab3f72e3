#include "imagenode/output/lamps.hpp"

namespace imagenode {

Lamps::Lamps(const std::vector<LampSettings>& settings, const GpioChips& chips, const ReadingSink& sink,
             const common::Clock& clock, common::Liveness& liveness) {
  for (const LampSettings& one : settings) {
    lamps_.push_back(std::make_unique<Lamp>(one, chips, sink, clock, liveness));
  }
}

void Lamps::start() {
  for (const auto& lamp : lamps_) lamp->start();
}

void Lamps::request_stop() {
  for (const auto& lamp : lamps_) lamp->request_stop();
}

void Lamps::stop() {
  request_stop();
  for (const auto& lamp : lamps_) lamp->stop();
}

}  // namespace imagenode
