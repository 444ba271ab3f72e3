"""Nodes that find their hub by mDNS: real programs, real Avahi daemons, on computers of the test's own."""

import json
import os
import signal
import unittest

import farm
from kit import wait_until
from node_kit import NODE, NodeTest, scene


class DiscoveryTest(NodeTest):
    def setUp(self):
        why = farm.missing()
        if why:
            self.skipTest(why)

    def farm(self, **keys):
        computer = farm.Farm(**keys)
        self.addCleanup(computer.close)
        return computer

    def announced_hub(self, computer, network=None, **keys):
        settings = f"  network: {network}\n" if network else ""
        return self.hub(settings=settings, address='"tcp://*:*"', preexec=computer.inside, env=computer.env, **keys)

    def finding_node(self, computer, name=NODE, network=None):
        section = {"name": name, "patience": 2}
        if network:
            section["network"] = network
        settings = {"node": section, "hub_address": "auto", "cameras": {"T1": scene(framerate=10)}}
        return self.node(text=json.dumps(settings), preexec=computer.inside, env=computer.env)

    def wait_for_more_images(self, hub):
        self.wait_for_images(hub, self.image_count(hub) + 5)


class OneHub(DiscoveryTest):
    def test_is_found_and_followed_to_another_port(self):
        computer = self.farm()
        hub = self.announced_hub(computer)
        node = self.finding_node(computer)
        hub.program.wait_line('announced as "imagehub farm"')
        self.wait_for_images(hub, 5)
        self.assertEqual(node.count("connected to"), 1, node.program.lines)

        first_port = hub.port
        self.assertEqual(hub.stop(), 0)
        node.program.wait_line("is announced no more")
        hub.start()
        self.assertNotEqual(hub.port, first_port)
        node.program.wait_line(f"connected to tcp://[0-9.]+:{hub.port}")
        self.wait_for_more_images(hub)
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assert_complete(hub)

    def test_by_address_or_found_is_changed_while_the_node_runs(self):
        computer = self.farm()
        named, found = self.announced_hub(computer, network="north"), self.announced_hub(computer, network="south")
        address = named.address.replace("0.0.0.0", "127.0.0.1")
        cameras = {"T1": scene(framerate=10)}
        node = self.node([address], cameras, network="south", preexec=computer.inside, env=computer.env)
        self.wait_for_images(named, 5)
        for hub, other in ((found, "auto"), (named, {"H1": address}), (found, "auto")):
            node.change(sections={"hub_address": other})
            node.program.send_signal(signal.SIGHUP)
            self.wait_for_more_images(hub)
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assert_complete(named, found)

    def test_that_is_killed_is_followed_too(self):
        computer = self.farm()
        hub = self.announced_hub(computer)
        node = self.finding_node(computer)
        self.wait_for_images(hub, 5)
        hub.kill()
        hub.start()
        node.program.wait_line(f"connected to tcp://[0-9.]+:{hub.port}")
        self.wait_for_more_images(hub)
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assert_complete(hub)

    def test_on_loopback_alone_is_not_announced(self):
        computer = self.farm()
        hub = self.hub(preexec=computer.inside, env=computer.env)
        other = self.announced_hub(computer)
        other.program.wait_line("announced as")
        self.assertFalse([line for line in hub.program.lines if "announced" in line])

    def test_is_not_announced_against_the_will_of_its_owner(self):
        computer = self.farm()
        keys = {"address": '"tcp://*:*"', "preexec": computer.inside, "env": computer.env}
        quiet = self.hub(settings="  announce: False\n", **keys)
        self.announced_hub(computer).program.wait_line("announced as")
        self.assertFalse([line for line in quiet.program.lines if "announced" in line])

    def test_that_changes_its_network_is_announced_with_the_new_one(self):
        computer = self.farm()
        hub = self.announced_hub(computer, network="north")
        hub.program.wait_line("announced as")
        node = self.finding_node(computer, network="south")
        path = os.path.join(hub.folder, "imagehub.yaml")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace("network: north", "network: south"))
        self.assertEqual(self.image_count(hub), 0)
        hub.program.send_signal(signal.SIGHUP)
        self.wait_for_images(hub, 5)
        self.assertEqual(node.deliver_and_stop(), 0)


