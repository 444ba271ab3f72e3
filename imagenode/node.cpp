#include "imagenode/node.hpp"

#include <random>

#include "common/jpeg.hpp"
#include "common/log.hpp"
#include "common/process_lock.hpp"
#include "common/text.hpp"
#include "common/version.hpp"
#include "imagenode/camera/camera.hpp"
#include "imagenode/camera/source_factory.hpp"
#include "imagenode/detect/view_watch.hpp"
#include "imagenode/frame/tiny_picture.hpp"
#include "imagenode/health.hpp"
#include "imagenode/link/hub_link.hpp"
#include "imagenode/link/outbox.hpp"

namespace imagenode {
namespace {

using common::cat;
using common::to_ns;

/// How long a stop waits for a hub that does not answer.
constexpr std::int64_t kLastAttempt = common::kSecond;
constexpr std::int64_t kDropReportInterval = 60 * common::kSecond;

std::uint64_t random_boot() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

ViewSettings view_settings(const NodeSettings& node, const ViewEntry& entry) {
  ViewSettings view;
  view.node = node.name;
  view.view = entry.camera.viewname;
  view.send_type = entry.camera.send_type.value_or(node.send_type);
  view.jpeg_quality = entry.camera.jpeg_quality;
  view.queuemax = node.queuemax;
  view.analysis = entry.analysis;
  view.detectors = entry.detectors;
  return view;
}

/// A camera and who watches it.
struct View {
  std::unique_ptr<ViewWatch> watch;
  std::unique_ptr<Camera> camera;
};

}  // namespace

struct Node::Parts {
  Parts(const NodeSettings& given, const common::Clock& the_clock, common::Liveness& the_liveness)
      : settings(given),
        clock(the_clock),
        liveness(the_liveness),
        lock("imagenode:" + given.name, cat("the node name ", given.name)),
        outbox(random_boot(), static_cast<std::size_t>(given.outbox_mb) * 1024 * 1024, the_clock),
        tiny(tiny_picture(given.send_type)),
        link(given.link, given.name, outbox, the_clock, tiny) {
    outbox.on_put([this] { link.wake(); });
    for (const ViewEntry& entry : settings.views) add_view(entry);
  }

  void add_view(const ViewEntry& entry);
  common::Message event(const std::string& sender, const std::string& view, const std::string& what) const;
  common::Message with_identity(common::Message message) const;
  void send_restart();
  void send_heartbeat();
  bool report_drops();

