#include "imagehub/control.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <zmq.hpp>

#include "common/files.hpp"
#include "common/text.hpp"

namespace imagehub {

namespace fs = std::filesystem;

fs::path control_path(const fs::path& data_directory) {
  const char* runtime = std::getenv("RUNTIME_DIRECTORY");
  return (runtime == nullptr ? data_directory : fs::path(runtime)) / "control.sock";
}

struct Control::Impl {
  zmq::context_t context{1};
  zmq::socket_t socket;
  common::WakeUp wake;
  Answer answer;
  std::jthread thread;

  explicit Impl(Answer given) : answer(std::move(given)) {}

  void run(const std::stop_token& stop, common::Liveness::Thread& self) {
    while (!stop.stop_requested()) {
      {
        const common::Liveness::Waiting waiting(self);
        std::vector<zmq::pollitem_t> items{{socket.handle(), 0, ZMQ_POLLIN, 0}, {nullptr, wake.fd(), ZMQ_POLLIN, 0}};
        // The plain call: an interruption (a process that was stopped and goes on) is no error here.
        (void)zmq_poll(items.data(), static_cast<int>(items.size()), -1);
      }
      zmq::message_t question;
      if (!socket.recv(question, zmq::recv_flags::dontwait)) continue;
      const std::string asked = question.more() ? "" : question.to_string();
      while (question.more()) (void)socket.recv(question);
      socket.send(zmq::buffer(answer_to(asked)), zmq::send_flags::dontwait);
    }
  }

  /// A disk that cannot tell its space, say, is no reason to end.
  std::string answer_to(const std::string& question) const {
    try {
      return answer(question);
    } catch (const std::exception& error) {
      return nlohmann::json{{"error", error.what()}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
  }
};

Control::Control(const fs::path& path, Answer answer, common::Liveness& liveness)
    : impl_(std::make_unique<Impl>(std::move(answer))) {
  impl_->socket = zmq::socket_t(impl_->context, zmq::socket_type::rep);
  impl_->socket.set(zmq::sockopt::linger, 0);
  impl_->socket.set(zmq::sockopt::maxmsgsize, std::int64_t{4096});
  try {
    impl_->socket.bind("ipc://" + path.string());
  } catch (const zmq::error_t& error) {
    throw std::runtime_error(common::cat("cannot make the control socket ", path.string(), ": ", error.what()));
  }
  ::chmod(path.c_str(), 0660);  // the hub's user and group may ask
  impl_->thread = common::start_thread(
      liveness, "control", [impl = impl_.get()](const std::stop_token& stop, auto& self) { impl->run(stop, self); });
}

Control::~Control() {
  impl_->thread.request_stop();
  impl_->wake.signal();
  if (impl_->thread.joinable()) impl_->thread.join();
}

struct HubTalk::Impl {
  explicit Impl(fs::path given) : path(std::move(given)) {}

  const fs::path path;
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::req};
};

HubTalk::HubTalk(const fs::path& path, int timeout_ms) : impl_(std::make_unique<Impl>(path)) {
  impl_->socket.set(zmq::sockopt::linger, 0);
  impl_->socket.set(zmq::sockopt::rcvtimeo, timeout_ms);
  impl_->socket.set(zmq::sockopt::sndtimeo, timeout_ms);
  try {
    impl_->socket.connect("ipc://" + path.string());
  } catch (const zmq::error_t&) {
    // No path for a socket: nobody answers.
  }
}

HubTalk::~HubTalk() = default;

std::optional<std::string> HubTalk::ask(const std::string& question) {
  if (!fs::exists(impl_->path)) return std::nullopt;
  try {
    if (!impl_->socket.send(zmq::buffer(question), zmq::send_flags::none)) return std::nullopt;
    zmq::message_t answer;
    if (!impl_->socket.recv(answer)) return std::nullopt;
    return answer.to_string();
  } catch (const zmq::error_t&) {
    return std::nullopt;
  }
}

std::optional<std::string> ask_hub(const fs::path& path, const std::string& question, int timeout_ms) {
  return HubTalk(path, timeout_ms).ask(question);
}

}  // namespace imagehub
