#include "imagenode/view_commands.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

constexpr int kMaxFrames = 1000;

/// By the view's name or the camera's label; all when there is no name.
std::vector<const View*> chosen(const Views& views, std::string_view name) {
  std::vector<const View*> found;
  for (const View& view : views) {
    const CameraSettings& camera = view.camera->settings();
    if (!name.empty() && name != camera.viewname && name != camera.label) continue;
    if (view.camera->finished()) throw std::runtime_error(cat("camera ", camera.label, " has come to its end"));
    found.push_back(&view);
  }
  if (found.empty()) throw std::runtime_error(name.empty() ? "no cameras here" : cat("no view named ", name));
  return found;
}

CommandProgress until_done(std::vector<FrameRequestPtr> requests) {
  return [requests = std::move(requests)]() -> std::optional<std::string> {
    const auto done = [](const FrameRequestPtr& request) { return request->done.load(); };
    if (!std::all_of(requests.begin(), requests.end(), done)) return std::nullopt;
    return "";
  };
}

}  // namespace

CommandProgress send_frames(const Views& views, const std::string& arguments) {
  int count = 0;
  const char* end = arguments.data() + arguments.size();
  const auto [rest, error] = std::from_chars(arguments.data(), end, count);
  if (error != std::errc{} || (rest != end && *rest != ' ') || count < 1 || count > kMaxFrames) {
    throw std::runtime_error(cat("SendFrames needs a number of frames from 1 to ", kMaxFrames));
  }
  std::vector<FrameRequestPtr> requests;
  for (const View* view : chosen(views, common::trimmed({rest, static_cast<std::size_t>(end - rest)}))) {
    requests.push_back(std::make_shared<FrameRequest>(count));
    view->watch->want_frames(requests.back());
  }
  return until_done(std::move(requests));
}

CommandProgress take_still(const Views& views, const std::string& arguments) {
  std::vector<FrameRequestPtr> requests;
  for (const View* view : chosen(views, arguments)) {
    requests.push_back(std::make_shared<FrameRequest>(1));
    view->watch->want_still(requests.back());
    view->camera->want_still();
  }
  return until_done(std::move(requests));
}

}  // namespace imagenode
