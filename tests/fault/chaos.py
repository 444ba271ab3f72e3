"""Hubs and nodes under random faults, and what they kept. See docs/design/delivery.md; scripts/chaos runs it.

The same seed gives the same faults at the same times. What processes make of them depends on the machine's mood, so a
failure may need several runs to come again.
"""

import argparse
import collections
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../integration"))
sys.dont_write_bytecode = True

import chaos_check
from chaos_plan import HUBS, make_plan, site_of
from chaos_world import Path, World
from kit import wait_until

NAMED = {"packet loss": "loss", "partition": "loss", "delay": "delay-ms", "duplication": "duplicate"}


class Chaos:
    def __init__(self, folder, seed, minutes):
        self.folder, self.seed, self.minutes = folder, seed, minutes
        self.plan = make_plan(seed, 60 * minutes)
        self.world = World(folder, seed, minutes)
        self.played = []  # (fault, messages in flight when it began)
        self.findings = collections.defaultdict(list)
        self.log = open(os.path.join(folder, "chaos.log"), "w")
        self.begun = time.monotonic()

    def say(self, text):
        self.log.write(f"{time.monotonic() - self.begun:8.2f} {text}\n")
        self.log.flush()

    # The faults.

    def paths(self, target):
        site, hub = target.split(">")
        all_paths = self.world.network.paths
        return [path for name, path in all_paths.items() if site in ("*", name[0]) and hub in ("*", name[2:])]

    def met(self, fault):
        """The nodes and the hubs between which the fault stands; none when its target is down already."""
        nodes, hubs = self.world.nodes, set(HUBS)
        if fault.target in self.world.parts and not self.world.parts[fault.target].alive():
            return [], set()
        if fault.target in nodes:
            return [nodes[fault.target]], hubs
        if fault.target in hubs:
            return list(nodes.values()), {fault.target}
        site, hub = fault.target.split(">")
        near = [node for name, node in nodes.items() if site in ("*", str(site_of(name)))]
        return near, hubs if hub == "*" else {hub}

    def counting(self, fault, patience=0.0):
        """Begins a count of what is in flight where the fault stands, as soon as something is, or after so many seconds.
        It is called once more when the fault has begun, and returns how many messages were in flight before and still
        are: these were when it began."""
        nodes, hubs = self.met(fault)
        running = [(node, node.program.pid) for node in nodes if node.alive()]

        def in_flight():
            return {(node.name, message) for node, pid in running for message in node.trace.in_flight(pid, hubs)}

        before = in_flight()
        pause, until = threading.Event(), time.monotonic() + patience
        while running and not before and time.monotonic() < until:
            pause.wait(0.002)
            before = in_flight()
        return lambda: len(before & in_flight())

    def possible(self, fault):
        if ">" in fault.target:
            return self.world.network is not None
        if "disk" in fault.kind:
            return self.world.parts[fault.target].disk.own
        return "clock" not in fault.kind or bool(self.world.parts[fault.target].clock.environment())

    def begin(self, fault):
        count = self.counting(fault, patience=0.5)
        self.act(fault)
        self.played.append((fault, count()))
        self.say(f"begins {fault}, {self.played[-1][1]} in flight")

    def act(self, fault):
        if ">" in fault.target:
            for path in self.paths(fault.target):
                path.set(**{NAMED[fault.kind]: fault.value})
            return
        part = self.world.parts[fault.target]
        what = fault.kind.split(" ", 1)[1]
        if what == "clock step":
            part.clock.step(fault.value)
        elif what == "disk full":
            part.disk.fill()
        elif what == "frozen":
            part.signal(signal.SIGSTOP)
        else:
            part.hold()
            if what == "stopped and started":
                part.ask_to_stop()
            else:
                part.kill()
            if what == "replaced by an empty one":
                part.replace()

    def over(self, fault):
        self.say(f"over   {fault}")
        if ">" in fault.target:
            for path in self.paths(fault.target):
                path.set(**{NAMED[fault.kind]: Path.NORMAL[NAMED[fault.kind]]})
            return
        part = self.world.parts[fault.target]
        what = fault.kind.split(" ", 1)[1]
        if what == "disk full":
            part.disk.free()
        elif what == "frozen":
            part.signal(signal.SIGCONT)
        elif what != "clock step":
            part.release()

    # The run.

    def play(self):
        """At its time each fault begins and ends; processes that ended by themselves are started again."""
        self.world.start()
        self.begun = time.monotonic()
        moments = []
        for fault in self.plan:
            if self.possible(fault):
                moments.append((fault.at, fault.number, self.begin, fault))
                moments.append((fault.at + max(fault.seconds, 0.01), fault.number, self.over, fault))
        pause = threading.Event()
        for at, _, act, fault in sorted(moments, key=lambda moment: moment[:2]):
            while (left := self.begun + at - time.monotonic()) > 0:
                pause.wait(min(left, 0.2))
                self.world.supervise()
            act(fault)

    def drain(self):
        """Nodes deliver all that they have: first what is in memory, then what is in their spools."""
        nodes = self.world.nodes.values()
        sizes = {node.name: node.ledger_size() for node in nodes}
        self.await_all(lambda node: node.ledger_size() > sizes[node.name], "each node to be heard")
        self.end_all(nodes)
        for node in nodes:
            node.write_settings(watching=False)
            node.release()
        self.await_all(lambda node: node.ready() and node.spooled() == 0, "each spool to be empty")
        self.end_all(nodes)
        self.end_all(self.world.hubs.values())

    @staticmethod
    def end_all(parts):
        for part in parts:
            part.hold()
            part.ask_to_stop()
        for part in parts:
            part.wait_for_stop()

    def await_all(self, condition, what):
        def met():
            self.world.supervise()
            return all(condition(node) for node in self.world.nodes.values())

        try:
            wait_until(met, timeout=120, what=what)
        except AssertionError as error:
            self.findings["stuck"].append(str(error))

    def check(self):
        stores = []
        for hub in self.world.hubs.values():
            for path in hub.stores[:-1]:
                chaos_check.recover(path)
            stores += [chaos_check.Store(f"{hub.name} {os.path.basename(path)}", path) for path in hub.stores
                       if os.path.exists(os.path.join(path, "index.sqlite3"))]
        ledgers = {name: chaos_check.read_ledger(node.ledger, self.findings) for name, node in self.world.nodes.items()}
        known = collections.defaultdict(set)
        for store in stores:
            chaos_check.check_once_in_order(store, self.findings)
            chaos_check.check_files(store, self.findings)
            chaos_check.check_log(store, self.findings)
            chaos_check.check_rows(store, self.findings)
            chaos_check.check_by_program(store, self.findings)
            for boot, seq in store.by_identity:
                known[boot].add(seq)
        gone = 0
        for name, lines in ledgers.items():
            chaos_check.check_acknowledged(lines, stores, self.findings)
            gone += chaos_check.check_gaps(self.world.nodes[name], known, self.findings)
        for part in self.world.parts.values():
            for crash in part.crashes:
                self.findings["crashed"].append(crash)
        return self.report(stores, ledgers, gone)

    def report(self, stores, ledgers, gone):
        counted = collections.Counter(fault.kind for fault, in_flight in self.played if in_flight)
        kinds = ("lost", "doubled", "disordered", "torn", "strays", "crashed", "stuck")
        return {
            "seed": self.seed,
            "minutes": self.minutes,
            "seconds": round(time.monotonic() - self.begun),
            "messages acknowledged": sum(map(len, ledgers.values())),
            "messages stored": sum(store.count() for store in stores),
            "rows stored": sum(store.count_rows() for store in stores),
            "stores": len(stores),
            "boots": sum(len(node.boots()) for node in self.world.nodes.values()),
            "not acknowledged, gone with the memory of killed nodes": gone,
            "ends that nobody asked for": [end for part in self.world.parts.values() for end in part.unexpected],
            "faults": sum(counted.values()),
            "faults by kind": dict(sorted(counted.items())),
            "faults with nothing in flight": len(self.played) - sum(counted.values()),
            "kinds played": sorted({fault.kind for fault, _ in self.played}),
            "not played": self.world.missing(),
            **{kind: len(self.findings[kind]) for kind in kinds},
            "findings": {kind: found[:20] for kind, found in self.findings.items() if found},
        }


