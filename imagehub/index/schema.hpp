#pragma once

namespace imagehub {

inline constexpr int kSchemaVersion = 1;

/// docs/reference/index.md describes the tables for those who query them. AUTOINCREMENT: the id of a deleted row must
/// never come again, or the marks of what is finished would cover rows that are not.
inline constexpr const char* kSchema = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE boots(id INTEGER PRIMARY KEY, boot INTEGER NOT NULL UNIQUE);

CREATE TABLE identities(
  boot_id INTEGER NOT NULL REFERENCES boots(id),
  low INTEGER NOT NULL,
  high INTEGER NOT NULL,
  PRIMARY KEY(boot_id, low)) WITHOUT ROWID;

CREATE TABLE images(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  boot_id INTEGER REFERENCES boots(id),
  seq INTEGER,
  node TEXT NOT NULL,
  view TEXT NOT NULL,
  source TEXT NOT NULL,
  text TEXT NOT NULL,
  time_ns INTEGER NOT NULL,
  received_ns INTEGER NOT NULL,
  clock_error_us INTEGER,
  late INTEGER NOT NULL,
  payload_crc INTEGER NOT NULL,
  fields TEXT NOT NULL,
  units TEXT NOT NULL,
  path TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  incoming TEXT NOT NULL);
CREATE INDEX images_by_identity ON images(boot_id, seq) WHERE boot_id IS NOT NULL;
CREATE INDEX images_by_received ON images(received_ns);
CREATE INDEX images_by_view ON images(node, view, time_ns);

CREATE TABLE events(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  boot_id INTEGER REFERENCES boots(id),
  seq INTEGER,
  node TEXT NOT NULL,
  view TEXT NOT NULL,
  source TEXT NOT NULL,
  text TEXT NOT NULL,
  time_ns INTEGER NOT NULL,
  received_ns INTEGER NOT NULL,
  clock_error_us INTEGER,
  late INTEGER NOT NULL,
  payload_crc INTEGER NOT NULL,
  fields TEXT NOT NULL,
  units TEXT NOT NULL,
  log_day TEXT NOT NULL,
  log_offset INTEGER NOT NULL);
CREATE INDEX events_by_identity ON events(boot_id, seq) WHERE boot_id IS NOT NULL;
CREATE INDEX events_by_time ON events(time_ns);

CREATE TABLE nodes(
  node TEXT PRIMARY KEY,
  first_seen_ns INTEGER NOT NULL,
  last_seen_ns INTEGER NOT NULL,
  version TEXT NOT NULL,
  host TEXT NOT NULL,
  heartbeat_s REAL NOT NULL,
  lost INTEGER NOT NULL,
  images INTEGER NOT NULL,
  events INTEGER NOT NULL,
  bytes INTEGER NOT NULL) WITHOUT ROWID;
)sql";

}  // namespace imagehub
