#include "imagenode/reload.hpp"

#include <map>
#include <set>
#include <stdexcept>

#include "catch.hpp"
#include "common/settings_reader.hpp"
#include "common/thread.hpp"
#include "fake_clock.hpp"
#include "imagenode/camera/source_factory.hpp"
#include "temp_folder.hpp"

using namespace imagenode;
using Texts = std::vector<std::string>;

namespace {

const std::string kHead = "node: {name: Barn}\nhub_address: {H1: 'tcp://hub:5555'}\n";

std::string camera(const std::string& label, const std::string& more = "") {
  return label + ": {viewname: view of " + label + ", src: test" + more + "}";
}
std::string cameras(const Texts& all) {
  std::string text = "cameras:\n";
  for (const auto& one : all) text += "  " + one + "\n";
  return text;
}

/// A node that has nothing but its cameras, with a settings file.
struct Node {
  explicit Node(const std::string& text) {
    write(text);
    settings = load_node_settings(file());
    for (const ViewEntry& entry : settings.views) {
      views.push_back(made(entry));
      views.back().camera->start();
    }
  }

  std::filesystem::path file() const { return folder.path() / "imagenode.yaml"; }
  void write(const std::string& text) const { write_file(file(), common::Bytes(text.begin(), text.end())); }

  View made(const ViewEntry& entry) {
    if (refused.contains(entry.camera.label)) throw std::runtime_error("no such camera");
    View view;
    view.entry = entry;
    view.watch = std::make_unique<ViewWatch>(ViewSettings{});
    CameraListener listener{[](const FramePtr&) {}, [](const std::string&) {}, [] {}};
    view.camera = std::make_unique<Camera>(entry.camera, make_source(entry.camera, {clock}), std::move(listener), clock,
                                           liveness);
    return view;
  }

  void reload(const std::string& text) {
    write(text);
    SettingsChange change = read_again(settings);
    renew_cameras(views, change, [this](const ViewEntry& entry) { return made(entry); });
    settings = std::move(change.now);
  }

  /// By label.
  std::map<std::string, const Camera*> running() const {
    std::map<std::string, const Camera*> all;
    for (const View& view : views) all[view.camera->settings().label] = view.camera.get();
    return all;
  }
  Texts labels() const {
    Texts all;
    for (const View& view : views) all.push_back(view.entry.camera.label);
    return all;
  }

