#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "imagenode/line/line_thread.hpp"

namespace imagenode {

/// All lines of a node, each with its thread. Belongs to the thread that owns it.
class Lines {
 public:
  /// The sinks are called from the thread of each line.
  Lines(const std::vector<LineSettings>& settings, const LineSeams& seams, const LineSinks& sinks,
        const common::Clock& clock, common::Liveness& liveness);

  void start();
  void request_stop();
  /// request_stop(), then waits for their threads, which give away what they have.
  void stop();

  /// For a heartbeat: whether each line is there (`line <label>`), and what became of its rows.
  std::map<std::string, double> counts() const;

 private:
  std::vector<std::unique_ptr<LineThread>> threads_;
};

}  // namespace imagenode
