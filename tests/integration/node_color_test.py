"""The colour detector, and pictures of the ROI alone or in grey, with both real programs."""

import json
import os
import unittest

from kit import IMAGENODE, jpeg_shape, read_png, run, wait_until
from node_kit import NODE, NodeTest, scene

RED, GREEN, GRAY = (200, 20, 40), (20, 200, 20), (90, 90, 90)
STATES = [
    {"name": "shut", "hue": [340, 20], "saturation": [40, 100]},
    {"name": "open", "hue": [90, 150], "saturation": [40, 100]},
]
FRAMES = 4
"""Of each colour; min_frames is one fewer."""
ROI = "(50, 25), (100, 75)"
"""Of 64x48: 32 pixels wide and 24 high."""


def picture(colour):
    """A PPM of 64x48: the colour in the ROI, elsewhere one that is no state."""
    rows = []
    for y in range(48):
        inside = 12 <= y < 36
        rows.append(bytes((20, 20, 200)) * 32 + bytes(colour if inside else (20, 20, 200)) * 32)
    return b"P6 64 48 255\n" + b"".join(rows)


class Valve(NodeTest):
    """A folder of pictures in which a valve's flag changes its colour."""

    def flag(self, *colours):
        folder = self.folder()
        for number, colour in enumerate(colour for colour in colours for _ in range(FRAMES)):
            with open(os.path.join(folder, f"{number:03}.ppm"), "wb") as file:
                file.write(picture(colour))
        return folder

    @staticmethod
    def camera(src, **keys):
        color = {"ROI": ROI, "states": STATES, "min_frames": FRAMES - 1, "send_frames": "none", **keys}
        return {"viewname": "valve", "src": src, "pace": "fast", "detectors": {"color": color}}

    def test_states_become_log_lines_and_numbers(self):
        hub = self.hub()
        expected = [f"{NODE} valve|color|{state}" for state in ("open", "shut", "none", "open")]
        self.node([hub.address], {"F1": self.camera(self.flag(GREEN, RED, GRAY, GREEN))})
        colours = lambda: [text for text in hub.log_texts() if "|color|" in text]
        wait_until(lambda: len(colours()) == len(expected), what="four states")
        self.assertEqual(colours(), expected)
        rows = hub.rows("SELECT fields, units FROM events WHERE text LIKE '%|color|%' ORDER BY id")
        fields = [json.loads(row["fields"]) for row in rows]
        self.assertEqual([round(one.get("hue", -1)) for one in fields], [120, 353, -1, 120])
        self.assertEqual([round(one["saturation"]) for one in fields], [90, 90, 0, 90])
        self.assertEqual([round(one["value"]) for one in fields], [78, 78, 35, 78])
        self.assertEqual(json.loads(rows[0]["units"]), {"hue": "deg", "saturation": "%", "value": "%"})

    def test_frames_around_the_event_are_the_roi(self):
        hub = self.hub()
        keys = {"send_frames": "detected event", "send_count": 2, "send": "roi"}
        self.node([hub.address], {"F1": self.camera(self.flag(GREEN, RED), **keys)})
        self.wait_for_images(hub, 4)
        shapes = {jpeg_shape(hub.read(row["path"])) for row in hub.image_rows()}
        self.assertEqual(shapes, {(32, 24, 3)})

    def test_a_replay_shows_events_and_with_test_images_the_colour_of_each_frame(self):
        node = self.node(["tcp://127.0.0.1:1"], {"F1": self.camera("none.avi")}, start=False)
        folder = self.flag(RED, GRAY)
        code, out, _ = run([IMAGENODE, "--config", node.settings, "--replay", folder])
        self.assertEqual(code, 0)
        self.assertEqual(out, f"2\t{NODE} valve|color|shut\n6\t{NODE} valve|color|none\n")
        node.change(cameras={"F1": self.camera("none.avi", send_test_images=True)})
        _, out, _ = run([IMAGENODE, "--config", node.settings, "--replay", folder])
        lines = out.splitlines()
        self.assertEqual(len(lines), 2 * FRAMES + 2)
        self.assertEqual(lines[0], f"0\t{NODE} valve|color: State unknown, Hue 353, Saturation 90 %, Value 78 %")
        self.assertEqual(lines[-1], f"7\t{NODE} valve|color: State none, Hue none, Saturation 0 %, Value 35 %")


class Less(NodeTest):
    """Pictures of a camera that gives JPEG."""

    def stored(self, send, count=2, **keys):
        """The files of the first pictures that come from a scene of 320x240 whose ROI is 160x60."""
        hub = self.hub()
        detectors = {"motion": {"ROI": "(25, 50), (75, 75)", "send": send}}
        self.node([hub.address], {"T1": scene(detectors=detectors, **keys)})
        self.wait_for_images(hub, count)
        return [os.path.join(hub.images, row["path"]) for row in hub.image_rows()[:count]]

    def shapes(self, send):
        shapes = set()
        for path in self.stored(send):
            with open(path, "rb") as file:
                shapes.add(jpeg_shape(file.read()))
        return shapes

    def test_the_roi(self):
        self.assertEqual(self.shapes("roi"), {(160, 60, 3)})

    def test_grey(self):
        self.assertEqual(self.shapes("gray"), {(320, 240, 1)})

    def test_both(self):
        self.assertEqual(self.shapes(["roi", "gray"]), {(160, 60, 1)})

    def test_both_as_an_array(self):
        for path in self.stored(["roi", "gray"], send_type="image"):
            self.assertEqual(read_png(path)[:4], (160, 60, 8, 1))

    def test_full_is_the_default(self):
        self.assertEqual(self.shapes("full"), {(320, 240, 3)})


if __name__ == "__main__":
    unittest.main()
