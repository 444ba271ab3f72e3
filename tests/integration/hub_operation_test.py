"""How a hub is started, stopped, asked and reached."""

import json
import os
import signal
import threading
import unittest

import zmq

import kit
from kit import jpeg, wait_until


class Operation(kit.HubTest):
    def test_a_second_hub_on_the_same_data_is_refused_with_the_first_ones_pid(self):
        hub = self.hub()
        code, _, err = kit.run([kit.IMAGEHUB, "--path", hub.folder])
        self.assertEqual(code, 1)
        self.assertIn(f"in use by process {hub.program.pid}", err)
        self.assertEqual(len(err.strip().splitlines()), 1)
        self.assert_alive(hub)

    def test_an_address_that_is_taken_is_a_clear_error(self):
        hub = self.hub()
        other = self.hub(address=f'"{hub.address}"', start=False)
        code, _, err = kit.run([kit.IMAGEHUB, "--path", other.folder])
        self.assertEqual(code, 1)
        self.assertIn(f"cannot listen on {hub.address}", err)

    def test_sigterm_and_sigint_end_it_with_status_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            hub = self.hub()
            self.req(hub).send_jpg("Barn|jpg", jpeg())
            self.assertEqual(hub.program.stop(number), 0)

    def test_a_stop_under_load_answers_or_keeps_silent_and_ends_with_status_0(self):
        hub = self.hub()
        boots = [self.boot(hub) for _ in range(4)]
        for n in range(1, 201):
            for boot in boots:
                boot.post("Barn|jpg", jpeg(f"{boot.boot}{n}".encode(), 20_000), crc=False)
        boots[0].wait(20)
        self.assertEqual(hub.stop(), 0)
        for boot in boots:
            while boot.receive(0.1):
                pass
        stored = {(row["boot"], row["seq"]): hub.read(row["path"]) for row in hub.image_rows()}
        acknowledged = 0
        for boot in boots:
            for seq, reply in boot.replies.items():
                if reply == f"OK {seq}":
                    acknowledged += 1
                    self.assertEqual(stored[boot.boot, seq], jpeg(f"{boot.boot}{seq}".encode(), 20_000))
                else:
                    self.assertEqual(reply, f"RETRY {seq} shutting down")
        self.assertGreaterEqual(acknowledged, 20)
        self.assertEqual(len(hub.pictures()), len(stored))

    def test_a_hub_that_was_stopped_and_goes_on_has_lost_nothing(self):
        hub = self.hub()
        boot, plain = self.boot(hub), self.req(hub)
        hub.program.send_signal(signal.SIGSTOP)
        for n in range(20):
            boot.post("Barn|jpg", jpeg(str(n).encode()))
        plain.post({"msg": "Shed|jpg"}, jpeg())
        self.assertFalse(plain.has_reply(0.3))
        hub.program.send_signal(signal.SIGCONT)
        for seq in range(1, 21):
            self.assertEqual(boot.wait(seq), f"OK {seq}")
        self.assertEqual(plain.receive(), b"OK")
        self.assert_alive(hub)

    def test_bad_settings_end_it_with_78_and_every_problem(self):
        hub = self.hub(settings="  patience: soon\n  adress: x\n  writers: 0\n", start=False)
        for arguments in (["--check-config"], []):
            code, _, err = kit.run([kit.IMAGEHUB, "--path", hub.folder, *arguments])
            self.assertEqual(code, 78)
            lines = err.strip().splitlines()
            self.assertEqual(len(lines), 3, err)
            self.assertRegex(lines[0], r"imagehub.yaml:3:3: patience: soon is not a number")
            self.assertIn("did you mean address?", lines[1])
            self.assertIn("writers: 0 is not a whole number from 1 to 64", lines[2])
        self.assertFalse(os.path.exists(hub.data))

    def test_good_settings_pass_the_check_and_nothing_is_made(self):
        hub = self.hub(start=False)
        file = os.path.join(hub.folder, "imagehub.yaml")
        self.assertEqual(kit.run([kit.IMAGEHUB, "--config", file, "--check-config"])[0], 0)
        self.assertFalse(os.path.exists(hub.data))
        self.assertEqual(kit.run([kit.IMAGEHUB, "--path", hub.folder + "/none", "--check-config"])[0], 78)

    def test_status_without_a_hub_says_so(self):
        hub = self.hub(start=False)
        code, _, err = kit.run([kit.IMAGEHUB, "status", "--path", hub.folder])
        self.assertEqual(code, 69)
        self.assertIn("no hub answers", err)
        self.assertEqual(kit.run([kit.IMAGEHUB, "--nonsense"])[0], 64)

    def test_status_for_people(self):
        hub = self.hub()
        self.req(hub).send_jpg("Barn|jpg", jpeg())
        code, out, _ = kit.run([kit.IMAGEHUB, "status", "--path", hub.folder])
        self.assertEqual(code, 0)
        self.assertIn(f"process {hub.program.pid}", out)
        self.assertRegex(out, r"(?m)^Barn +ok ")

    def test_status_for_scripts(self):
        hub = self.hub()
        self.req(hub).send({"msg": 5})
        code, out, _ = kit.run([kit.IMAGEHUB, "status", "--json", "--path", hub.folder])
        status = json.loads(out)
        self.assertEqual((code, status["pid"], status["drops"]), (0, hub.program.pid, {"refused: msg not a string": 1}))
        self.assertEqual(status["addresses"], hub.addresses)
        self.assertEqual(status.keys(), hub.status().keys())

    def test_several_addresses_tcp_and_ipc(self):
        folder = self.folder()
        hub = self.hub(address=f'["tcp://127.0.0.1:*", "tcp://127.0.0.1:*", "ipc://{folder}/hub.ipc"]')
        self.assertEqual(len(hub.addresses), 3)
        for number, address in enumerate(hub.addresses):
            self.assertEqual(self.req(address).send_jpg(f"Node{number}|motion|moving", jpeg()), b"OK")
            self.assertEqual(self.req(address).send({"msg": 5}), b"OK")
            self.assertEqual(self.boot(address).send(f"Node{number}|jpg", jpeg()), "OK 1")
        self.assertEqual(hub.log_texts(), [f"Node{number}|motion|moving" for number in range(3)])
        self.assertEqual(hub.drops(), {"refused: msg not a string": 3})

    def test_publishers_are_subscribed_to(self):
        publisher = zmq.Context.instance().socket(zmq.XPUB)
        publisher.linger = 0
        port = publisher.bind_to_random_port("tcp://127.0.0.1")
        self.addCleanup(publisher.close)
        hub = self.hub(settings=f'  subscribe: "tcp://127.0.0.1:{port}"\n')
        self.assertTrue(publisher.poll(int(1000 * kit.TIMEOUT)))  # the hub's subscription
        picture = jpeg(b"published")
        publisher.send_multipart([b'{"msg": "Barn|jpg"}', picture])
        publisher.send_multipart([b'{"msg": 17}', b""])
        publisher.send_multipart([b"alone"])
        publisher.send_multipart([b'{"msg": "Barn|motion|moving"}', picture])
        wait_until(lambda: hub.log_texts() == ["Barn|motion|moving"])
        wait_until(lambda: len(hub.pictures()) == 1)
        self.assertEqual(hub.read(hub.pictures()[0]), picture)
        self.assertEqual(hub.drops(), {"refused: msg not a string": 1, "refused: not two frames": 1})
        self.assert_alive(hub)

    def test_many_senders_at_once(self):
        hub = self.hub()
        context = zmq.Context()
        self.addCleanup(context.term)
        failures = []

        def send(number):
            sender = kit.ReqSender.__new__(kit.ReqSender)
            sender.socket = context.socket(zmq.REQ)
            sender.socket.linger = 0
            sender.socket.rcvtimeo = int(1000 * kit.TIMEOUT)
            sender.socket.connect(hub.address)
            try:
                for n in range(10):
                    if sender.send_jpg(f"Node{number}|jpg", jpeg(f"{number}-{n}".encode())) != b"OK":
                        failures.append(number)
            except zmq.ZMQError as error:
                failures.append(error)
            finally:
                sender.close()

        threads = [threading.Thread(target=send, args=(number,)) for number in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        expected = sorted(jpeg(f"{number}-{n}".encode()) for number in range(30) for n in range(10))
        self.assertEqual(sorted(hub.read(name) for name in hub.pictures()), expected)


if __name__ == "__main__":
    unittest.main()