class TwoComputers(DiscoveryTest):
    def test_find_each_other_over_a_cable(self):
        there, here = self.farm(), self.farm(name="barn")
        there.join(here)
        hub = self.announced_hub(there)
        node = self.finding_node(here)
        node.program.wait_line(f"connected to tcp://{farm.CABLE}1:{hub.port}")
        self.wait_for_images(hub, 5)

        hub.kill()
        hub.start()
        node.program.wait_line(f"connected to tcp://{farm.CABLE}1:{hub.port}")
        self.wait_for_more_images(hub)
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assert_complete(hub)


class Avahi(DiscoveryTest):
    def test_may_go_and_come_back(self):
        computer = self.farm()
        hub = self.announced_hub(computer)
        node = self.finding_node(computer)
        self.wait_for_images(hub, 5)

        # Without Avahi delivery goes on, and a hub that restarts at its old port is found where it was.
        computer.stop_avahi()
        node.program.wait_line("cannot look for hubs")
        hub.program.wait_line("this hub is not announced")
        self.wait_for_more_images(hub)
        self.assertEqual(node.count("connected to"), 1, node.program.lines)
        hub.kill()
        hub.start_again_at(f"tcp://*:{hub.port}")
        wait_until(lambda: node.count("connected to") == 2, what="the connection to the last known address")
        self.wait_for_more_images(hub)

        # When Avahi is back, so is the announcement, and the node follows it.
        computer.start_avahi()
        hub.program.wait_line("announced as")
        hub.kill()
        hub.start_again_at("tcp://*:*")
        node.program.wait_line(f"connected to tcp://[0-9.]+:{hub.port}")
        self.wait_for_more_images(hub)
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assert_complete(hub)

    def test_may_start_after_hub_and_node(self):
        computer = self.farm(avahi=False)
        hub = self.announced_hub(computer)
        node = self.finding_node(computer)
        node.program.wait_line("cannot look for hubs")
        hub.program.wait_line("this hub is not announced")
        computer.start_avahi()
        self.wait_for_images(hub, 5)
        self.assertEqual(node.count("cannot look for hubs"), 1)
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assert_complete(hub)

    def test_may_be_missing_with_the_bus(self):
        """As in a container: hub and node say so once, and stop as ever."""
        computer = self.farm(avahi=False)
        computer.env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nonexistent"
        hub = self.announced_hub(computer)
        node = self.finding_node(computer)
        node.program.wait_line("cannot look for hubs")
        hub.program.wait_line("this hub is not announced")
        self.assertEqual(node.stop(), 0)
        self.assertEqual(hub.stop(), 0)
        self.assertEqual(node.count("cannot look for hubs"), 1)


class TwoNetworks(DiscoveryTest):
    def test_are_kept_apart(self):
        computer = self.farm()
        networks = ("north", "south", None)
        hubs = {network: self.announced_hub(computer, network) for network in networks}
        for hub in hubs.values():
            hub.program.wait_line("announced as")
        names = {network: f"{NODE}-{network}" for network in networks}
        nodes = [self.finding_node(computer, names[network], network) for network in networks]
        for network, hub in hubs.items():
            self.wait_for_images(hub, 5)
            self.assertEqual([row["node"] for row in hub.rows("SELECT DISTINCT node FROM images")], [names[network]])
        for node in nodes:
            self.assertEqual(node.stop(), 0)


class TwoHubs(DiscoveryTest):
    def test_of_one_network_have_different_names_and_stand_in_for_each_other(self):
        computer = self.farm()
        first = self.announced_hub(computer)
        first.program.wait_line('announced as "imagehub farm"')
        second = self.announced_hub(computer)
        second.program.wait_line('announced as "imagehub farm #2"')
        node = self.finding_node(computer)
        self.wait_for_images(first, 5)
        self.assertEqual(self.image_count(second), 0)
        first.kill()
        self.wait_for_images(second, 5)
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assert_complete(first, second)


if __name__ == "__main__":
    unittest.main()
