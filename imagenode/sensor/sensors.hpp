#pragma once

#include <memory>
#include <vector>

#include "imagenode/sensor/sensor_thread.hpp"

namespace imagenode {

/// All sensors of a node, each with its thread. Belongs to the thread that owns it.
class Sensors {
 public:
  /// The sink is called from the thread of each sensor.
  Sensors(const std::vector<SensorSettings>& settings, const SensorSeams& seams, const ReadingSink& sink,
          const common::Clock& clock, common::Liveness& liveness);

  void start();
  void request_stop();
  /// request_stop(), then waits for their threads.
  void stop();

  const std::vector<std::unique_ptr<SensorThread>>& all() const { return threads_; }

 private:
  std::vector<std::unique_ptr<SensorThread>> threads_;
};

}  // namespace imagenode
