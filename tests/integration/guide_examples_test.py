"""Each example of settings in the pages is taken and run by the program that it is for, as a reader would try it."""

import glob
import os
import re
import textwrap
import unittest

from kit import IMAGEHUB, IMAGENODE, Program, run
from node_kit import NODE, NodeTest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
HUB_SECTIONS = {"hub", "data", "retention"}
NODE_SECTIONS = {"node", "hub_address", "cameras", "sensors", "lines", "lights", "actions"}
FRAGMENTS = {"send_test_images: True"}
"""Keys of a section that the text around them names: nothing that a program could run."""
CAMERA = f"cameras:\n  T1:\n    viewname: scene\n    src: test\n"


def indented(text, by):
    return "".join(" " * by + line + "\n" for line in text.splitlines())


def blocks(text):
    """Blocks of code: behind four spaces, more below a step of a list, or between fences."""
    found, block, fenced = [], [], False
    for line in text.split("\n") + [""]:
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            block.append(line if fenced else line[4:])
            continue
        elif not line and block:
            block.append("")
            continue
        if block:
            found.append(textwrap.dedent("\n".join(block)).strip("\n"))
        block = []
    return found


def settings_of(block):
    """The beginning of a block that is settings, and the names of its sections."""
    lines = []
    for line in block.split("\n"):
        if line and not re.match(r"[a-z_]+:|[ #]", line):
            break
        lines.append(line)
    text = "\n".join(lines).strip("\n") + "\n"
    return text, set(re.findall(r"^([a-z_]+):", text, re.MULTILINE))


def is_yaml(block):
    return re.search(r"""^\s*(- )?[\w."'-]+:(\s|$)""", block, re.MULTILINE)


def examples():
    """(page, program, a whole settings file) of all pages; without a program what looks like one and is none."""
    for page in sorted(glob.glob(os.path.join(ROOT, "docs/guide/*.md")) + [os.path.join(ROOT, "README.md")]):
        with open(page) as file:
            text = file.read()
        for block in blocks(text):
            settings, sections = settings_of(block)
            if "detectors" in sections:
                settings, sections = CAMERA + indented(settings, 4), {"cameras"}
            if sections and sections <= HUB_SECTIONS:
                if "hub" not in sections:
                    settings += "hub:\n  address: tcp://127.0.0.1:*\n"
                yield os.path.basename(page), IMAGEHUB, settings
            elif sections and sections <= NODE_SECTIONS:
                if "node" not in sections:
                    settings += f"node:\n  name: {NODE}\n"
                if "hub_address" not in sections:
                    settings += "hub_address: {H1: tcp://127.0.0.1:9}\n"
                settings = re.sub(r"^  name: Barn$", f"  name: {NODE}", settings, flags=re.MULTILINE)
                if not re.search(r"^  name: ", settings, re.MULTILINE):
                    settings = settings.replace("node:\n", f"node:\n  name: {NODE}\n")
                yield os.path.basename(page), IMAGENODE, settings
            elif is_yaml(block) and block not in FRAGMENTS:
                yield os.path.basename(page), None, block


class Examples(NodeTest):
    def test_all_are_good_settings_and_run(self):
        pages = set()
        for page, program, settings in examples():
            pages.add(page)
            with self.subTest(page=page, settings=settings):
                self.assertIsNotNone(program, "neither settings of a program nor known as a fragment")
                folder = self.folder()
                file = os.path.join(folder, os.path.basename(program) + ".yaml")
                with open(file, "w") as out:
                    out.write(settings)
                status, output, errors = run([program, "--config", file, "--check-config"])
                self.assertEqual(status, 0, output + errors)
                running = Program([program, "--config", file])
                self.addCleanup(running.kill)
                # What is not there, devices for example, is reported and ends nothing.
                running.wait_line(r"listens on|runs node")
                self.assertEqual(running.stop(), 0)
        # Pages that must have some, so that none is passed over unnoticed.
        self.assertLessEqual({"actions.md", "data.md", "hub.md", "lights.md", "lines.md", "sensors.md", "several-hubs.md"}, pages)


if __name__ == "__main__":
    unittest.main()
