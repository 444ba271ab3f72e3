// file: follows a file to which another program appends, as tail -F does. What is in it at the start is passed over
// (`from: end`) or taken too (`from: start`). One that comes in its place, or is emptied, is taken from its beginning;
// a file that is moved away or removed is read on until then, since its writer may not have noticed yet. After a
// failure it goes on where it was. It keeps the file open for that, since the number of one that is gone may be that of
// the next.

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "common/files.hpp"
#include "common/text.hpp"
#include "imagenode/line/registry.hpp"

namespace imagenode {
namespace {

namespace fs = std::filesystem;
using common::cat;
using common::UniqueFd;

constexpr std::size_t kMaxRead = 65'536;
constexpr int kMaxReads = 16;  // in one go

/// Tells of changes to the files of a folder. Which file was meant is asked of the folder, not of the news.
class FolderWatch {
 public:
  explicit FolderWatch(const fs::path& folder) : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    constexpr std::uint32_t kNews = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR;
    if (!fd_ || ::inotify_add_watch(fd_.get(), folder.c_str(), kNews) < 0) {
      throw std::system_error(errno, std::generic_category(), cat("cannot watch ", folder.string()));
    }
  }

  int fd() const { return fd_.get(); }

  /// Whether a file of that name has come.
  bool take_news(const std::string& name) const {
    bool came = false;
    alignas(inotify_event) std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t count = ::read(fd_.get(), buffer.data(), buffer.size());
      if (count <= 0) return came;
      for (ssize_t at = 0; at < count;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
        if ((event->mask & IN_IGNORED) != 0) throw LineError("the folder of the file is gone");
        if ((event->mask & (IN_CREATE | IN_MOVED_TO)) != 0 && event->len > 0 && name == event->name) came = true;
        at += static_cast<ssize_t>(sizeof *event + event->len);
      }
    }
  }

 private:
  UniqueFd fd_;
};

class FileTransport final : public LineTransport {
 public:
  FileTransport(fs::path path, bool from_end, common::FileSystem& files)
      : path_(std::move(path)), files_(files), skip_(from_end) {}

  /// When it is the same path.
  void succeed(LineTransport& before, std::size_t pending) override {
    auto* other = dynamic_cast<FileTransport*>(&before);
    if (other == nullptr || other->path_ != path_) return;
    file_ = std::move(other->file_);
    offset_ = other->offset_ - std::min<std::uint64_t>(pending, other->offset_);
    skip_ = skip_ && other->skip_;
  }

  void open(const std::stop_token&, StreamUser& user) override {
    // Watched before it is opened, so that no change falls in between.
    watch_.emplace(path_.parent_path());
    try {
      begin(user);
    } catch (...) {
      watch_.reset();
      if (!common::exists(files_, path_)) skip_ = false;  // one that comes later is all new
      throw;
    }
  }

  /// The stream goes on when it is opened again.
  void close(StreamUser&) override { watch_.reset(); }

  bool has_stream() const override { return watch_.has_value(); }

  void watch(std::vector<pollfd>& polls) const override {
    if (watch_) polls.push_back({more_ ? wake_.fd() : watch_->fd(), POLLIN, 0});
  }

  void work(std::span<const pollfd> news, StreamUser& user) override {
    if (!watch_ || news.front().revents == 0) return;
    if (watch_->take_news(path_.filename())) replaced_ = true;
    if (!read(user) || !replaced_) return;
    begin(user);
    read(user);
  }

  std::size_t room() const override { return 0; }
  void write(std::string_view) override {}

 private:
  /// With what has that name now, once the file of that name before is read to its end.
  void begin(StreamUser& user) {
    common::OpenFilePtr file = files_.open(path_, common::OpenMode::read);
    if (file_ && stream_ == 0) take_over(user);
    const bool is_other = !file_ || file->identity() != file_->identity();
    if (is_other && file_ && file_->size() > offset_) {
      replaced_ = true;
      more(true);
      return;
    }
    if (is_other) {
      const std::uint64_t offset = skip_ ? last_row(*file) : 0;
      begin_at(offset, user);
    }
    file_ = std::move(file);
    skip_ = replaced_ = false;
    more(true);
  }

  /// The stream of the transport before this one.
  void take_over(StreamUser& user) {
    ++stream_;
    offset_ == 0 ? user.stream_begins(stream_) : user.stream_goes_on(stream_);
  }

  void begin_at(std::uint64_t offset, StreamUser& user) {
    if (stream_ > 0) user.stream_ends(stream_);
    user.stream_begins(++stream_);
    offset_ = offset;
  }

  /// Where the last row begins that is not whole yet; the end of the file when all are.
  std::uint64_t last_row(common::OpenFile& file) {
    const std::uint64_t size = file.size();
    buffer_.resize(std::min<std::uint64_t>(size, kMaxRead));
    const std::size_t count = file.read(size - buffer_.size(), buffer_);
    const std::string_view tail(reinterpret_cast<const char*>(buffer_.data()), count);
    const auto newline = tail.rfind('\n');
    return newline == std::string_view::npos ? size : size - buffer_.size() + newline + 1;
  }

  /// False when there is more than is good to be taken in one go.
  bool read(StreamUser& user) {
    if (file_->size() < offset_) begin_at(0, user);
    buffer_.resize(kMaxRead);
    for (int reads = 0; reads < kMaxReads; ++reads) {
      const std::size_t count = file_->read(offset_, buffer_);
      offset_ += count;
      const std::string_view bytes(reinterpret_cast<const char*>(buffer_.data()), count);
      if (count > 0 && !user.stream_bytes(stream_, bytes)) {
        begin_at(offset_, user);
        throw LineError(cat(path_.string(), " is out of step: nobody can tell where its next row begins"));
      }
      if (count < buffer_.size()) {
        more(false);
        return true;
      }
    }
    more(true);
    return false;
  }

  void more(bool there_is) {
    more_ = there_is;
    if (more_) wake_.signal();
  }

  const fs::path path_;
  common::FileSystem& files_;
  bool skip_;
  const common::WakeUp wake_;  // stays signalled: polled only while there is more
  std::optional<FolderWatch> watch_;
  common::OpenFilePtr file_;
  std::uint64_t offset_ = 0;
  int stream_ = 0;
  bool more_ = false;
  bool replaced_ = false;
  common::Bytes buffer_;
};

TransportKind read_settings(common::Section& section) {
  std::string path;
  section.read("path", path);
  if (!path.starts_with('/'))
    section.problem("path", "the whole path of a file is needed, such as /var/log/weather.csv");
  int from = 0;
  section.read_choice("from", {"end", "start"}, from);
  TransportKind kind;
  kind.writable = false;
  kind.make = [path, from](const LineSeams& seams) {
    return std::make_unique<FileTransport>(path, from == 0, seams.files);
  };
  return kind;
}

const RegisterTransport registered("file", read_settings);

}  // namespace
}  // namespace imagenode
