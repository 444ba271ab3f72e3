// http: a request to a server: a notification service for phones, a switch in the network, a program of the lab. What
// an event says goes into the body, as JSON or text, and never into the address or the headers.

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "common/clock.hpp"
#include "common/setting_values.hpp"
#include "common/text.hpp"
#include "imagenode/output/action_registry.hpp"
#include "imagenode/output/event_template.hpp"
#include "imagenode/output/http_call.hpp"

namespace imagenode {
namespace {

using common::cat;
using Json = nlohmann::json;

constexpr std::size_t kMaxShown = 200;

struct HttpActionSettings {
  HttpRequest request;
  std::optional<Json> body;    // what is filled in
  std::vector<long> expected;  // statuses; none: 200 to 299
  double timeout_s = 10;
};

/// Every text of the value with what the event says in it; one that is a number alone becomes that number, or null.
Json filled(const Json& value, const common::Message& event) {
  if (value.is_string()) {
    const EventTemplate text(value.get<std::string>());
    if (!text.is_number()) return text.filled(event);
    const auto number = text.number(event);
    return number ? Json(*number) : Json();
  }
  if (!value.is_structured()) return value;
  Json out = value;
  for (auto& item : out) item = filled(item, event);
  return out;
}

/// Throws std::runtime_error with what is wrong in one of its texts.
void check_texts(const Json& value) {
  if (value.is_string()) static_cast<void>(EventTemplate(value.get<std::string>()));
  if (!value.is_structured()) return;
  for (const auto& item : value) check_texts(item);
}

class HttpDeed final : public Deed {
 public:
  explicit HttpDeed(HttpActionSettings settings) : settings_(std::move(settings)) {}

  void carry_out(const common::Message& event, const std::stop_token& stop) override {
    HttpRequest request = settings_.request;
    request.body = body(event);
    const HttpReply reply = http_call(request, common::to_ns(settings_.timeout_s), stop);
    if (is_expected(reply.status)) return;
    std::string says(common::trimmed(std::string_view(reply.body).substr(0, kMaxShown)));
    std::replace_if(
        says.begin(), says.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    throw std::runtime_error(cat("the server answered with status ", reply.status,
                                 reply.status / 100 == 3 ? ", which sends us elsewhere; write that address" : "",
                                 says.empty() ? "" : ": ", says));
  }

  std::string plan(const common::Message& event) const override {
    const auto text = body(event);
    return cat(settings_.request.method, " to ", host_of(settings_.request.url), text ? ": " + *text : "");
  }

 private:
  std::optional<std::string> body(const common::Message& event) const {
    if (!settings_.body) return std::nullopt;
    if (settings_.body->is_string()) return EventTemplate(settings_.body->get<std::string>()).filled(event);
    return filled(*settings_.body, event).dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  bool is_expected(long status) const {
    if (settings_.expected.empty()) return status / 100 == 2;
    return std::find(settings_.expected.begin(), settings_.expected.end(), status) != settings_.expected.end();
  }

  const HttpActionSettings settings_;
};

void read_body(common::Section& section, HttpActionSettings& settings) {
  const auto text = section.json("body");
  if (!text) return;
  settings.body = Json::parse(*text);
  if (settings.request.method == "GET") section.problem("body", "a GET has none; choose another method");
  try {
    check_texts(*settings.body);
  } catch (const std::runtime_error& error) {
    section.problem("body", error.what());
  }
}

void read_headers(common::Section& section, HttpActionSettings& settings) {
  auto& headers = settings.request.headers;
  const auto is_bad = [](const std::string& part, bool is_name) {
    return std::any_of(part.begin(), part.end(), [&](char c) {
      return static_cast<unsigned char>(c) < ' ' || c == '\x7f' || (is_name && (c == ':' || c == ' '));
    });
  };
  bool has_type = false;
  for (auto& [name, value] : section.named_texts("headers")) {
    if (name.empty() || is_bad(name, true) || is_bad(value, false)) {
      section.problem("headers", cat(common::escaped(name), " is no header of one line"));
    }
    has_type = has_type || common::lower(name) == "content-type";
    headers.emplace_back(name, value);
  }
  if (settings.body && !has_type) {
    headers.emplace_back("Content-Type", settings.body->is_string() ? "text/plain; charset=utf-8" : "application/json");
  }
}

void read_expected(common::Section& section, HttpActionSettings& settings) {
  std::vector<std::string> texts;
  section.read("status", texts);
  for (const std::string& text : texts) {
    const auto status = common::to_int(text);
    if (status && *status >= 100 && *status <= 599) {
      settings.expected.push_back(*status);
    } else {
      section.problem("status", cat(common::escaped(text), " is no status from 100 to 599"));
    }
  }
}

ActionKind read_settings(common::Section& section, const KnownViews&) {
  HttpActionSettings settings;
  section.read("url", settings.request.url);
  if (const auto wrong = url_problem(settings.request.url)) {
    section.problem("url", settings.request.url.empty() ? "an address is needed, such as https://ntfy.sh/my-farm"
                                                        : cat(common::escaped(settings.request.url), ' ', *wrong));
  }
  int method = 0;
  section.read_choice("method", {"post", "get", "put", "patch", "delete"}, method);
  constexpr std::array kMethods{"POST", "GET", "PUT", "PATCH", "DELETE"};
  settings.request.method = kMethods[static_cast<std::size_t>(method)];
  read_body(section, settings);
  read_headers(section, settings);
  read_expected(section, settings);
  section.read_duration("timeout", settings.timeout_s, 1, {0.1, 600});
  section.read("ca_file", settings.request.ca_file);
  if (!settings.request.ca_file.empty() && !settings.request.ca_file.starts_with('/')) {
    section.problem("ca_file", "the whole path of the file is needed, such as /etc/imagenode/lab-ca.pem");
  }
  return {[settings](const DeedSeams&) { return std::make_unique<HttpDeed>(settings); }};
}

const RegisterAction registered("http", read_settings);

}  // namespace
}  // namespace imagenode
