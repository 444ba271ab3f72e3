#include "imagenode/view_commands.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

constexpr int kMaxFrames = 1000;

/// By the view's name or the camera's label; all when there is no name. Of these the ones that have not come to their
/// end, as a video file does.
template <typename Some>
auto chosen(Some& views, std::string_view name) {
  std::vector<decltype(views.data())> found;
  std::string ended;
  for (auto& view : views) {
    const CameraSettings& camera = view.camera->settings();
    if (!name.empty() && name != camera.viewname && name != camera.label) continue;
    if (view.camera->finished()) {
      ended = camera.label;
    } else {
      found.push_back(&view);
    }
  }
  if (!found.empty()) return found;
  if (!ended.empty()) throw std::runtime_error(cat("camera ", ended, " has come to its end"));
  throw std::runtime_error(name.empty() ? "no cameras here" : cat("no view named ", name));
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

CommandProgress set_camera(Views& views, const MakeView& make_view, const std::string& arguments) {
  const std::size_t space = std::min(arguments.find(' '), arguments.size());
  const std::string key = arguments.substr(0, space);
  const std::string_view rest = common::trimmed(std::string_view(arguments).substr(space));
  // A tuple may hold spaces.
  const std::size_t close = rest.starts_with('(') ? rest.find(')') : std::string_view::npos;
  const std::size_t end = std::min(close == std::string_view::npos ? rest.find(' ') : close + 1, rest.size());
  std::vector<std::pair<View*, View>> changes;
  for (View* view : chosen(views, common::trimmed(rest.substr(end)))) {
    ViewEntry entry = view->entry;
    entry.camera = entry.camera.changed(key, std::string(rest.substr(0, end)));
    changes.emplace_back(view, make_view(entry));
    changes.back().second.set_by_command = true;
  }
  for (auto& [view, changed] : changes) view->camera->request_stop();
  for (auto& [view, changed] : changes) {
    // One device cannot be open twice; and a camera uses its watch to the end.
    view->camera->stop();
    changed.camera->succeed(view->camera->counts());
    view->camera.reset();
    *view = std::move(changed);
    view->camera->start();
  }
  return [] { return std::optional<std::string>(""); };
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
