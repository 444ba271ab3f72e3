#include "imagenode/light_command.hpp"

#include <map>
#include <stdexcept>
#include <vector>

#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

/// By the label, else by what people call it, which several may share.
std::vector<Lamp*> chosen(const std::vector<std::unique_ptr<Lamp>>& lamps, std::string_view name) {
  std::vector<Lamp*> by_name;
  for (const auto& lamp : lamps) {
    if (lamp->settings().label == name) return {lamp.get()};
    if (lamp->settings().name == name) by_name.push_back(lamp.get());
  }
  if (by_name.empty()) throw std::runtime_error(cat("no light named ", name));
  return by_name;
}

}  // namespace

CommandProgress switch_light(const std::vector<std::unique_ptr<Lamp>>& lamps, const std::string& arguments) {
  static const std::map<std::string, LightOrder, std::less<>> kOrders{
      {"on", LightOrder::on}, {"off", LightOrder::off}, {"auto", LightOrder::automatic}};
  const std::size_t space = arguments.rfind(' ');
  const auto order = kOrders.find(space == std::string::npos ? "" : arguments.substr(space + 1));
  if (order == kOrders.end()) throw std::runtime_error("Light needs a name and on, off or auto: Light L1 on");
  std::vector<LightRequestPtr> requests;
  for (Lamp* lamp : chosen(lamps, common::trimmed(std::string_view(arguments).substr(0, space)))) {
    requests.push_back(std::make_shared<LightRequest>(order->second));
    lamp->request(requests.back());
  }
  return [requests = std::move(requests)]() -> std::optional<std::string> {
    std::string failures;
    for (const LightRequestPtr& request : requests) {
      if (!request->done) return std::nullopt;
      if (!request->failure.empty()) failures += cat(failures.empty() ? "" : "; ", request->failure);
    }
    return failures;
  };
}

}  // namespace imagenode
