#include "imagenode/node.hpp"

#include <mutex>
#include <random>
#include <utility>

#include "common/command_record.hpp"
#include "common/jpeg.hpp"
#include "common/log.hpp"
#include "common/names.hpp"
#include "common/process_lock.hpp"
#include "common/service.hpp"
#include "common/text.hpp"
#include "common/version.hpp"
#include "imagenode/camera/source_factory.hpp"
#include "imagenode/command_runner.hpp"
#include "imagenode/delivery.hpp"
#include "imagenode/health.hpp"
#include "imagenode/light_command.hpp"
#include "imagenode/link/stamper.hpp"
#include "imagenode/messages.hpp"
#include "imagenode/peripherals.hpp"
#include "imagenode/reload.hpp"
#include "imagenode/roads.hpp"
#include "imagenode/view_commands.hpp"

namespace imagenode {
namespace {

using common::cat;
using common::to_ns;

/// Of the link to the hub: answers that are waited for, a name server, the Avahi daemon.
constexpr std::int64_t kLongestChange = 300 * common::kSecond;

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

std::unique_ptr<Ledger> made_ledger(const NodeSettings& settings, common::FileSystem& files) {
  if (settings.ledger.empty() || settings.demo) return nullptr;
  return std::make_unique<Ledger>(files, settings.ledger);
}

}  // namespace

struct Node::Parts {
  Parts(const NodeSettings& given, common::FileSystem& files, const common::Clock& the_clock,
        common::Liveness& the_liveness)
      : settings(given),
        node_name(given.name),
        clock(the_clock),
        liveness(the_liveness),
        lock("imagenode:" + given.name, cat("the node name ", given.name)),
        boot(random_boot()),
        messages(given.name, tiny_picture(given.send_type)),
        ledger(made_ledger(given, files)),
        deliveries(made_deliveries(files)),
        stamper(boot, the_clock, outboxes(), given.demo),
        commands(command_kinds(), given.commands, CommandMemory(files, command_file()), the_clock,
                 [this](std::uint64_t id, const std::string& text, const std::string& outcome) {
                   report_command(id, text, outcome);
                 }),
        peripherals(
            files,
            {[this](const Reading& reading) { take(reading); },
             [this](const Chunk& chunk) { stamper.put(messages.rows(chunk)); },
             [this](const Chunk& chunk) { show(chunk); }},
            [this](const std::string& arguments) {
              const std::lock_guard held(views_mutex);
              return send_frames(views, arguments);
            },
            the_clock, the_liveness) {
    for (const auto& delivery : deliveries) {
      delivery->on_command([this](std::uint64_t id, const std::string& text) { commands.take(id, text); });
    }
    for (const ViewEntry& entry : settings.views) views.push_back(made_view(settings, entry));
  }

