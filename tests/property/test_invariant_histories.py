"""No property fires on any history of a correct replicated log; each does when one thing is wrong.

The toy is Raft without messages: what a server learns it learns at once, but only when the random
schedule says so, so that servers lag, crash, restart and follow different leaders meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.api import Entry
from sim.invariants import ALL
from sim.invariants.replay import Event, replay

SERVERS = ("n1", "n2", "n3", "n4", "n5")
PROPERTIES = tuple(cls for cls in ALL if cls.name != "exclusive_belief")


@dataclass
class Server:
    """State that is all durable, but for the commit index and the leadership."""

    name: str
    epoch: int = 0
    log: list[Entry] = field(default_factory=list)
    commit: int = 0
    leads: int = 0
    up: bool = True
    incarnation: int = 0

    @property
    def rank(self) -> tuple[int, int]:
        """How up-to-date the log is (Raft §5.4.1)."""
        return (self.log[-1].epoch if self.log else 0, len(self.log))


class Toy:
    """A correct replicated log; `events` is what it reports."""

    def __init__(self) -> None:
        self.servers = {name: Server(name) for name in SERVERS}
        self.events: list[Event] = [("started", name, 0) for name in SERVERS]
        self.serial = 0

    def step(self, action: str, one: str, other: str) -> None:
        """Let something happen, if it can."""
        if self.servers[one].up or action == "restart":
            STEPS[action](self, self.servers[one], self.servers[other])

    def elect(self, candidate: Server, _: Server) -> None:
        epoch = candidate.epoch + 1
        voters = [s for s in self.servers.values() if s.up and s.epoch < epoch and s.rank <= candidate.rank]
        if len(voters) <= len(SERVERS) // 2:
            return
        for voter in voters[: len(SERVERS) // 2]:
            self.enter(voter, epoch)
        self.enter(candidate, epoch)
        self.enter(voters[len(SERVERS) // 2], epoch)
        candidate.leads = epoch
        self.events.append(("led", candidate.name, epoch))
        self.write(candidate, candidate)

    def enter(self, server: Server, epoch: int) -> None:
        if epoch > server.epoch:
            if server.leads:
                server.leads = 0
                self.events.append(("followed", server.name, "higher_term"))
            server.epoch = epoch
            self.events.append(("epoch_seen", server.name, epoch))

    def write(self, leader: Server, _: Server) -> None:
        if leader.leads:
            self.serial += 1
            self.append(leader, len(leader.log), (Entry(leader.leads, self.serial),))

    def append(self, server: Server, prev: int, entries: tuple[Entry, ...]) -> None:
        prev_epoch = server.log[prev - 1].epoch if prev else 0
        server.log[prev:] = entries
        self.events.append(("appended", server.name, prev, prev_epoch, entries))

    def replicate(self, leader: Server, follower: Server) -> None:
        if not leader.leads or follower is leader or not follower.up or follower.epoch > leader.leads:
            return
        self.enter(follower, leader.leads)
        same = 0
        while same < min(len(leader.log), len(follower.log)) and leader.log[same] == follower.log[same]:
            same += 1
        if same < min(len(leader.log), len(follower.log)):
            del follower.log[same:]
            self.events.append(("truncated", follower.name, same + 1))
        # A copy, as after a journey over a network that serialises.
        new = tuple(Entry(entry.epoch, entry.command) for entry in leader.log[same : same + 3])
        if same == len(follower.log) and new:
            self.append(follower, same, new)
        self.commit(follower, min(leader.commit, same + len(new)))

    def decide(self, leader: Server, _: Server) -> None:
        for index in range(len(leader.log), leader.commit, -1):
            entry = leader.log[index - 1]
            holders = [s for s in self.servers.values() if len(s.log) >= index and s.log[index - 1] == entry]
            if leader.leads == entry.epoch and len(holders) > len(SERVERS) // 2:
                self.commit(leader, index)
                return

    def commit(self, server: Server, index: int) -> None:
        if index > server.commit:
            first, server.commit = server.commit + 1, index
            self.events.append(("committed", server.name, index, server.epoch))
            self.events.append(("applied", server.name, first, tuple(server.log[first - 1 : index])))

    def crash(self, server: Server, _: Server) -> None:
        server.up, server.leads, server.commit = False, 0, 0
        self.events.append(("crashed", server.name))

    def restart(self, server: Server, _: Server) -> None:
        if not server.up:
            server.up = True
            server.incarnation += 1
            self.events.append(("started", server.name, server.incarnation))
            self.events.append(("epoch_seen", server.name, server.epoch))


STEPS: dict[str, Callable[[Toy, Server, Server], None]] = {
    "elect": Toy.elect,
    "write": Toy.write,
    "replicate": Toy.replicate,
    "decide": Toy.decide,
    "crash": Toy.crash,
    "restart": Toy.restart,
}
WEIGHTED = ["elect", "crash", "restart", *["write", "decide"] * 3, *["replicate"] * 8]
names = st.sampled_from(SERVERS)
schedules = st.lists(st.tuples(st.sampled_from(WEIGHTED), names, names), min_size=20, max_size=150)
Schedule = list[tuple[str, str, str]]


def history(schedule: Schedule) -> list[Event]:
    """Return what the toy reports; every history begins with an election and a commitment."""
    toy = Toy()
    start: Schedule = [
        ("elect", "n1", "n1"),
        *(("replicate", "n1", name) for name in SERVERS),
        ("decide", "n1", "n1"),
        *(("replicate", "n1", name) for name in SERVERS),
    ]
    for action, one, other in start + schedule:
        toy.step(action, one, other)
    return toy.events


def fired(events: list[Event]) -> set[str]:
    """Return the names of the properties that fire."""
    return {name for name, _, _ in replay(PROPERTIES, SERVERS, events)}


@settings(max_examples=100)
@given(schedules)
def test_no_property_fires_on_a_correct_replicated_log(schedule: Schedule) -> None:
    """Raft Figure 3: each of these properties is true at all times."""
    assert replay(PROPERTIES, SERVERS, history(schedule)) == []


def test_the_toy_does_what_the_properties_are_about() -> None:
    """A history in which nothing happened would prove nothing: here a leader is replaced, with conflicts."""
    schedule: Schedule = [
        ("write", "n1", "n1"),
        ("elect", "n2", "n2"),
        *(("replicate", "n2", name) for name in SERVERS),
        ("decide", "n2", "n2"),
        ("crash", "n2", "n2"),
        ("restart", "n2", "n2"),
    ]

    kinds = {event[0] for event in history(schedule)}

    life, leadership = {"started", "crashed"}, {"epoch_seen", "led", "followed"}
    assert kinds == life | leadership | {"appended", "truncated", "committed", "applied"}


FORGED = Entry(1, "forged")
choices = st.integers(0, 10_000)


@settings(max_examples=40)
@given(schedules, choices)
def test_one_forged_entry_that_is_applied_is_flagged(schedule: Schedule, choice: int) -> None:
    """Every history applies index 1 on all servers, so that a forgery there meets the truth."""
    events = history(schedule)
    at_one = [event for event in events if event[0] == "applied" and event[2] == 1]
    victim = at_one[choice % len(at_one)]

    forged = [(*event[:3], (FORGED, *event[3][1:])) if event is victim else event for event in events]

    assert "state_machine_safety" in fired(forged)


@settings(max_examples=40)
@given(schedules, choices)
def test_one_commit_index_that_goes_back_is_flagged(schedule: Schedule, choice: int) -> None:
    """A commit index of 0 after one of 1 or more, in the same incarnation."""
    events = history(schedule)
    again = [place + 1 for place, event in enumerate(events) if event[0] == "committed"]
    place = again[choice % len(again)]
    node = events[place - 1][1]

    assert fired([*events[:place], ("committed", node, 0, 1), *events[place:]]) == {"monotone_commit"}


@settings(max_examples=40)
@given(schedules, choices)
def test_one_command_that_differs_in_one_log_is_flagged(schedule: Schedule, choice: int) -> None:
    """The first entry of epoch 1 is in the log of every server, so that a forged one meets the truth."""
    events = history(schedule)
    firsts = [event for event in events if event[0] == "appended" and event[2] == 0]
    victim = firsts[choice % len(firsts)]

    forged = [(*event[:4], (FORGED, *event[4][1:])) if event is victim else event for event in events]

    assert "log_matching" in fired(forged)


@settings(max_examples=40)
@given(schedules, choices)
def test_one_leader_too_many_is_flagged(schedule: Schedule, choice: int) -> None:
    """Another server begins to lead in an epoch that had its leader."""
    events = history(schedule)
    places = [place for place, event in enumerate(events) if event[0] == "led"]
    place = places[choice % len(places)]
    _, leader, epoch = events[place]
    other = "n5" if leader != "n5" else "n4"

    forged = [*events[: place + 1], ("led", other, epoch), *events[place + 1 :]]

    assert "election_safety" in fired(forged)
