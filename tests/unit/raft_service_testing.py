"""A state machine that adds, and a service that pushes each new sum: what tests of the seam share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protocols.api import Entry, Handler, NodeId, Request, message
from protocols.bench import Bench
from protocols.raft import make_spec
from protocols.raft.hosting import Hosting
from protocols.raft.parameters import RaftParameters
from protocols.raft.service import Member
from tests.unit.raft_testing import RaftBench, request


class Counter:
    """Adds up; the result is the sum."""

    def __init__(self) -> None:
        self.total = 0

    def apply(self, command: tuple[str, int]) -> int:
        self.total += command[1]
        return self.total

    def snapshot(self) -> int:
        return self.total

    def restore(self, state: int) -> None:
        self.total = state


@message
class Watch:
    """A client wants to hear of each new sum, from this server."""


@message
class Changed:
    """The news."""

    total: int


class Watched:
    """Pushes each new sum to those who watch, from whichever server they asked."""

    def __init__(self, member: Member, parameters: RaftParameters) -> None:
        self._member = member
        self._watchers: list[NodeId] = []
        self.heard: list[Any] = []
        self.handlers: Mapping[type, Handler] = {Watch: self.on_watch}

    def start(self) -> None:
        self.heard.append("started")

    def on_watch(self, source: NodeId, message: Watch) -> None:
        self._watchers.append(source)

    def applied(self, index: int, entry: Entry, result: Any) -> None:
        self.heard.append((index, entry.epoch, result))
        for watcher in self._watchers:
            self._member.host.send(watcher, Changed(result))

    def restored(self, index: int) -> None:
        self.heard.append(("restored", index))

    def became_leader(self, term: int) -> None:
        self.heard.append(("leads", term))

    def stopped_leading(self) -> None:
        self.heard.append("stopped")


SPEC = make_spec("counter", machine=Counter, service=Watched)


def cluster(**settings: Any) -> RaftBench:
    """Return three servers, of which n1 leads."""
    bench = RaftBench(3, SPEC, **settings)
    bench.elect("n1")
    return bench


def hosting(bench: Bench, node: str) -> Hosting:
    process = bench.processes[node]
    assert isinstance(process, Hosting)
    return process


def heard(bench: RaftBench, node: str) -> list[Any]:
    service = hosting(bench, node).service
    assert isinstance(service, Watched)
    return service.heard


def machine(bench: Bench, node: str) -> Counter:
    found = hosting(bench, node).machine.machine  # type: ignore[attr-defined]
    assert isinstance(found, Counter)
    return found


def add(serial: int, number: int) -> Request:
    return request(serial, "add", number)


def propose(bench: RaftBench, node: str, number: int) -> list[Any]:
    """Let a server's service propose; return the list that will hold what it is told."""
    told: list[Any] = []
    hosting(bench, node).propose(("add", number), lambda outcome, result: told.append((outcome, result)))
    bench._perform(node)
    return told