  const TempFolder folder;
  const common::SystemClock clock;
  common::Liveness liveness;
  std::set<std::string> refused;
  NodeSettings settings;
  Views views;
};

std::string refusal(const NodeSettings& settings) {
  try {
    read_again(settings);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("cameras whose settings changed are made anew, all others go on") {
  Node node(kHead + cameras({camera("T1"), camera("T2"), camera("T3")}));
  const auto before = node.running();
  node.reload(kHead + cameras({camera("T4"), camera("T3"), camera("T2", ", framerate: 5"), "# without the first"}));
  CHECK(node.labels() == Texts{"T2", "T3", "T4"});
  const auto after = node.running();
  CHECK(after.at("T3") == before.at("T3"));
  CHECK(after.at("T2") != before.at("T2"));
  CHECK(after.at("T2")->settings().framerate == 5);
}

TEST_CASE("a file that says the same disturbs no camera") {
  Node node(kHead + cameras({camera("T1"), camera("T2")}));
  const auto before = node.running();
  node.reload("# a comment\n" + kHead + cameras({camera("T1"), camera("T2")}));
  CHECK(node.running() == before);
}

TEST_CASE("a camera that a command had changed is again as the file says") {
  Node node(kHead + cameras({camera("T1"), camera("T2")}));
  set_camera(
      node.views, [&](const ViewEntry& entry) { return node.made(entry); }, "framerate 7 T1");
  const auto before = node.running();
  REQUIRE(before.at("T1")->settings().framerate == 7);
  node.reload(kHead + cameras({camera("T1"), camera("T2")}));
  CHECK_FALSE(node.running().at("T1")->settings().framerate);
  CHECK(node.running().at("T2") == before.at("T2"));
}

TEST_CASE("what all cameras are made of has all of them made anew") {
  Node node(kHead + cameras({camera("T1"), camera("T2")}));
  const auto before = node.running();
  node.reload("node: {name: Barn, queuemax: 7}\nhub_address: {H1: 'tcp://hub:5555'}\n" +
              cameras({camera("T1"), camera("T2")}));
  CHECK(node.running().at("T1") != before.at("T1"));
  CHECK(node.running().at("T2") != before.at("T2"));
  CHECK(node.labels() == Texts{"T1", "T2"});
}

TEST_CASE("when one camera cannot be made all stay as they were") {
  Node node(kHead + cameras({camera("T1"), camera("T2")}));
  const auto before = node.running();
  node.refused = {"T3"};
  CHECK_THROWS(node.reload(kHead + cameras({camera("T1", ", framerate: 5"), camera("T3")})));
  CHECK(node.running() == before);
}

TEST_CASE("a wrong file is refused with its first problem, and how many more there are") {
  Node node(kHead + cameras({camera("T1")}));
  node.write(kHead + cameras({camera("T1", ", framerate: fast")}));
  CHECK_THAT(refusal(node.settings), ContainsSubstring("imagenode.yaml:4:") && ContainsSubstring("framerate: fast is"));
  CHECK(refusal(node.settings).front() == 'i');
  node.write(kHead + cameras({camera("T1", ", framerate: fast, colour: red")}));
  CHECK_THAT(refusal(node.settings), ContainsSubstring("framerate: fast is") && ContainsSubstring("(and 1 more)"));
  node.write("node: [");
  CHECK_THAT(refusal(node.settings), ContainsSubstring("imagenode.yaml:1:"));
  std::filesystem::remove(node.file());
  CHECK_THAT(refusal(node.settings), ContainsSubstring("there is no such settings file"));
}

TEST_CASE("a change that only a restart can make is refused, and named") {
  Node node(kHead + cameras({camera("T1")}));
  node.write("node: {name: Shed, patience: 20, heartbeat: 5s}\nhub_address: {H1: 'tcp://hub:5555', H2: 'tcp://b:1'}\n" +
             cameras({camera("T1")}));
  CHECK(refusal(node.settings) ==
        "node.name, node.patience: a change needs a restart of the node; nothing was changed");
}

TEST_CASE("other hubs are taken while the node runs, where no spool depends on them") {
  const std::string hubs = "hub_address: {H1: 'tcp://hub:5555', H2: 'tcp://b:1'}\n";
  Node node(kHead + cameras({camera("T1")}));
  node.write("node: {name: Barn, window: 5, bandwidth_kbit: 900, retry_first: 60}\n" + hubs + cameras({camera("T1")}));
  const SettingsChange change = read_again(node.settings);
  CHECK(changes_link(change));
  CHECK(change.now.link.addresses == Texts{"tcp://hub:5555", "tcp://b:1"});
  node.write("node: {name: Barn, network: north}\nhub_address: auto\n" + cameras({camera("T1")}));
  CHECK(changes_link(read_again(node.settings)));
  node.write("node: {name: Barn, heartbeat: 5s}\nhub_address: {H1: 'tcp://hub:5555'}\n" + cameras({camera("T1")}));
  CHECK_FALSE(changes_link(read_again(node.settings)));

  node.write("node: {name: Barn, mirror: True}\n" + hubs + cameras({camera("T1")}));
  CHECK(refusal(node.settings) ==
        "hub_address.H2, node.mirror: a change needs a restart of the node; nothing was changed");
  node.write("node: {name: Barn}\nhub_address: none\n" + cameras({camera("T1")}));
  CHECK_THAT(refusal(node.settings), ContainsSubstring("hub_address, hub_address.H1: a change needs a restart"));
}

TEST_CASE("what a node uses from then on is no reason for a restart") {
  Node node(kHead + cameras({camera("T1")}));
  const auto before = node.running();
  node.reload(
      "node: {name: Barn, heartbeat: 5s, commands: [Still], shutdown_timeout: 3s, print_settings: True}\n"
      "hub_address: {H1: 'tcp://hub:5555'}\n" +
      cameras({camera("T1")}));
  CHECK(node.settings.heartbeat_s == 5);
  CHECK(node.settings.commands == std::set<std::string>{"Still"});
  CHECK(node.running() == before);
}
