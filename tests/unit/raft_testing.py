"""What the tests of Raft share: one server with a recording host, and a bench of several."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from protocols.api import Entry, Group, ProtocolSpec, Reply, Request
from protocols.bench import Bench
from protocols.kv import KeyValue
from protocols.raft import SPEC
from protocols.raft.messages import AppendEntries, RequestVote, RequestVoteReply
from protocols.raft.parameters import RaftParameters
from protocols.raft.server import Raft
from protocols.raft.storage import Appended, HardState, RaftStorage, SnapshotTaken
from protocols.recording import Effect, LedNow, Noted, RecordingHost, Saved, Sent, TimerSet

MS = 1_000_000
# The scripted draws are the lowest ones, so that an election timer is always set to this.
TIMEOUT = 150 * MS
ELECTION_RESET = TimerSet("election", TIMEOUT)


def entry(term: int, value: object = None) -> Entry:
    """Return an entry of that term with an opaque command."""
    return Entry(term, ("noop",) if value is None else ("noop", value))


def entries(*terms: int) -> tuple[Entry, ...]:
    """Return entries of those terms."""
    return tuple(entry(term) for term in terms)


def request(serial: int, *command: object, client: str = "c1", oldest: int = 1) -> Request:
    """Return the client's request of that serial: by default a put of its serial."""
    return Request(client, serial, oldest, command or ("put", "k", serial))


def storage(*terms: int, term: int = 0, voted_for: str | None = None) -> RaftStorage:
    """Return what is on a disk with a log of those terms."""
    image = RaftStorage()
    image.apply(HardState(term or max(terms, default=0), voted_for))
    if terms:
        image.apply(Appended(0, entries(*terms)))
    return image


def snapshotted(index: int, term: int, state: Any) -> RaftStorage:
    """Return what is on a disk with a snapshot up to that entry, and nothing after it."""
    image = RaftStorage()
    image.apply(HardState(term, None))
    image.apply(SnapshotTaken(index, term, state))
    return image


def server(image: RaftStorage | None = None, **settings: Any) -> tuple[Raft, RecordingHost]:
    """Return the started server n1 of a cluster (of five by default), its effects so far forgotten."""
    parameters = replace(RaftParameters(), **settings)
    names = tuple(f"n{number + 1}" for number in range(parameters.nodes))
    host = RecordingHost("n1")
    group = Group(contenders=names, servers=names)
    raft = SPEC.roles[0].create(host, group, parameters, image or RaftStorage())
    assert isinstance(raft, Raft)
    raft.start()
    host.take()
    return raft, host


