#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace imagenode {

/// There was no reply: says why. Names no more of the address than the host.
struct HttpError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct HttpRequest {
  std::string method = "POST";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::string> body;
  std::string ca_file;  ///< who is trusted to vouch for the server of an https URL; empty: whom this computer trusts
};

struct HttpReply {
  long status = 0;
  std::string body;
};

/// One request over http or https. The server's certificate is verified, no redirect is followed, and a reply has at
/// most 64 KB. Throws HttpError, also when it is not over after `timeout_ns` or at a stop. By libcurl; thread-safe.
HttpReply http_call(const HttpRequest& request, std::int64_t timeout_ns, const std::stop_token& stop);

/// Why a URL is none that http_call() takes.
std::optional<std::string> url_problem(const std::string& url);

/// The host in a URL that it takes.
std::string host_of(const std::string& url);

}  // namespace imagenode
