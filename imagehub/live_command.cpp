// imagehub live: what the running hub gets just now.

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "common/clock.hpp"
#include "common/service.hpp"
#include "common/text.hpp"
#include "imagehub/commands.hpp"
#include "imagehub/control.hpp"
#include "imagehub/live_desk.hpp"

namespace imagehub {
namespace {

namespace fs = std::filesystem;

/// How often the hub is asked for rows.
constexpr std::int64_t kInterval = 25 * common::kMillisecond;
/// Rows shown at the beginning, so that a slow series is not empty at first.
constexpr std::uint64_t kFirstRows = 10;

int wrong_use(const char* what) {
  std::cerr << "imagehub: " << what << "; write `imagehub live` to see what there is, `imagehub live NODE SOURCE` for "
            << "rows as they come\n";
  return common::kExitUsage;
}

int gone() {
  std::cerr << "imagehub: the hub does not answer any more\n";
  return common::kExitUnavailable;
}

/// Prints rows as CSV, the header first and again when it is another one.
class Printer {
 public:
  explicit Printer(std::uint64_t rows) : left_(rows) {}

  /// False when that was all.
  bool print(const LiveRows::News& news) {
    if (news.skipped > 0) std::cerr << "imagehub: " << news.skipped << " rows passed too fast to be shown\n";
    if (header_ != news.header && !news.rows.empty()) {
      header_ = news.header;
      line(header_);
    }
    for (const std::string& row : news.rows) {
      if (left_ == 0) break;
      line(row);
      --left_;
    }
    std::cout << std::flush;
    return left_ > 0 && std::cout.good();
  }

 private:
  /// What came from the network must not command a terminal.
  void line(const std::string& text) const { std::cout << (terminal_ ? common::escaped(text) : text) << '\n'; }

  const bool terminal_ = ::isatty(STDOUT_FILENO) == 1;
  std::uint64_t left_;
  std::string header_;
};

/// Until Ctrl-C, the last row that was asked for, or the end of who reads.
int follow(HubTalk& hub, common::Signals& signals, const LiveRows::Key& key, std::uint64_t rows) {
  Printer printer(rows);
  auto question = live_question(key, std::nullopt, std::min(rows, kFirstRows));
  for (;;) {
    const auto answer = hub.ask(question);
    if (!answer) return gone();
    const auto news = read_live_news(*answer);
    if (news && !printer.print(*news)) return common::kExitOk;
    // A hub that was started again begins at 0.
    question = live_question(key, news ? news->position : 0, 0);
    if (signals.wait(kInterval) == common::Wish::stop) return common::kExitOk;
  }
}

int no_series(const LiveOptions& options) {
  std::cerr << "imagehub: nothing of " << options.words[0];
  if (options.words.size() > 1) std::cerr << ' ' << options.words[1];
  std::cerr << " has come since the start of the hub; `imagehub live` shows what has\n";
  return common::kExitNoNode;
}

}  // namespace

int live_command(const fs::path& settings_file, const LiveOptions& options) {
  if (options.words.size() > 2) return wrong_use("too many words");
  if (options.rows && options.words.size() < 2) return wrong_use("--rows needs a node and a source");
  if (options.json && options.words.size() == 2) return wrong_use("--json is for the list");
  common::Signals signals;  // before ZeroMQ has threads
  std::unique_ptr<HubTalk> hub;
  std::optional<std::string> all;
  const auto sockets = sockets_of(settings_file);
  for (std::size_t i = 0; !all && i < sockets.size(); ++i) {
    hub = std::make_unique<HubTalk>(sockets[i]);
    all = hub->ask(live_question());
  }
  if (!all) return no_hub(sockets.front());
  if (options.words.size() < 2) {
    const std::string shown = format_live(*all, options.words.empty() ? "" : options.words[0]);
    if (shown.empty() && !options.words.empty()) return no_series(options);
    std::cout << (options.json    ? *all + '\n'
                  : shown.empty() ? "(nothing has come since the start of the hub)\n"
                                  : shown);
    return common::kExitOk;
  }
  auto series = series_of(*all, options.words[0], options.words[1]);
  if (options.view) std::erase_if(series, [&](const LiveRows::Key& key) { return key.view != *options.view; });
  if (series.empty()) return no_series(options);
  if (series.size() > 1) return wrong_use("several views have that source; name one with --view");
  return follow(*hub, signals, series.front(), options.rows.value_or(UINT64_MAX));
}

}  // namespace imagehub
