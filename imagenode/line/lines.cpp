#include "imagenode/line/lines.hpp"

#include "common/text.hpp"

namespace imagenode {

Lines::Lines(const std::vector<LineSettings>& settings, const LineSeams& seams, const LineSinks& sinks,
             const common::Clock& clock, common::Liveness& liveness) {
  for (const LineSettings& one : settings) {
    threads_.push_back(std::make_unique<LineThread>(one, seams, sinks, clock, liveness));
  }
}

void Lines::start() {
  for (const auto& thread : threads_) thread->start();
}

void Lines::request_stop() {
  for (const auto& thread : threads_) thread->request_stop();
}

void Lines::stop() {
  request_stop();
  for (const auto& thread : threads_) thread->stop();
}

std::map<std::string, double> Lines::counts() const {
  std::map<std::string, double> all;
  for (const auto& thread : threads_) {
    const std::string& label = thread->settings().label;
    const auto add = [&](const char* name, std::uint64_t value) {
      all[common::cat(name, ' ', label)] = static_cast<double>(value);
    };
    const LineCounts& counts = thread->counts();
    add("line", thread->lost() ? 0 : 1);
    add("rows", counts.rows);
    add("rejected", counts.rejected);
    add("cut", counts.cut);
    if (!thread->settings().relay.address.empty()) add("relay_dropped", thread->relay_dropped());
  }
  return all;
}

}  // namespace imagenode
