"""Actions with both real programs: what a sensor tells has the node ask a server, run a program, send frames."""

import http.server
import json
import os
import ssl
import threading
import time
import unittest

from kit import TIMEOUT, wait_until
from node_kit import EVENTS_ONLY, NODE, NodeTest, scene

HTTPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../data/https")


class Server(http.server.ThreadingHTTPServer):
    """Keeps what is asked, as (method, path, headers, body), and answers as `answers` says of the path: (status, headers,
    body). A path /hang is answered when the server closes."""

    daemon_threads = True

    def __init__(self, answers=None, tls=False):
        self.asked = []
        self.answers = answers or {}
        self.closing = threading.Event()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                server.asked.append((self.command, self.path, self.headers, body))
                if self.path == "/hang":
                    server.closing.wait(TIMEOUT)
                status, headers, reply = server.answers.get(self.path, (200, {}, b"fine"))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                # Else only the end of the connection would end the reply, which a careful client takes for a cut.
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                try:
                    self.wfile.write(reply)
                except OSError:
                    pass  # the node has had enough

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(os.path.join(HTTPS, "server.pem"))
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.address = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def handle_error(self, *_):
        pass  # a node that does not trust us hangs up

    def close(self):
        self.closing.set()
        self.shutdown()
        self._thread.join(TIMEOUT)
        self.server_close()


class Actions(NodeTest):
    def setUp(self):
        self.level = os.path.join(self.folder(), "level")
        self.set_level(1)

    def set_level(self, value):
        """A new reading of the sensor, and so an event; `Barn|sensor level|1 cm` and the like."""
        with open(self.level + ".new", "w") as file:
            file.write(f"{value}\n")
        os.rename(self.level + ".new", self.level)

    def server(self, *arguments, **keys):
        server = Server(*arguments, **keys)
        self.addCleanup(server.close)
        return server

    def node_with(self, hub, actions, **more):
        """A node that reads the level all the time; each action answers it unless it has another event."""
        level = {"type": "file", "path": self.level, "unit": "cm", "read_interval": "0.1s"}
        settings = {
            "node": {"name": NODE},
            "hub_address": {"H1": hub.address},
            "sensors": {"level": level},
            "actions": {label: {"when": f"{NODE}|sensor level|*", **action} for label, action in actions.items()},
            **more,
        }
        return self.node(text=json.dumps(settings), env={"no_proxy": "127.0.0.1"})

    def outcomes(self, hub, label, count):
        """What the log says of an action, once that are so many."""
        start = f"{NODE}|action|{label}|"
        found = lambda: [text[len(start) :] for text in hub.log_texts() if text.startswith(start)]
        wait_until(lambda: len(found()) >= count, what=f"{count} outcomes of {label}: {found()}")
        return found()


