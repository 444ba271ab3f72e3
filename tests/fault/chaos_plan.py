"""What is done to hubs, nodes and the network between them, when, and for how long: all of it from a seed."""

import dataclasses
import random

HUBS = ("H1", "H2")
SITES = 3
NODES = tuple(f"N{number}" for number in range(1, 7))
"""Two nodes at each site; a site has one path to each hub."""
CHUNK_ROWS = 5
"""Rows that a node sends at a time; only the last chunk before it ends has fewer."""


def site_of(node):
    return (int(node[1:]) - 1) // 2


@dataclasses.dataclass
class Fault:
    number: int
    at: float
    """Seconds from the beginning."""
    kind: str
    target: str
    """A hub, a node, or a path as `site>hub`; * is each."""
    seconds: float
    """Until it is over; 0 for what is done at once."""
    value: float = 0
    """Part of the packets, milliseconds, or seconds that a clock steps."""

    def __str__(self):
        value = f" {self.value:g}" if self.value else ""
        length = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"#{self.number} {self.kind} {self.target}{value}{length}"


def _path(chance):
    """One path, all of a site, or all of a hub."""
    site = chance.choice([*map(str, range(SITES)), "*"])
    hub = chance.choice([*HUBS, "*"]) if site != "*" else chance.choice(HUBS)
    return f"{site}>{hub}"


def _clock_step(chance):
    size = chance.choice([chance.uniform(1, 30), chance.uniform(60, 900), chance.uniform(3600, 5 * 3600)])
    return round(size * chance.choice([-1, 1]), 1)


# Kind: (weight, who, seconds from and to, value).
KINDS = {
    "hub killed": (5, lambda c: c.choice(HUBS), (0.5, 6), None),
    "hub stopped and started": (2, lambda c: c.choice(HUBS), (0.5, 3), None),
    "hub frozen": (3, lambda c: c.choice(HUBS), (0.5, 5), None),
    "hub replaced by an empty one": (1, lambda c: c.choice(HUBS), (0.5, 3), None),
    "hub disk full": (2, lambda c: c.choice(HUBS), (2, 8), None),
    "hub clock step": (1, lambda c: c.choice(HUBS), (0, 0), _clock_step),
    "node killed": (4, lambda c: c.choice(NODES), (0.2, 3), None),
    "node stopped and started": (1, lambda c: c.choice(NODES), (0.2, 2), None),
    "node frozen": (2, lambda c: c.choice(NODES), (0.5, 5), None),
    "node disk full": (2, lambda c: c.choice(NODES), (2, 8), None),
    "node clock step": (2, lambda c: c.choice(NODES), (0, 0), _clock_step),
    "partition": (4, _path, (1, 8), lambda c: 1),
    "packet loss": (3, _path, (2, 8), lambda c: round(c.uniform(0.05, 0.4), 2)),
    "delay": (2, _path, (2, 8), lambda c: round(c.uniform(20, 400))),
    "duplication": (2, _path, (2, 8), lambda c: round(c.uniform(0.05, 0.5), 2)),
}


def make_plan(seed, seconds, pace=3.0):
    """Faults in the order of their beginning, one in `pace` seconds on average. The last ones have time to end."""
    chance = random.Random(seed)
    kinds, weights = list(KINDS), [entry[0] for entry in KINDS.values()]
    plan, at = [], 3.0
    while at < seconds - 2:
        kind = chance.choices(kinds, weights)[0]
        _, who, (low, high), value = KINDS[kind]
        target = who(chance)
        length = round(chance.uniform(low, high), 2)
        plan.append(Fault(len(plan) + 1, round(at, 2), kind, target, length, value(chance) if value else 0))
        at += min(chance.expovariate(1 / pace), 4 * pace)
    return plan