  ~Parts() {
    // Cameras, peripherals and spools put into every road, so all of them end before the first road goes. Actions ask
    // the views for frames.
    for (View& view : views) view.camera->request_stop();
    peripherals.stop();
    views.clear();
    for (const auto& delivery : deliveries) delivery->end_link();  // they bring commands
    stop_roads(clock.monotonic_ns() + stop_time_ns(settings));
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  Deliveries made_deliveries(common::FileSystem& files);
  std::vector<Outbox*> outboxes() const;
  CommandKinds command_kinds();
  std::filesystem::path command_file() const;
  void report_command(std::uint64_t id, const std::string& text, const std::string& outcome);
  View made_view(const NodeSettings& node, const ViewEntry& entry);
  void reload();
  void take(const Reading& reading);
  void put(Outcome outcome);
  void show(const Chunk& chunk);
  void tell(common::Message message);
  common::Message with_identity(common::Message message) const;
  common::MessagePtr send_restart();
  void send_heartbeat();
  void stop_roads(std::int64_t by_ns);

  NodeSettings settings;        ///< of the main thread, since reload() changes them
  const std::string node_name;  ///< for all threads
  const common::Clock& clock;
  common::Liveness& liveness;
  common::ProcessLock lock;
  const std::uint64_t boot;
  const Messages messages;
  std::unique_ptr<Ledger> ledger;
  const Deliveries deliveries;
  Stamper stamper;
  CommandRunner commands;
  std::mutex views_mutex;  ///< the main thread changes them, actions ask them for frames
  Views views;
  Peripherals peripherals;
  bool restart_wanted = false;
  std::int64_t started_ns = 0;
  std::int64_t next_heartbeat_ns = 0;
  bool stopped = false;
};

Deliveries Node::Parts::made_deliveries(common::FileSystem& files) {
  Deliveries made;
  const auto wanted = roads(settings);
  for (const auto& file : unused_spools(settings, wanted, files)) {
    common::log::warn(cat("spool ", file.string(),
                          " is not used with these settings: what waits there is for a hub that "
                          "they do not name, or from before mirror or spool was changed"));
  }
  for (const DeliverySettings& road : wanted) {
    made.push_back(std::make_unique<Delivery>(
        road, Sender{node_name, boot, messages.tiny(), settings.demo}, files, clock, ledger.get(),
        [this](const std::string& what) { tell(messages.event(cat("spool|", what))); }));
  }
  return made;
}

std::vector<Outbox*> Node::Parts::outboxes() const {
  std::vector<Outbox*> all;
  for (const auto& delivery : deliveries) all.push_back(&delivery->outbox());
  return all;
}

View Node::Parts::made_view(const NodeSettings& node, const ViewEntry& entry) {
  View view;
  view.entry = entry;
  view.watch = std::make_unique<ViewWatch>(view_settings(node, entry));
  ViewWatch* watch = view.watch.get();
  const std::string view_name = entry.camera.viewname;
  CameraListener listener;
  listener.on_frame = [this, watch](const FramePtr& frame) { put(watch->watch(frame)); };
  listener.on_still = [this, watch](const FramePtr& frame) { put(watch->still(frame)); };
  listener.on_event = [this, view_name](const std::string& what) {
    tell(messages.event(cat(node_name, ' ', view_name), view_name, what));
  };
  listener.on_finished = [] {};
  view.camera = std::make_unique<Camera>(entry.camera, make_source(entry.camera, SourceSeams{clock}),
                                         std::move(listener), clock, liveness);
  if (entry.camera.still_resolution) {
    CameraSettings still = entry.camera;
    still.resolution = still.still_resolution;
    view.camera->take_stills_from(make_source(still, SourceSeams{clock}));
  }
  return view;
}

void Node::Parts::take(const Reading& reading) {
  if (reading.grid) stamper.put(messages.samples(reading));
  if (!reading.text.empty()) tell(messages.event(reading));
}

/// All events of this node go through here. What an action tells comes behind what brought it about.
void Node::Parts::tell(common::Message message) {
  peripherals.hear(stamper.put(std::move(message)));
}

void Node::Parts::put(Outcome outcome) {
  for (auto& message : outcome.messages) tell(std::move(message));
  for (auto& message : outcome.tuning) stamper.put_unstored(std::move(message));
  for (const auto& request : outcome.fulfilled) request->done = true;
}

CommandKinds Node::Parts::command_kinds() {
  const auto set = [this](const std::string& arguments) {
    const std::lock_guard held(views_mutex);
    return set_camera(
        views, [this](const ViewEntry& entry) { return made_view(settings, entry); }, arguments);
  };
  return {{"Set", set},
          {"SetResolution", [set](const std::string& arguments) { return set("resolution " + arguments); }},
          {"SendFrames", [this](const std::string& arguments) { return send_frames(views, arguments); }},
          {"Light", [this](const std::string& arguments) { return switch_light(peripherals.lamps(), arguments); }},
          {"Still", [this](const std::string& arguments) { return take_still(views, arguments); }},
          {"ReloadYaml",
           [this](const std::string&) {
             reload();
             return [] { return std::optional<std::string>(""); };
           }},
          {"Restart", [this](const std::string&) {
             restart_wanted = true;
             return [] { return std::optional<std::string>(""); };
           }}};
}

/// Throws std::exception with the reason when nothing was changed.
void Node::Parts::reload() {
  SettingsChange change = read_again(settings);
  Peripherals::Renewed renewed = peripherals.renewed(change.now, change.keys);
  Delivery::Link link;
  if (changes_link(change)) link = deliveries.front()->made_link(roads(change.now).front());
  {
    const std::lock_guard held(views_mutex);
    renew_cameras(views, change, [&](const ViewEntry& entry) { return made_view(change.now, entry); });
  }
  peripherals.become(std::move(renewed));
  commands.allow(change.now.commands);
  const bool other_heartbeat = change.now.heartbeat_s != settings.heartbeat_s;
  settings = std::move(change.now);
  if (link.link) {
    const common::WatchdogPause pause(kLongestChange);
    deliveries.front()->change_link(std::move(link), liveness);
  }
  for (const auto& note : settings.notes) common::log::info(note);
  common::log::info(cat("the settings were read again; changed: ", common::listed(change.keys)));
  if (!other_heartbeat) return;
  next_heartbeat_ns = clock.monotonic_ns() + to_ns(settings.heartbeat_s);
  send_heartbeat();  // a hub that waits for the old interval would miss us
}

std::filesystem::path Node::Parts::command_file() const {
  return settings.spool.folder / (common::path_component(node_name) + ".commands");
}

void Node::Parts::report_command(std::uint64_t id, const std::string& text, const std::string& outcome) {
  common::Message report = messages.event(cat("command|", text, '|', outcome));
  report.fields[common::kCommandField] = static_cast<double>(id);
  tell(std::move(report));
}

void Node::Parts::show(const Chunk& chunk) {
  common::Message message = messages.rows(chunk);
  message.live = true;
  stamper.put_unstored(std::move(message));
}

/// Who we are, in Restart and Heartbeat, and how often a heartbeat is to be expected; 0: never.
common::Message Node::Parts::with_identity(common::Message message) const {
  message.version = cat("imagenode/", common::version());
  message.host = host_name();
  message.fields["heartbeat_s"] = settings.heartbeat_s;
  message.units["heartbeat_s"] = "s";
  return message;
}

common::MessagePtr Node::Parts::send_restart() {
  return stamper.put(with_identity(messages.event(cat("Restart|", describe_system()))));
}

void Node::Parts::send_heartbeat() {
  common::Message message = with_identity(messages.event("Heartbeat"));
  const Health health = read_health();
  message.fields.insert(health.fields.begin(), health.fields.end());
  message.units.insert(health.units.begin(), health.units.end());
  const auto add = [&](const std::string& name, double value, const char* unit) {
    message.fields[name] = value;
    message.units[name] = unit;
  };
  add("uptime", static_cast<double>(clock.monotonic_ns() - started_ns) / 1e9, "s");
  for (const View& view : views) {
    const CameraCounts camera = view.camera->counts();
    const std::string& label = view.camera->settings().label;
    add("fps " + label, camera.frames_per_second, "1/s");
    add("skipped " + label, static_cast<double>(camera.skipped), "1");
    add("damaged " + label, static_cast<double>(camera.damaged + view.watch->damaged_frames()), "1");
  }
  for (const auto& [name, value] : peripherals.counts()) add(name, value, "1");
  for (const auto& delivery : deliveries) {
    if (delivery->hub().empty()) continue;
    add("connected " + delivery->hub(), delivery->connected() ? 1 : 0, "1");
    add("queue " + delivery->hub(), static_cast<double>(delivery->outbox().counts().queued_messages), "1");
  }
  // Each hub is told of its own queue, and of what it misses.
  for (const auto& delivery : deliveries) {
    common::Message own = message;
    delivery->describe(own);
    stamper.put_unstored(std::move(own), delivery->outbox());
  }
}

void Node::Parts::stop_roads(std::int64_t by_ns) {
  if (!std::exchange(stopped, true)) stop_together(deliveries, by_ns);
}

Node::Node(const NodeSettings& settings, common::FileSystem& files, const common::Clock& clock,
           common::Liveness& liveness)
    : parts_(std::make_unique<Parts>(settings, files, clock, liveness)) {}

Node::~Node() = default;

void Node::start() {
  Parts& parts = *parts_;
  parts.started_ns = parts.clock.monotonic_ns();
  common::log::info(cat("this start is boot ", common::hex64(parts.boot)));
  if (parts.settings.demo) {
    common::log::warn(
        "--demo: the hub shows what this node sends (`imagehub live`), and nobody stores it; what waits "
        "in the spool of an earlier start stays there");
  }
  parts.next_heartbeat_ns = parts.started_ns + to_ns(parts.settings.heartbeat_s);
  const common::MessagePtr restart = parts.send_restart();
  for (const auto& delivery : parts.deliveries) delivery->start(parts.liveness);
  parts.peripherals.become(parts.peripherals.renewed(parts.settings, {}));
  parts.peripherals.hear(restart);  // which is the first of all; only now somebody can hear it
  for (View& view : parts.views) view.camera->start();
}

bool Node::tick() {
  Parts& parts = *parts_;
  parts.commands.tick();
  parts.peripherals.tick();
  const std::int64_t now = parts.clock.monotonic_ns();
  if (parts.settings.heartbeat_s > 0 && now >= parts.next_heartbeat_ns) {
    parts.next_heartbeat_ns = now + to_ns(parts.settings.heartbeat_s);
    parts.send_heartbeat();
  }
  for (const auto& delivery : parts.deliveries) delivery->report_drops();
  return !parts.restart_wanted;
}

void Node::reload() {
  try {
    parts_->reload();
  } catch (const std::exception& error) {
    common::log::error(cat("the settings were not taken, all goes on as before: ", error.what()));
  }
}

std::int64_t Node::longest_stop_ns() const {
  return stop_time_ns(parts_->settings);
}

void Node::stop() {
  Parts& parts = *parts_;
  const std::int64_t by_ns = parts.clock.monotonic_ns() + longest_stop_ns();
  for (const auto& delivery : parts.deliveries) delivery->begin_stop(to_ns(parts.settings.shutdown_timeout_s));
  const auto deliver = [&] {
    for (const auto& delivery : parts.deliveries) delivery->finish();
  };
  // The links deliver while cameras and peripherals come to their end, which a driver can delay by seconds.
  for (View& view : parts.views) view.camera->request_stop();
  parts.peripherals.request_stop();
  deliver();
  for (View& view : parts.views) view.camera->stop();
  parts.peripherals.stop();
  deliver();
  parts.stop_roads(by_ns);
}

}  // namespace imagenode
