"""A webcam: the kernel's vivid, a camera of its own behind the interface that webcams have (V4L2)."""

import os
import unittest

from machine import MachineTest, do, put
from node_kit import CONTINUOUS, NODE

DRIVER = "/sys/bus/platform/drivers/vivid"


class Webcam(MachineTest):
    def setUp(self):
        super().setUp()
        # One device, single-planar, with one input: a webcam.
        do("modprobe", "vivid", "n_devs=1", "node_types=0x1", "multiplanar=1", "num_inputs=1", "input_types=0")
        self.addCleanup(do, "modprobe", "--remove", "vivid")
        self.addCleanup(self.stop_all)
        do("udevadm", "settle")

    def node_with(self, **keys):
        camera = {"viewname": "door", "src": 0, "resolution": [320, 180], "framerate": 5, "detectors": CONTINUOUS}
        return self.node(cameras={"W1": {**camera, **keys}})

    def test_frames_come_with_the_time_and_the_rate_of_the_driver(self):
        hub = self.hub()
        self.node_with()
        self.wait_for_images(hub, 20)
        rows = hub.image_rows()
        self.assertEqual({self.size(hub, row) for row in rows}, {(320, 180)})
        times = [row["time_ns"] for row in rows]
        self.assertEqual(times, sorted(set(times)))
        # By the driver's clock, frames are evenly spaced, whenever the node had time for them.
        steps = [(b - a) / 1e9 for a, b in zip(times, times[1:])]
        self.assertAlmostEqual(sorted(steps)[len(steps) // 2], 0.2, delta=0.01)
        for row in rows:
            self.assertLess(row["time_ns"], row["received_ns"])
            self.assertLess(row["received_ns"] - row["time_ns"], 10e9)

    def test_a_still_has_more_pixels_and_the_camera_goes_on(self):
        hub = self.hub()
        self.node_with(still_resolution=[1280, 720])
        self.wait_for_images(hub, 3)
        self.wait_for(hub, self.command(hub, "Still"), "done")
        self.wait_for_images(hub, self.image_count(hub) + 3)
        sizes = [self.size(hub, row) for row in hub.image_rows()]
        self.assertEqual(sizes.count((1280, 720)), 1)
        self.assertEqual(set(sizes), {(320, 180), (1280, 720)})
        self.assertEqual([text for text in hub.log_texts() if "|camera|" in text], [])

    def test_one_that_is_unplugged_is_lost_and_back_when_it_returns(self):
        hub = self.hub()
        self.node_with()
        self.wait_for_images(hub, 5)
        put(os.path.join(DRIVER, "unbind"), "vivid.0")
        hub.wait_for_text(f"{NODE} door|camera|lost")
        put(os.path.join(DRIVER, "bind"), "vivid.0")
        hub.wait_for_text(f"{NODE} door|camera|back")
        self.wait_for_images(hub, self.image_count(hub) + 5)

    def test_one_that_another_program_has_is_lost_until_it_is_given_back(self):
        hub = self.hub()
        cameras = {"W1": {"viewname": "door", "src": 0, "detectors": CONTINUOUS}}
        self.write_node(node={"name": "first"}, path="/etc/imagenode/first.yaml", cameras=cameras)
        do("systemctl", "start", "imagenode@first")
        self.wait_for_images(hub, 1)
        self.node_with()
        hub.wait_for_text(f"{NODE} door|camera|lost")
        do("systemctl", "stop", "imagenode@first")
        hub.wait_for_text(f"{NODE} door|camera|back")

    def test_the_test_takes_a_picture(self):
        self.write_node(cameras={"W1": {"viewname": "door", "src": 0}})
        said = do("imagenode", "--test", "--path", "/etc/imagenode")
        # OpenCV prefers BGR to the other forms that vivid has; webcams have no BGR.
        self.assertIn("webcam, BGR 640x480", said)
        with open("/etc/imagenode/imagenode-test-W1.jpg", "rb") as file:
            self.assertEqual(file.read(2), b"\xff\xd8")


if __name__ == "__main__":
    unittest.main()