def text_of(report):
    lines = ["chaos: " + ("FAILED" if report["findings"] else "nothing lost, doubled, disordered or torn")]
    for key, value in report.items():
        if key == "findings":
            for kind, found in value.items():
                lines += [f"  {kind}: {text}" for text in found]
        elif isinstance(value, dict):
            lines += [f"  {name}: {count}" for name, count in value.items()]
        else:
            lines.append(f"{key}: {'; '.join(value) or 'none' if isinstance(value, list) else value}")
    return "\n".join(lines)


def play(folder, seed, minutes):
    chaos = Chaos(folder, seed, minutes)
    chaos.play()
    chaos.drain()
    report = chaos.check()
    with open(os.path.join(folder, "report.json"), "w") as file:
        json.dump(report, file, indent=1)
    with open(os.path.join(folder, "report.txt"), "w") as file:
        file.write(text_of(report) + "\n")
    if report["findings"]:
        chaos.world.save()
    return report


def in_namespaces(words):
    """The command for namespaces of mounts and processes of our own: whatever happens, nothing stays behind."""
    own = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
    possible = os.geteuid() == 0 and subprocess.run([*own, "true"], capture_output=True).returncode == 0
    return [*own, *words] if possible else words


def main():
    parser = argparse.ArgumentParser(description="Plays faults on two hubs and six nodes and checks what they kept.")
    parser.add_argument("--minutes", type=float, default=2, help="how long faults are played (default 2)")
    parser.add_argument("--seed", type=int, default=None, help="which faults; the default is another one each time")
    parser.add_argument("--report", help="a file that gets the report as JSON")
    parser.add_argument("--plan", action="store_true", help="only print what would be played")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(3), "big")
    if options.plan:
        print("\n".join(f"{fault.at:8.2f} {fault}" for fault in make_plan(seed, 60 * options.minutes)))
        return 0
    if options.inside:
        report = play(options.inside, seed, options.minutes)
        return 1 if report["findings"] else 0
    folder = tempfile.mkdtemp(prefix="chaos-")
    words = [sys.executable, os.path.abspath(__file__), "--inside", folder, "--seed", str(seed)]
    status = subprocess.run(in_namespaces([*words, "--minutes", str(options.minutes)])).returncode
    try:
        with open(os.path.join(folder, "report.txt")) as file:
            print(file.read(), end="")
        if options.report:
            shutil.copy(os.path.join(folder, "report.json"), options.report)
    except FileNotFoundError:
        print("chaos: ended without a report")
    if status == 0:
        shutil.rmtree(folder)
    else:
        print(f"all is kept in {folder}; again: scripts/chaos --minutes {options.minutes:g} --seed {seed}")
    return status


if __name__ == "__main__":
    sys.exit(main())
