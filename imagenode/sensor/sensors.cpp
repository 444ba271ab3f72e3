#include "imagenode/sensor/sensors.hpp"

namespace imagenode {

Sensors::Sensors(const std::vector<SensorSettings>& settings, const SensorSeams& seams, const ReadingSink& sink,
                 const common::Clock& clock, common::Liveness& liveness) {
  for (const SensorSettings& one : settings) {
    threads_.push_back(std::make_unique<SensorThread>(one, one.make(seams), sink, clock, liveness));
  }
}

void Sensors::start() {
  for (const auto& thread : threads_) thread->start();
}

void Sensors::request_stop() {
  for (const auto& thread : threads_) thread->request_stop();
}

void Sensors::stop() {
  request_stop();
  for (const auto& thread : threads_) thread->stop();
}

}  // namespace imagenode
