#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "imagenode/group.hpp"
#include "imagenode/line/line_thread.hpp"
#include "imagenode/output/audience.hpp"
#include "imagenode/sensor/sensor_thread.hpp"
#include "imagenode/settings.hpp"

namespace imagenode {

/// All of a node that has a thread and is not a camera: sensors, lines, lights and actions. Main thread only, but for
/// hear().
class Peripherals {
 public:
  /// The sinks are called from the thread of each of them, and by tick() and stop(); frames are asked for by the
  /// threads of actions.
  Peripherals(common::FileSystem& files, LineSinks sinks, AskForFrames frames, const common::Clock& clock,
              common::Liveness& liveness);

  /// What the settings ask for, not started yet. Those whose key (`sensors.S1`) is not among `changed` go on.
  struct Renewed {
    std::vector<Group<SensorThread>::Member> sensors;
    std::vector<Group<LineThread>::Member> lines;
    std::vector<Group<Lamp>::Member> lamps;
    std::vector<Group<Action>::Member> actions;
  };
  Renewed renewed(const NodeSettings& settings, const std::vector<std::string>& changed);

  /// Ends those that do not go on, and starts those that are new.
  void become(Renewed renewed);

  /// What this node has told: lights and actions may be meant. Thread-safe, and waits for nobody.
  void hear(const common::MessagePtr& message) { audience_.hear(message); }

  /// Once a second: for what detectors of sensors and lines see in time alone, such as silence, and for actions.
  void tick();

  const std::vector<std::unique_ptr<Lamp>>& lamps() const { return lamps_.all(); }

  void request_stop();
  /// request_stop(), then waits for their threads, which give away what they have.
  void stop();

  /// For a heartbeat: whether each of them is there, and what became of rows. All are counts, or 1 and 0.
  std::map<std::string, double> counts() const;

 private:
  common::FileSystem& files_;
  const LineSinks sinks_;
  const AskForFrames frames_;
  const common::Clock& clock_;
  common::Liveness& liveness_;
  Group<SensorThread> sensors_;
  Group<LineThread> lines_;
  SharedPins pins_;
  Group<Lamp> lamps_;
  Group<Action> actions_;
  Audience audience_;
};

}  // namespace imagenode
