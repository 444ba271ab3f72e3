#include "imagehub/filing/committer.hpp"

/// The Committer's part that files rows.
namespace imagehub {
namespace {

/// A clock that says an earlier year was never set.
constexpr std::int64_t kYear2000 = 946'684'800 * common::kSecond;

/// Whether the rows' own times are to be trusted. A message has the time of its first row; when it says another one,
/// its node has learnt better since, and cannot change the rows any more.
bool rows_are_right(const common::Message& message, const common::RowChunk& chunk) {
  const std::int64_t first_ns = chunk.rows.front().time_ns;
  const bool corrected = message.time_ns != 0 && std::abs(message.time_ns - first_ns) > common::kSecond;
  return message.clock_synchronised && first_ns >= kYear2000 && !corrected;
}

}  // namespace

void Committer::read_rows(Candidate& candidate) {
  const common::Message& message = *candidate.message;
  candidate.rows.reset();
  auto read = common::rows_of(message);
  if (auto* rows = std::get_if<common::MessageRows>(&read)) {
    candidate.rows = std::move(*rows);
  } else {
    candidate.malformed = std::get<std::string>(read);
  }
}

void Committer::judge_data(Candidate& candidate, Batch& batch) {
  if (candidate.rows) {
    batch.data.push_back(&candidate);
    return;
  }
  candidate.refused = "not rows";
  candidate.refused_detail = candidate.malformed;
}

/// All of the group or none: within a lane nothing may overtake what failed.
void Committer::append_data(Batch& batch) {
  std::uint64_t bytes = 0;
  try {
    for (const Candidate* candidate : batch.data) {
      const common::Message& message = *candidate->message;
      const common::RowChunk& chunk = candidate->rows->chunk;
      bytes = message.payload.size();
      const std::int64_t received = received_ns(*candidate);
      batches_.append(message, chunk, rows_are_right(message, chunk) ? 0 : capture_time(message, received), received);
    }
    batches_.sync();
  } catch (const std::exception& error) {
    batches_.undo();
    if (is_disk_full(error)) reserve_.found_full(bytes);
    for (Candidate* candidate : batch.data) candidate->failed = std::current_exception();
    batch.data.clear();
  }
}

/// Rows and identities in one transaction.
void Committer::write_data(const Batch& batch) {
  for (const Candidate* candidate : batch.data) {
    const common::Message& message = *candidate->message;
    if (const auto identity = identity_of(message)) index_.add(*identity, {message.text, *message.crc});
  }
  if (!batch.data.empty()) batches_.write();
}

}  // namespace imagehub
