"""Retention of the real hub: what it deletes, when it rests, and what a kill -9 leaves."""

import contextlib
import os
import sqlite3
import unittest

import kit
from kit import jpeg, wait_until

CLOCK = os.path.join(os.path.dirname(kit.IMAGEHUB), "libclock_in_sync.so")
SIZE = 100_000


class Retention(kit.HubTest):
    @contextlib.contextmanager
    def clock(self, in_sync):
        """Programs that start here believe their clock to be synchronised, or not."""
        self.assertTrue(os.path.exists(CLOCK), "build the target clock_in_sync")
        keys = {"LD_PRELOAD": CLOCK, "CLOCK_IN_SYNC": str(int(in_sync)), "ASAN_OPTIONS": "verify_asan_link_order=0"}
        before = {key: os.environ.pop(key, None) for key in keys}
        os.environ.update(keys)
        try:
            yield
        finally:
            for key, value in before.items():
                del os.environ[key]
                if value is not None:
                    os.environ[key] = value

    def hub_with(self, limits, in_sync=True):
        with self.clock(in_sync):
            return self.hub(settings=limits)

    def start_again(self, hub, boot, in_sync):
        """On the port that it had; the sender connects anew."""
        with self.clock(in_sync):
            hub.start_again_at(hub.address)
        boot.reconnect()
        boot.replies.clear()

    @staticmethod
    def picture(number):
        return jpeg(b"%d" % number, SIZE)

    def send(self, boot, numbers):
        for number in numbers:
            self.assertEqual(boot.send("Barn|jpg", self.picture(number), seq=number, crc=False), f"OK {number}")

    def seqs(self, hub):
        return [row["seq"] for row in hub.image_rows()]

    def assert_rows_are_files(self, hub):
        self.assertEqual(sorted(row["path"] for row in hub.image_rows()), hub.pictures())

    def test_max_gb_keeps_the_newest_and_what_went_is_known_for_ever(self):
        hub = self.hub_with("retention:\n  max_gb: 0.002\n")
        boot = self.boot(hub)
        self.send(boot, range(1, 61))
        self.send(boot, range(61, 62))
        wait_until(lambda: self.seqs(hub) == list(range(42, 62)), what="the oldest to go")
        wait_until(lambda: not hub.rows("SELECT * FROM garbage"), what="the garbage to go")
        self.assert_rows_are_files(hub)
        kept = hub.status()["retention"]
        self.assertEqual(kept["state"], "on")
        self.assertEqual(kept["deleted_images"], {"max_gb": 41})
        self.assertEqual(kept["deleted_bytes"], 41 * SIZE)
        # Once stored, known for ever: also when it is gone, also after a restart.
        self.send(boot, (1, 2, 41))
        self.assertEqual(self.seqs(hub), list(range(42, 62)))
        self.assertEqual(hub.stop(), 0)
        self.start_again(hub, boot, in_sync=True)
        self.send(boot, (3, 4, 40))
        self.assertEqual(self.seqs(hub), list(range(42, 62)))
        self.assertEqual(hub.incoming(), [])

    def test_keep_days_leaves_events_and_logs(self):
        hub = self.hub_with("retention:\n  keep_days: 0.0001\n")  # 8.64 s
        boot = self.boot(hub)
        self.assertEqual(boot.send("Barn|door|open"), "OK 1")
        self.send(boot, range(2, 6))
        day = os.path.dirname(hub.pictures()[0])
        wait_until(lambda: not hub.pictures(), what="the images to go")
        wait_until(lambda: not os.path.exists(os.path.join(hub.images, day)), what="the day's empty folder to go")
        self.assertEqual(len(hub.rows("SELECT * FROM events WHERE text = 'Barn|door|open'")), 1)
        self.assertEqual(hub.log_texts(), ["Barn|door|open"])
        self.assertEqual(hub.status()["retention"]["deleted_images"], {"keep_days": 4})
        self.assert_alive(hub)  # the folder comes back with the next image

    def test_it_rests_while_the_clock_is_not_synchronised(self):
        hub = self.hub_with("retention:\n  max_gb: 0.001\n", in_sync=False)
        boot = self.boot(hub)
        self.send(boot, range(1, 21))
        hub.program.wait_line("retention is at rest: the clock is not synchronised")
        code, out, _ = kit.run([kit.IMAGEHUB, "status", "--path", hub.folder])
        self.assertEqual(code, 0)
        self.assertIn("retention at rest: the clock is not synchronised", out)
        self.assertEqual(len(hub.pictures()), 20)
        self.assertEqual(hub.stop(), 0)
        self.start_again(hub, boot, in_sync=True)
        wait_until(lambda: self.seqs(hub) == list(range(11, 21)), what="the oldest to go")

    def test_min_free_gb_makes_room_on_a_small_disk(self):
        hub = self.hub_with("retention:\n  min_free_gb: 100000\n")
        boot = self.boot(hub)
        self.send(boot, range(1, 6))
        wait_until(lambda: not hub.pictures(), what="all images to go: so much is never free")
        self.assertEqual(hub.status()["retention"]["deleted_images"], {"min_free_gb": 5})

    def test_kill_9_while_deleting_leaves_rows_and_files_together(self):
        hub = self.hub_with("")
        boot = self.boot(hub)
        self.send(boot, range(1, 601))
        with open(os.path.join(hub.folder, "imagehub.yaml"), "a") as file:
            file.write("retention:\n  max_gb: 0.001\n")
        self.assertEqual(hub.stop(), 0)
        for left in (450, 300, 120):
            self.start_again(hub, boot, in_sync=True)
            wait_until(lambda: len(self.seqs(hub)) <= left, what=f"{left} left")
            hub.kill()
        self.start_again(hub, boot, in_sync=False)
        self.assertEqual(hub.rows("SELECT * FROM garbage"), [])
        self.assert_rows_are_files(hub)
        self.assertEqual(self.seqs(hub), list(range(601 - len(self.seqs(hub)), 601)), "the newest are left")
        self.send(boot, (1, 200, 601))
        self.assertEqual(self.seqs(hub)[-1], 601)
        self.assertNotIn(1, self.seqs(hub))

    def test_a_repair_after_a_crash_finishes_the_deletion_and_adopts_nothing(self):
        hub = self.hub_with("")
        boot = self.boot(hub)
        self.send(boot, range(1, 4))
        going = hub.image_rows()[0]["path"]
        hub.kill()
        with contextlib.closing(sqlite3.connect(os.path.join(hub.data, "index.sqlite3"))) as database, database:
            database.execute("INSERT INTO garbage VALUES (?)", (going,))
            database.execute("DELETE FROM images WHERE path = ?", (going,))
        code, out, err = kit.run([kit.IMAGEHUB, "check", "--repair", "--path", hub.folder])
        self.assertEqual(code, 0, out + err)
        self.assertEqual(self.seqs(hub), [2, 3])
        self.assertNotIn(going, hub.pictures())
        self.assert_rows_are_files(hub)
        self.start_again(hub, boot, in_sync=False)
        self.send(boot, (1, 2, 3, 4))
        self.assertEqual(self.seqs(hub), [2, 3, 4])


if __name__ == "__main__":
    unittest.main()