  const NodeSettings settings;
  const common::Clock& clock;
  common::Liveness& liveness;
  common::ProcessLock lock;
  Outbox outbox;
  const TinyPicture tiny;
  HubLink link;
  std::vector<View> views;
  std::int64_t started_ns = 0;
  std::int64_t next_heartbeat_ns = 0;
  std::int64_t next_drop_report_ns = 0;
  std::uint64_t reported_drops = 0;
};

void Node::Parts::add_view(const ViewEntry& entry) {
  View view;
  view.watch = std::make_unique<ViewWatch>(view_settings(settings, entry));
  ViewWatch* watch = view.watch.get();
  const std::string view_name = entry.camera.viewname;
  CameraListener listener;
  listener.on_frame = [this, watch](const FramePtr& frame) {
    Outcome outcome = watch->watch(frame);
    for (auto& message : outcome.messages) outbox.put(std::move(message));
    for (auto& message : outcome.tuning) outbox.put_unstored(std::move(message));
  };
  listener.on_event = [this, view_name](const std::string& what) {
    outbox.put(event(cat(settings.name, ' ', view_name), view_name, what));
  };
  listener.on_finished = [] {};
  view.camera = std::make_unique<Camera>(entry.camera, make_source(entry.camera, SourceSeams{clock}),
                                         std::move(listener), clock, liveness);
  views.push_back(std::move(view));
}

/// An event of the node itself.
common::Message Node::Parts::event(const std::string& sender, const std::string& view, const std::string& what) const {
  common::Message message;
  message.text = cat(common::trimmed(sender), '|', what);
  message.node = settings.name;
  message.view = view;
  message.payload = tiny.payload;
  message.array = tiny.array;
  return message;
}

/// Who we are, in Restart and Heartbeat, and how often a heartbeat is to be expected.
common::Message Node::Parts::with_identity(common::Message message) const {
  message.version = cat("imagenode/", common::version());
  message.host = host_name();
  if (settings.heartbeat_s > 0) {
    message.fields["heartbeat_s"] = settings.heartbeat_s;
    message.units["heartbeat_s"] = "s";
  }
  return message;
}

void Node::Parts::send_restart() {
  outbox.put(with_identity(event(settings.name, "", cat("Restart|", describe_system()))));
}

void Node::Parts::send_heartbeat() {
  common::Message message = with_identity(event(settings.name, "", "Heartbeat"));
  const Health health = read_health();
  message.fields.insert(health.fields.begin(), health.fields.end());
  message.units.insert(health.units.begin(), health.units.end());
  const auto add = [&](const std::string& name, double value, const char* unit) {
    message.fields[name] = value;
    message.units[name] = unit;
  };
  const OutboxCounts counts = outbox.counts();
  add("uptime", static_cast<double>(clock.monotonic_ns() - started_ns) / 1e9, "s");
  add("queue", static_cast<double>(counts.queued_messages), "1");
  add("queue_bytes", static_cast<double>(counts.queued_bytes), "B");
  for (std::size_t i = 0; i < counts.dropped.size(); ++i) {
    const std::string name = common::name_of(static_cast<common::DeliveryClass>(i));
    add(name + "_dropped", static_cast<double>(counts.dropped[i]), "1");
    add(name + "_set_aside", static_cast<double>(counts.set_aside[i]), "1");
  }
  for (const View& view : views) {
    const CameraCounts camera = view.camera->counts();
    const std::string& label = view.camera->settings().label;
    add("fps " + label, camera.frames_per_second, "1/s");
    add("skipped " + label, static_cast<double>(camera.skipped), "1");
    add("damaged " + label, static_cast<double>(camera.damaged + view.watch->damaged_frames()), "1");
  }
  outbox.put_unstored(std::move(message));
}

/// Whether there was anything new to tell.
bool Node::Parts::report_drops() {
  const OutboxCounts counts = outbox.counts();
  std::uint64_t drops = 0;
  for (const auto count : counts.dropped) drops += count;
  if (drops == reported_drops) return false;
  common::log::warn(cat(drops - reported_drops,
                        " messages gave way because the hub takes them too slowly or not at all (",
                        counts.dropped[static_cast<std::size_t>(common::DeliveryClass::image)],
                        " images since the start); outbox_mb is ", settings.outbox_mb));
  reported_drops = drops;
  return true;
}

Node::Node(const NodeSettings& settings, const common::Clock& clock, common::Liveness& liveness)
    : parts_(std::make_unique<Parts>(settings, clock, liveness)) {}

Node::~Node() = default;

void Node::start() {
  Parts& parts = *parts_;
  parts.started_ns = parts.clock.monotonic_ns();
  parts.next_heartbeat_ns = parts.started_ns + to_ns(parts.settings.heartbeat_s);
  parts.send_restart();
  parts.link.start(parts.liveness);
  for (View& view : parts.views) view.camera->start();
}

void Node::tick() {
  Parts& parts = *parts_;
  const std::int64_t now = parts.clock.monotonic_ns();
  if (parts.settings.heartbeat_s > 0 && now >= parts.next_heartbeat_ns) {
    parts.next_heartbeat_ns = now + to_ns(parts.settings.heartbeat_s);
    parts.send_heartbeat();
  }
  if (now >= parts.next_drop_report_ns && parts.report_drops()) {
    parts.next_drop_report_ns = now + kDropReportInterval;
  }
}

void Node::stop() {
  Parts& parts = *parts_;
  const bool connected = parts.link.status().connected;
  const std::int64_t timeout = to_ns(parts.settings.shutdown_timeout_s);
  const std::int64_t deadline = parts.clock.monotonic_ns() + (connected ? timeout : std::min(timeout, kLastAttempt));
  const auto deliver = [&] {
    return parts.outbox.wait_until_empty(std::max<std::int64_t>(deadline - parts.clock.monotonic_ns(), 0));
  };
  // The link delivers while the cameras come to their end, which a driver can delay by seconds.
  for (View& view : parts.views) view.camera->request_stop();
  deliver();
  for (View& view : parts.views) view.camera->stop();
  if (!deliver()) {
    common::log::warn(cat(parts.outbox.counts().queued_messages, " messages were not delivered before the stop"));
  }
  parts.report_drops();
}

}  // namespace imagenode