class Http(Actions):
    def test_a_server_gets_what_the_event_says(self):
        server = self.server()
        hub = self.hub()
        body = {"topic": "farm", "text": 'it says "{text}"', "cm": "{field.value}", "priority": 4, "view": "{view}"}
        node = self.node_with(
            hub,
            {
                "phone": {"type": "http", "url": server.address + "/push?x=1", "headers": {"Title": "Barn"}, "body": body},
                "plain": {"type": "http", "url": server.address + "/plain", "method": "put", "body": "{detail}!"},
                "switch": {"type": "http", "url": server.address + "/on", "method": "get"},
            },
        )
        for label in ("phone", "plain", "switch"):
            self.assertEqual(self.outcomes(hub, label, 1), ["done"])
        asked = {path: (method, headers, text) for method, path, headers, text in server.asked}
        method, headers, text = asked["/push?x=1"]
        self.assertEqual(method, "POST")
        self.assertEqual((headers["Title"], headers["Content-Type"]), ("Barn", "application/json"))
        self.assertEqual(headers["User-Agent"].split("/")[0], "imagenode")
        self.assertEqual(
            json.loads(text),
            {"topic": "farm", "text": f'it says "{NODE}|sensor level|1 cm"', "cm": 1, "priority": 4, "view": ""},
        )
        self.assertEqual(asked["/plain"][0::2], ("PUT", "1 cm!"))
        self.assertEqual(asked["/plain"][1]["Content-Type"], "text/plain; charset=utf-8")
        self.assertEqual(asked["/on"][0::2], ("GET", ""))
        # The event comes first, and what it brought about behind it.
        log = hub.log_texts()
        self.assertLess(log.index(f"{NODE}|sensor level|1 cm"), log.index(f"{NODE}|action|phone|done"))
        row = hub.rows("SELECT source, fields FROM events WHERE text = ?", f"{NODE}|action|phone|done")[0]
        self.assertEqual(row["source"], "phone")
        self.assertGreaterEqual(json.loads(row["fields"])["took"], 0)
        self.assertEqual(node.stop(), 0)
        self.assert_complete(hub)

    def test_each_change_is_answered_and_other_events_are_not(self):
        server = self.server()
        hub = self.hub()
        self.node_with(hub, {"a": {"type": "http", "url": server.address, "body": "{detail}"}})
        for count, level in enumerate((1, 2, 5), 1):
            self.set_level(level)
            self.assertEqual(self.outcomes(hub, "a", count), ["done"] * count)
        self.assertEqual([body for *_, body in server.asked], ["1 cm", "2 cm", "5 cm"])

    def test_what_is_no_success_is_told_with_the_reason(self):
        server = self.server(
            {
                "/no": (403, {}, b"not\nyou"),
                "/away": (301, {"Location": "http://127.0.0.1/secret"}, b""),
                "/long": (200, {}, b"x" * 100_000),
                "/made": (201, {}, b""),
            }
        )
        silent = self.free_address().replace("tcp", "http")
        hub = self.hub()
        to = lambda path, **keys: {"type": "http", "url": server.address + path, **keys}
        self.node_with(
            hub,
            {
                "no": to("/no"),
                "away": to("/away"),
                "long": to("/long"),
                "made": to("/made", status=200),
                "wanted": to("/made", status=[200, 201]),
                "hang": to("/hang", timeout="0.3s"),
                "silent": {"type": "http", "url": silent},
            },
        )
        self.assertEqual(self.outcomes(hub, "no", 1), ["failed|the server answered with status 403: not you"])
        self.assertRegex(self.outcomes(hub, "away", 1)[0], "^failed.*status 301, which sends us elsewhere")
        self.assertEqual(self.outcomes(hub, "long", 1), ["failed|the reply has more than 65536 bytes"])
        self.assertEqual(self.outcomes(hub, "made", 1), ["failed|the server answered with status 201"])
        self.assertEqual(self.outcomes(hub, "wanted", 1), ["done"])
        self.assertRegex(self.outcomes(hub, "hang", 1)[0], "^failed.*timed out")
        self.assertRegex(self.outcomes(hub, "silent", 1)[0], "^failed.*connect")
        self.assertNotIn("/secret", [path for _, path, *_ in server.asked])

    def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(self):
        server = self.server(tls=True)
        hub = self.hub()
        own = {"type": "http", "url": server.address + "/own", "ca_file": os.path.abspath(os.path.join(HTTPS, "cert.pem"))}
        named = {**own, "url": server.address.replace("127.0.0.1", "localhost")}  # which the certificate is not for
        self.node_with(hub, {"a": {"type": "http", "url": server.address}, "named": named, "own": own})
        self.assertRegex(self.outcomes(hub, "a", 1)[0], "^failed.*certificate")
        self.assertRegex(self.outcomes(hub, "named", 1)[0], "^failed.*(certificate|localhost)")
        self.assertEqual(self.outcomes(hub, "own", 1), ["done"])
        self.assertEqual([path for _, path, *_ in server.asked], ["/own"])

    def test_a_server_that_hangs_holds_up_neither_others_nor_a_stop(self):
        server = self.server()
        hub = self.hub()
        node = self.node_with(
            hub,
            {
                "hang": {"type": "http", "url": server.address + "/hang", "timeout": "10m"},
                "quick": {"type": "http", "url": server.address + "/quick"},
            },
        )
        for count in range(1, 4):
            self.set_level(count)
            self.assertEqual(self.outcomes(hub, "quick", count), ["done"] * count)
        begin = time.monotonic()
        self.assertEqual(node.stop(), 0)
        self.assertLess(time.monotonic() - begin, TIMEOUT / 3)
        held_back = ["failed|the node was stopped before there was a reply", "held back|2"]
        self.assertEqual(self.outcomes(hub, "hang", 2), held_back)
        self.assert_complete(hub)


