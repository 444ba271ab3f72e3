#pragma once

#include <memory>
#include <vector>

#include "imagenode/output/lamp.hpp"

namespace imagenode {

/// All lights of a node, each with its thread. Belongs to the thread that owns it.
class Lamps {
 public:
  /// The sink is called from the thread of each light.
  Lamps(const std::vector<LampSettings>& settings, const GpioChips& chips, const ReadingSink& sink,
        const common::Clock& clock, common::Liveness& liveness);

  void start();
  void request_stop();
  /// request_stop(), then waits until all are off and their threads have ended.
  void stop();

  const std::vector<std::unique_ptr<Lamp>>& all() const { return lamps_; }

 private:
  std::vector<std::unique_ptr<Lamp>> lamps_;
};

}  // namespace imagenode
