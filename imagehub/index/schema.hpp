#pragma once

#include <initializer_list>

namespace imagehub {

/// docs/reference/index.md describes the tables for those who query them. AUTOINCREMENT: the id of a deleted row must
/// never come again, or the marks of what is finished would cover rows that are not.
inline constexpr const char* kSchemaTables = R"sql(
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

/// Adopted: rows made from a file or a log line that was found without one. crc -1: not computed yet. created_ns: what
/// is older was there before the index.
inline constexpr const char* kSchemaAdopted = R"sql(
ALTER TABLE images ADD COLUMN adopted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN adopted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX images_without_crc ON images(id) WHERE crc = -1;
CREATE INDEX images_adopted ON images(path) WHERE adopted = 1 AND boot_id IS NULL;
CREATE INDEX events_adopted ON events(time_ns) WHERE adopted = 1 AND boot_id IS NULL;
INSERT OR IGNORE INTO meta VALUES ('created_ns', CAST(strftime('%s', 'now') AS INTEGER) * 1000000000);
)sql";

/// For deleting the oldest, and for telling how long the disk will last. Triggers count, so that the sums are right
/// whoever adds and removes rows.
inline constexpr const char* kSchemaRetention = R"sql(
CREATE TABLE garbage(path TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE INDEX images_by_age ON images(node, adopted, received_ns);

CREATE TABLE image_totals(
  node TEXT NOT NULL,
  adopted INTEGER NOT NULL,
  images INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY(node, adopted)) WITHOUT ROWID;

CREATE TABLE image_days(
  day INTEGER NOT NULL,
  node TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY(day, node)) WITHOUT ROWID;

INSERT INTO image_totals SELECT node, adopted, count(*), sum(bytes) FROM images GROUP BY node, adopted;
INSERT INTO image_days SELECT received_ns / 86400000000000, node, sum(bytes) FROM images WHERE adopted = 0 GROUP BY 1, 2;

CREATE TRIGGER image_added AFTER INSERT ON images BEGIN
  INSERT INTO image_totals VALUES (new.node, new.adopted, 1, new.bytes)
    ON CONFLICT(node, adopted) DO UPDATE SET images = images + 1, bytes = bytes + excluded.bytes;
  INSERT INTO image_days SELECT new.received_ns / 86400000000000, new.node, new.bytes WHERE new.adopted = 0
    ON CONFLICT(day, node) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER image_removed AFTER DELETE ON images BEGIN
  UPDATE image_totals SET images = images - 1, bytes = bytes - old.bytes
    WHERE node = old.node AND adopted = old.adopted;
END;
CREATE TRIGGER image_changed AFTER UPDATE OF node, adopted, bytes ON images BEGIN
  UPDATE image_totals SET images = images - 1, bytes = bytes - old.bytes
    WHERE node = old.node AND adopted = old.adopted;
  INSERT INTO image_totals VALUES (new.node, new.adopted, 1, new.bytes)
    ON CONFLICT(node, adopted) DO UPDATE SET images = images + 1, bytes = bytes + excluded.bytes;
END;
)sql";

/// Marks of rows that were received while the hub's clock was not set: those of table `kind` from first_row to
/// last_row, the first filed at first_ns, the last received at last_ns; their receive times lack shift_ns.
inline constexpr const char* kSchemaClock = R"sql(
CREATE TABLE clock_spans(
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  first_row INTEGER NOT NULL,
  last_row INTEGER NOT NULL,
  first_ns INTEGER NOT NULL,
  last_ns INTEGER NOT NULL,
  shift_ns INTEGER);
)sql";

/// Commands to nodes. state: open, done or failed.
inline constexpr const char* kSchemaCommands = R"sql(
CREATE TABLE commands(
  id INTEGER PRIMARY KEY,
  node TEXT NOT NULL,
  text TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_ns INTEGER NOT NULL);
)sql";

/// Batches of rows. state: open, complete, partial, lost (its files were removed before it was closed), or deleting
/// (its folder is being removed). A batch is below data/.incoming as long as incoming is not empty, else at its path
/// below data/. batch_totals has those that are complete or partial there.
inline constexpr const char* kSchemaBatches = R"sql(
CREATE TABLE batches(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  node TEXT NOT NULL,
  view TEXT NOT NULL,
  source TEXT NOT NULL,
  boot INTEGER NOT NULL,
  number INTEGER NOT NULL,
  late INTEGER NOT NULL,
  state TEXT NOT NULL,
  header TEXT NOT NULL,
  time_ns INTEGER NOT NULL,
  first_ns INTEGER NOT NULL,
  last_ns INTEGER NOT NULL,
  received_ns INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  path TEXT NOT NULL,
  incoming TEXT NOT NULL);
CREATE INDEX batches_by_session ON batches(boot, node, view, source, number);
CREATE INDEX batches_by_time ON batches(node, source, time_ns);
CREATE INDEX batches_incoming ON batches(id) WHERE incoming <> '';
CREATE INDEX batches_deleting ON batches(id) WHERE state = 'deleting';
CREATE INDEX batches_by_age ON batches(node, received_ns) WHERE state IN ('complete', 'partial') AND incoming = '';

CREATE TABLE batch_files(
  batch_id INTEGER NOT NULL REFERENCES batches(id),
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY(batch_id, number)) WITHOUT ROWID;