def leader(image: RaftStorage | None = None, **settings: Any) -> tuple[Raft, RecordingHost]:
    """Return n1 as the leader of the term after its image's, with its no-op appended and sent."""
    raft, host = server(image, **settings)
    host.timers["election"].fire()
    for voter in raft.servers[: len(raft.servers) // 2 + 1]:
        tell(raft, voter, RequestVoteReply(raft.current_term, True))
    assert raft.role == "leader"
    host.take()
    return raft, host


def tell(raft: Raft, source: str, message: Any) -> None:
    """Deliver a message."""
    raft.handlers[type(message)](source, message)


def effects_of(raft: Raft, host: RecordingHost, source: str, message: Any) -> list[Effect]:
    """Deliver a message and return all that the server does about it."""
    host.take()
    tell(raft, source, message)
    return host.take()


def without_notes(effects: list[Effect]) -> list[Effect]:
    """Return what others can see of the effects."""
    return [effect for effect in effects if not isinstance(effect, Noted)]


def notes(effects: list[Effect], *kinds: str) -> list[tuple[Any, ...]]:
    """Return kind and values of the notes of those kinds; of all, if none is named."""
    found = [effect for effect in effects if isinstance(effect, Noted)]
    return [(note.kind, *note.values) for note in found if not kinds or note.kind in kinds]


def sent(effects: list[Effect], kind: type) -> list[tuple[str, Any]]:
    """Return target and message of what is sent of that class."""
    return [(e.to, e.message) for e in effects if isinstance(e, Sent) and isinstance(e.message, kind)]


def saved(effects: list[Effect]) -> list[Any]:
    """Return the records that are saved."""
    return [effect.record for effect in effects if isinstance(effect, Saved)]


def vote(term: int, last_index: int = 0, last_term: int = 0, candidate: str = "n2") -> RequestVote:
    """Return a request for a vote."""
    return RequestVote(term, candidate, last_index, last_term)


def append(term: int, prev: tuple[int, int], *new: Entry, commit: int = 0) -> AppendEntries:
    """Return an AppendEntries with the entries that follow `prev`, an index and a term."""
    return AppendEntries(term, *prev, new, commit)


def data(raft: Raft) -> dict[Any, Any]:
    """Return what the key-value store of a server holds."""
    machine = raft.machine
    assert isinstance(machine, KeyValue)
    return machine.data


def log_terms(raft: Raft) -> list[int]:
    """Return the terms of the entries in the log, oldest first."""
    return [raft.log.entry(i).epoch for i in range(raft.log.first_index, raft.log.last_index + 1)]


class RaftBench(Bench):
    """A bench of Raft servers, with what one wants to ask of them."""

    def __init__(self, nodes: int, spec: ProtocolSpec = SPEC, **settings: Any) -> None:
        super().__init__(spec, replace(RaftParameters(), nodes=nodes, **settings))

    def raft(self, node: str) -> Raft:
        """Return the process of a node."""
        process = self.processes[node]
        assert isinstance(process, Raft)
        return process

    def reboot(self, node: str, image: RaftStorage) -> None:
        """Start a node anew with another disk."""
        self.crash(node)
        self.storages[node] = image
        self.restart(node)

    def elect(self, node: str, among: tuple[str, ...] | None = None) -> None:
        """Let a node campaign, and deliver what follows, at most between those; then lose the rest."""
        self.fire(node, "election")
        self.settle(among)
        self.drop()

    def led(self) -> list[tuple[str, int]]:
        """Return who became leader so far, and in which term."""
        return [(node, effect.epoch) for node, effect in self.effects if isinstance(effect, LedNow)]

    def applied(self, node: str) -> dict[int, Entry]:
        """Return what a node applied so far, by index."""
        found: dict[int, Entry] = {}
        for name, effect in self.effects:
            if name == node and isinstance(effect, Noted) and effect.kind == "applied":
                found.update(enumerate(effect.values[1], effect.values[0]))
        return found

    def timers_set(self, node: str) -> list[int]:
        """Return the lengths to which a node set its election timer so far."""
        found = [e for name, e in self.effects if name == node and isinstance(e, TimerSet)]
        return [effect.after_ns for effect in found if effect.name == "election"]

    def replies(self) -> list[Reply]:
        """Return what the clients were told so far."""
        return [envelope.message for envelope in self.mail]


def figure_8_c(spec: ProtocolSpec = SPEC) -> RaftBench:
    """Return the cluster of Raft Figure 8 in its state (c), with S1-S5 as n1-n5.

    The entry of term 2 was on S1 and S2; S5 had led in term 3, has its own entry, and is down. S1 leads
    in term 4 and has replicated the old entry to S3, but not yet any of term 4 (one entry per message).
    """
    bench = RaftBench(5, spec, max_entries_per_message=1)
    logs = {"n1": (1, 2), "n2": (1, 2), "n3": (1,), "n4": (1,), "n5": (1, 3)}
    for node, log in logs.items():
        bench.reboot(node, storage(*log, term=3))
    bench.crash("n5")
    bench.fire("n1", "election")
    while log_terms(bench.raft("n3")) != [1, 2]:
        bench.deliver(bench.pending()[0])
    bench.deliver(*bench.pending(source="n3", target="n1"))
    bench.drop()
    return bench


def figure_8_d(spec: ProtocolSpec = SPEC) -> RaftBench:
    """Return it in state (d): S1 and S2 are down, S5 leads in term 5 and has spread its entry of term 3."""
    bench = figure_8_c(spec)
    bench.crash("n1")
    bench.crash("n2")
    bench.restart("n5")
    bench.elect("n5")  # in term 4, in which n3 and n4 have voted for n1
    bench.elect("n5")
    return bench
