"""A hub with a long history is ready soon after a crash: its start reads no table from end to end."""

import contextlib
import os
import sqlite3
import time
import unittest

import kit
from kit import jpeg

ROWS = 1_000_000
READY_S = 2.0

NUMBERS = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) "
BASE = (
    "1, i, 'Barn', 'door', '', 'Barn door|', 1795168800000000000 + i * 1000000000, 1795168800000000000 + i * 1000000000, "
    "NULL, 0, 0, '', ''"
)
COLUMNS = (
    "boot_id, seq, node, view, source, text, time_ns, received_ns, clock_error_us, late, payload_crc, fields, units"
)


@unittest.skipIf(kit.SANITIZED, "the time of a start means nothing with a sanitizer")
class Start(kit.HubTest):
    def database(self, hub):
        return contextlib.closing(sqlite3.connect(os.path.join(hub.data, "index.sqlite3")))

    def fill(self, hub):
        """As many finished rows, and one boot that sent them all."""
        with self.database(hub) as index:
            index.execute("PRAGMA synchronous = OFF")
            triggers = index.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                index.execute(f"DROP TRIGGER {name}")
            index.execute("INSERT INTO boots(id, boot) VALUES (1, 7)")
            index.execute(f"INSERT INTO identities VALUES (1, 1, {2 * ROWS})")
            index.execute(
                f"INSERT INTO images({COLUMNS}, path, bytes, crc, incoming) {NUMBERS}"
                f"SELECT {BASE}, '2026-11-20/' || i || '.jpg', 25000, 1, '' FROM n"
            )
            index.execute(
                f"INSERT INTO events({COLUMNS}, log_day, log_offset) {NUMBERS}SELECT {BASE}, '2026-11-20', i * 40 FROM n"
            )
            for name in ("image", "event"):
                index.execute(f"INSERT OR REPLACE INTO meta SELECT '{name}s_finished', max(id) FROM {name}s")
            for _, sql in triggers:
                index.execute(sql)
            index.commit()

    def test_with_a_million_rows_a_hub_is_ready_in_two_seconds_after_kill_9(self):
        hub = self.hub()
        hub.stop()
        self.fill(hub)
        hub.start()
        sender = self.req(hub)
        self.assertEqual(sender.send_jpg("Barn|jpg", jpeg(b"1")), b"OK")
        hub.kill()
        with self.database(hub) as index, index:  # it was deleting
            index.execute("INSERT INTO garbage VALUES ('2026-11-19/gone.jpg')")
        began = time.monotonic()
        hub.start()
        took = time.monotonic() - began
        self.assertLess(took, READY_S)
        print(f"ready after {took:.2f} s", end=" ", flush=True)
        self.assertEqual(hub.rows("SELECT count(*) AS n FROM images")[0]["n"], ROWS + 1)


if __name__ == "__main__":
    unittest.main()