class Others(Actions):
    def test_a_program_is_run_with_what_the_event_says(self):
        out = os.path.join(self.folder(), "out")
        hub = self.hub()
        command = ["sh", "-c", 'printf "%s\\n" "$@" > "$0.new"; mv "$0.new" "$0"', out, "{text}", "$(id) {field.value}"]
        self.node_with(
            hub,
            {
                "note": {"type": "command", "command": command},
                "bad": {"type": "command", "command": ["sh", "-c", "echo no luck >&2; exit 3"]},
            },
        )
        self.assertEqual(self.outcomes(hub, "note", 1), ["done"])
        with open(out) as file:
            self.assertEqual(file.read(), f"{NODE}|sensor level|1 cm\n$(id) 1\n")
        self.assertEqual(self.outcomes(hub, "bad", 1), ["failed|sh ended with status 3: no luck"])

    def test_frames_are_sent(self):
        hub = self.hub()
        cameras = {"T1": scene(detectors=EVENTS_ONLY), "T2": scene("yard", detectors=EVENTS_ONLY)}
        self.node_with(hub, {"clip": {"type": "send_frames", "count": 4, "view": "yard"}}, cameras=cameras)
        self.assertEqual(self.outcomes(hub, "clip", 1), ["done"])
        self.wait_for_images(hub, 4)
        self.assertEqual({row["text"] for row in hub.image_rows()}, {f"{NODE} yard|jpg"})
        self.assertEqual(self.image_count(hub), 4)

    def test_the_event_of_a_detector_is_one_too(self):
        hub = self.hub()
        out = os.path.join(self.folder(), "out")
        seen = {"when": f"{NODE} scene|motion|moving", "type": "command", "command": ["touch", out]}
        self.node_with(hub, {"seen": seen}, cameras={"T1": scene(detectors=EVENTS_ONLY)})
        self.assertEqual(self.outcomes(hub, "seen", 1)[0], "done")
        self.assertTrue(os.path.exists(out))

    def test_a_pin_that_is_not_there_fails_with_the_reason(self):
        if os.path.exists("/dev/gpiochip0"):
            self.skipTest("this computer has pins, which a test leaves alone")
        hub = self.hub()
        node = self.node_with(hub, {"siren": {"type": "gpio", "gpio": 23, "pulse": "1s"}})
        node.program.wait_line("action siren could not be done now: .*GPIO chip")
        self.assertRegex(self.outcomes(hub, "siren", 1)[0], "^failed.*GPIO chip")

    def test_limits_hold_back_and_a_dry_run_does_nothing(self):
        out = os.path.join(self.folder(), "out")
        hub = self.hub()
        touch = {"type": "command", "command": ["touch", out]}
        node = self.node_with(
            hub,
            {
                "dry": {**touch, "dry_run": True},
                "cool": {"type": "command", "command": ["true"], "cool_down": "1h"},
                "few": {"type": "command", "command": ["true"], "at_most": 2},
            },
        )
        for count in range(1, 5):
            self.set_level(count)
            self.assertEqual(self.outcomes(hub, "dry", count), ["dry run"] * count)
        self.assertEqual(node.stop(), 0)
        self.assertEqual(self.outcomes(hub, "cool", 2), ["done", "held back|3"])
        self.assertEqual(self.outcomes(hub, "few", 3), ["done", "done", "held back|2"])
        self.assertFalse(os.path.exists(out))
        node.program.wait_line(f"action dry, dry run: run 'touch' '{out}'")
        self.assert_complete(hub)

    def test_an_action_never_answers_an_action(self):
        hub = self.hub()
        true = {"type": "command", "command": ["true"]}
        node = self.node_with(hub, {"a": {**true, "when": "*"}, "b": {**true, "when": "*|action|*"}})
        self.outcomes(hub, "a", 2)  # of Restart and of the level
        self.set_level(2)
        self.outcomes(hub, "a", 3)
        self.assertEqual(node.stop(), 0)
        self.assertEqual(self.outcomes(hub, "a", 3), ["done"] * 3)
        self.assertEqual(self.outcomes(hub, "b", 0), [])

    def test_wrong_actions_are_all_told(self):
        text = json.dumps(
            {
                "node": {"name": NODE},
                "hub_address": "none",
                "actions": {
                    "a": {"when": "moving", "type": "http", "url": "ftp://x"},
                    "b": {"when": "*", "type": "command", "command": ["{what}"]},
                },
            }
        )
        node = self.node(text=text)
        self.assertEqual(node.program.wait(), 78)
        for words in ("is the text of no event", "is no address such as", "known are {text}"):
            self.assertEqual(node.count(words), 1, words)


if __name__ == "__main__":
    unittest.main()
