#pragma once

namespace imagenode {

/// docs/reference/spool.md describes the tables. Payloads lie apart, so that what is asked all the time (what comes
/// next, how many are there) is read without them.
inline constexpr const char* kSpoolSchema = R"sql(
CREATE TABLE boots(id INTEGER PRIMARY KEY AUTOINCREMENT, boot INTEGER NOT NULL UNIQUE);

CREATE TABLE kernels(id INTEGER PRIMARY KEY AUTOINCREMENT, kernel TEXT NOT NULL UNIQUE, utc_offset_ns INTEGER);

CREATE TABLE messages(
  class INTEGER NOT NULL,
  boot_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  late INTEGER NOT NULL,
  kernel_id INTEGER NOT NULL,
  monotonic_ns INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  payload_id INTEGER NOT NULL,
  metadata TEXT NOT NULL,
  PRIMARY KEY(class, boot_id, seq)) WITHOUT ROWID;

CREATE TABLE payloads(id INTEGER PRIMARY KEY, payload BLOB NOT NULL);

CREATE TABLE set_aside(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  utc_ns INTEGER NOT NULL,
  reason TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  metadata TEXT NOT NULL,
  payload BLOB NOT NULL);
)sql";

}  // namespace imagenode