CREATE TABLE batch_totals(
  node TEXT PRIMARY KEY,
  batches INTEGER NOT NULL,
  bytes INTEGER NOT NULL) WITHOUT ROWID;

CREATE TRIGGER batch_added AFTER INSERT ON batches BEGIN
  INSERT INTO batch_totals SELECT new.node, 1, new.bytes
    WHERE new.incoming = '' AND new.state IN ('complete', 'partial')
    ON CONFLICT(node) DO UPDATE SET batches = batches + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER batch_removed AFTER DELETE ON batches BEGIN
  UPDATE batch_totals SET batches = batches - 1, bytes = bytes - old.bytes
    WHERE node = old.node AND old.incoming = '' AND old.state IN ('complete', 'partial');
END;
CREATE TRIGGER batch_changed AFTER UPDATE OF node, state, bytes, incoming ON batches BEGIN
  UPDATE batch_totals SET batches = batches - 1, bytes = bytes - old.bytes
    WHERE node = old.node AND old.incoming = '' AND old.state IN ('complete', 'partial');
  INSERT INTO batch_totals SELECT new.node, 1, new.bytes
    WHERE new.incoming = '' AND new.state IN ('complete', 'partial')
    ON CONFLICT(node) DO UPDATE SET batches = batches + 1, bytes = bytes + excluded.bytes;
END;
)sql";

/// The newest chunks of rows as they came: what comes again under their identity must be the same. And for telling how
/// long the disk will last, what came as rows, by the day on which its batch began.
inline constexpr const char* kSchemaRows = R"sql(
CREATE TABLE chunks(
  id INTEGER PRIMARY KEY,
  boot_id INTEGER NOT NULL REFERENCES boots(id),
  seq INTEGER NOT NULL,
  text TEXT NOT NULL,
  payload_crc INTEGER NOT NULL);
CREATE UNIQUE INDEX chunks_by_identity ON chunks(boot_id, seq);

CREATE TABLE batch_days(
  day INTEGER NOT NULL,
  node TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY(day, node)) WITHOUT ROWID;

INSERT INTO batch_days SELECT received_ns / 86400000000000, node, sum(bytes) FROM batches GROUP BY 1, 2;

CREATE TRIGGER batch_began AFTER INSERT ON batches BEGIN
  INSERT INTO batch_days VALUES (new.received_ns / 86400000000000, new.node, new.bytes)
    ON CONFLICT(day, node) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER batch_grew AFTER UPDATE OF bytes ON batches WHEN new.bytes > old.bytes BEGIN
  INSERT INTO batch_days VALUES (new.received_ns / 86400000000000, new.node, new.bytes - old.bytes)
    ON CONFLICT(day, node) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
)sql";

/// Batches that were made from what was found on the disk: nobody knows when they came.
inline constexpr const char* kSchemaAdoptedBatches = R"sql(
DROP TRIGGER batch_added;
DROP TRIGGER batch_removed;
DROP TRIGGER batch_changed;
DROP TRIGGER batch_began;
DROP TABLE batch_totals;
DROP INDEX batches_by_age;

ALTER TABLE batches ADD COLUMN adopted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX batches_by_age ON batches(node, adopted, received_ns)
  WHERE state IN ('complete', 'partial') AND incoming = '';

CREATE TABLE batch_totals(
  node TEXT NOT NULL,
  adopted INTEGER NOT NULL,
  batches INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY(node, adopted)) WITHOUT ROWID;
INSERT INTO batch_totals SELECT node, adopted, count(*), sum(bytes) FROM batches
  WHERE incoming = '' AND state IN ('complete', 'partial') GROUP BY node, adopted;

CREATE TRIGGER batch_added AFTER INSERT ON batches BEGIN
  INSERT INTO batch_totals SELECT new.node, new.adopted, 1, new.bytes
    WHERE new.incoming = '' AND new.state IN ('complete', 'partial')
    ON CONFLICT(node, adopted) DO UPDATE SET batches = batches + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER batch_removed AFTER DELETE ON batches BEGIN
  UPDATE batch_totals SET batches = batches - 1, bytes = bytes - old.bytes
    WHERE node = old.node AND adopted = old.adopted AND old.incoming = '' AND old.state IN ('complete', 'partial');
END;
CREATE TRIGGER batch_changed AFTER UPDATE OF node, adopted, state, bytes, incoming ON batches BEGIN
  UPDATE batch_totals SET batches = batches - 1, bytes = bytes - old.bytes
    WHERE node = old.node AND adopted = old.adopted AND old.incoming = '' AND old.state IN ('complete', 'partial');
  INSERT INTO batch_totals SELECT new.node, new.adopted, 1, new.bytes
    WHERE new.incoming = '' AND new.state IN ('complete', 'partial')
    ON CONFLICT(node, adopted) DO UPDATE SET batches = batches + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER batch_began AFTER INSERT ON batches WHEN new.adopted = 0 BEGIN
  INSERT INTO batch_days VALUES (new.received_ns / 86400000000000, new.node, new.bytes)
    ON CONFLICT(day, node) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
)sql";

/// The n-th step brings an index of format n to n + 1.
inline constexpr std::initializer_list<const char*> kSchema = {kSchemaTables, kSchemaAdopted,       kSchemaRetention,
                                                               kSchemaClock,  kSchemaCommands,      kSchemaBatches,
                                                               kSchemaRows,   kSchemaAdoptedBatches};

}  // namespace imagehub
