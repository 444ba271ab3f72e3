#include "imagenode/output/http_call.hpp"

#include <curl/curl.h>

#include <array>
#include <memory>

#include "common/clock.hpp"
#include "common/text.hpp"
#include "common/version.hpp"

namespace imagenode {
namespace {

using common::cat;

constexpr std::size_t kMaxReply = 64 * 1024;
/// Between two looks at the stop; it wakes us besides.
constexpr int kLookEveryMs = 1000;

template <typename Handle, auto free>
struct Free {
  void operator()(Handle* handle) const { free(handle); }
};
using Easy = std::unique_ptr<CURL, Free<CURL, curl_easy_cleanup>>;
using Multi = std::unique_ptr<CURLM, Free<CURLM, curl_multi_cleanup>>;
using Headers = std::unique_ptr<curl_slist, Free<curl_slist, curl_slist_free_all>>;
using Url = std::unique_ptr<CURLU, Free<CURLU, curl_url_cleanup>>;
using Text = std::unique_ptr<char, Free<char, curl_free>>;

/// libcurl's own state, made once for the process.
void need_curl() {
  static const CURLcode made = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (made != CURLE_OK) throw HttpError(cat("libcurl does not start: ", curl_easy_strerror(made)));
}

/// Empty when the URL has none.
std::string part_of(const std::string& url, CURLUPart part) {
  const Url parsed(curl_url());
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return "";
  char* text = nullptr;
  if (curl_url_get(parsed.get(), part, &text, 0) != CURLUE_OK) return "";
  return Text(text).get();
}

/// One request under way.
class Transfer {
 public:
  Transfer(const HttpRequest& request, std::int64_t timeout_ns)
      : request_(request), easy_(curl_easy_init()), multi_(curl_multi_init()) {
    if (!easy_ || !multi_) throw HttpError("no memory for a request");
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!request.ca_file.empty()) set(CURLOPT_CAINFO, request.ca_file.c_str());
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ns / common::kMillisecond));
    set(CURLOPT_NOSIGNAL, 1L);    // signals are the main thread's
    set(CURLOPT_QUICK_EXIT, 1L);  // a name server that hangs holds nobody up
    set(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_WRITEFUNCTION, &Transfer::take);
    set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    set_request();
    curl_multi_add_handle(multi_.get(), easy_.get());
  }
  ~Transfer() { curl_multi_remove_handle(multi_.get(), easy_.get()); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  HttpReply run(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi_.get()); });
    for (int running = 1; running > 0;) {
      if (stop.stop_requested()) throw HttpError("the node was stopped before there was a reply");
      check(curl_multi_perform(multi_.get(), &running));
      if (running > 0) check(curl_multi_poll(multi_.get(), nullptr, 0, kLookEveryMs, nullptr));
    }
    int left = 0;
    const CURLMsg* end = curl_multi_info_read(multi_.get(), &left);
    if (is_too_long_) throw HttpError(cat("the reply has more than ", kMaxReply, " bytes"));
    if (end == nullptr || end->data.result != CURLE_OK) {
      const char* why = end == nullptr ? "no result" : curl_easy_strerror(end->data.result);
      throw HttpError(error_.front() == '\0' ? why : error_.data());
    }
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &reply_.status);
    return std::move(reply_);
  }

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(easy_.get(), option, value);
    if (code != CURLE_OK) throw HttpError(cat("the request cannot be made: ", curl_easy_strerror(code)));
  }

  static void check(CURLMcode code) {
    if (code != CURLM_OK) throw HttpError(curl_multi_strerror(code));
  }

  void set_request() {
    if (request_.body) {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body->size()));
      set(CURLOPT_POSTFIELDS, request_.body->c_str());
    } else if (request_.method == "POST") {
      set(CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{0});
      set(CURLOPT_POSTFIELDS, "");
    }
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    set(CURLOPT_USERAGENT, cat("imagenode/", common::version()).c_str());
    for (const auto& [name, value] : request_.headers) add_header(cat(name, ": ", value));
    set(CURLOPT_HTTPHEADER, headers_.get());
  }

  void add_header(const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw HttpError("no memory for a request");
    static_cast<void>(headers_.release());  // it is the head of the longer one, or that one itself
    headers_.reset(longer);
  }

  static std::size_t take(const char* data, std::size_t, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (transfer.reply_.body.size() + count > kMaxReply) {
      transfer.is_too_long_ = true;
      return 0;  // ends the transfer
    }
    transfer.reply_.body.append(data, count);
    return count;
  }

  const HttpRequest& request_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  Headers headers_;
  HttpReply reply_;
  bool is_too_long_ = false;
  Easy easy_;
  Multi multi_;
};

}  // namespace

HttpReply http_call(const HttpRequest& request, std::int64_t timeout_ns, const std::stop_token& stop) {
  need_curl();
  return Transfer(request, timeout_ns).run(stop);
}

std::optional<std::string> url_problem(const std::string& url) {
  const std::string scheme = part_of(url, CURLUPART_SCHEME);
  if (url.find("://") == std::string::npos || (scheme != "http" && scheme != "https") || host_of(url).empty()) {
    return "is no address such as https://ntfy.sh/my-farm or http://192.168.1.50/siren";
  }
  return std::nullopt;
}

std::string host_of(const std::string& url) {
  return part_of(url, CURLUPART_HOST);
}

}  // namespace imagenode
