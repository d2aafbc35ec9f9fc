"""The recording host, and the bench that joins several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from protocols.api import Group, Handler, Host, ProtocolSpec, Role
from protocols.bench import Bench
from protocols.recording import (
    Effect,
    FollowedNow,
    LedNow,
    Noted,
    RecordingHost,
    Saved,
    Sent,
    TimerCancelled,
    TimerSet,
    barriers,
    unbarriered,
)


def test_effects_are_recorded_in_order_and_taken_once() -> None:
    """One small value per call of the host."""
    host = RecordingHost("n1")
    timer = host.timer("t", lambda: None)

    host.send("n2", "a")
    host.save("r")
    timer.set(5)
    timer.cancel()
    host.lead(3)
    host.follow("why")
    host.note("campaigned", 3)

    assert host.take() == [
        Sent("n2", "a"),
        Saved("r"),
        TimerSet("t", 5),
        TimerCancelled("t"),
        LedNow(3),
        FollowedNow("why"),
        Noted("campaigned", (3,)),
    ]
    assert host.take() == []


def test_barriers_tell_what_each_message_waits_for() -> None:
    """A message waits for every save before it, and for none after it."""
    effects: list[Effect] = [
        Sent("n2", "a"),
        Saved("r1"),
        Noted("x", ()),
        Sent("n2", "b"),
        Saved("r2"),
        Sent("n3", "c"),
    ]

    assert unbarriered(effects) == [Sent("n2", "a")]
    assert barriers(effects) == [
        (Sent("n2", "a"), ()),
        (Sent("n2", "b"), ("r1",)),
        (Sent("n3", "c"), ("r1", "r2")),
    ]


def test_without_a_save_nothing_waits() -> None:
    """The view is whole when there is no barrier at all."""
    assert unbarriered([Sent("n2", "a"), Sent("n3", "b")]) == [Sent("n2", "a"), Sent("n3", "b")]


def test_time_and_draws_are_the_tests_to_choose() -> None:
    """Scripted fractions are used in order; after them every draw is the lowest."""
    host = RecordingHost("n1")
    host.now_ns, host.wall_ns = 7, 8
    host.script.fractions.extend([0.5, 0.999])

    assert (host.now(), host.wall()) == (7, 8)
    assert [host.random.randrange(10, 20) for _ in range(3)] == [15, 19, 10]
    host.script.fractions.extend([0.5, 0.25])
    assert host.random.choice("abcd") == "c"
    assert host.random.random() == 0.25


def test_a_timer_fires_once_per_setting() -> None:
    """It is not set any more when its callback runs, which may set it again."""
    host = RecordingHost("n1")
    seen: list[int | None] = []
    timer = host.timer("t", lambda: seen.append(timer.after_ns))
    timer.set(5)

    host.timers["t"].fire()

    assert seen == [None]
    with pytest.raises(AssertionError, match="timer 't' is not set"):
        timer.fire()


# A bench of servers that save what they are told, tell the next one, and then themselves.


@dataclass(frozen=True)
class Ring:
    """The parameters."""

    nodes: int = 3


class Notebook:
    """A storage that is the list of its records."""

    def __init__(self, *records: Any) -> None:
        self.records = list(records)

    def apply(self, record: Any) -> None:
        """Add it."""
        self.records.append(record)

    def copy(self) -> Notebook:
        """Return another one."""
        return Notebook(*self.records)


class Teller:
    """Forwards a string to the next server, saves it, and acknowledges to itself and to a client."""

    def __init__(self, host: Host, group: Group, parameters: Ring, storage: Notebook) -> None:
        position = group.servers.index(host.id)
        self.host = host
        self.next = group.servers[(position + 1) % len(group.servers)]
        self.remembered = storage.records
        self.durable: list[int] = []
        self.handlers: Mapping[type, Handler] = {str: self.on_text, int: self.on_durable}

    def start(self) -> None:
        """Do nothing."""

    def on_text(self, source: str, text: str) -> None:
        """Forward one character less."""
        if len(text) > 1:
            self.host.send(self.next, text[1:])
        self.host.save(text)
        self.host.send(self.host.id, len(text))
        self.host.send("c1", text)

    def on_durable(self, source: str, length: int) -> None:
        """Remember what the disk has."""
        self.durable.append(length)


SPEC = ProtocolSpec(
    name="teller",
    summary="",
    parameters=Ring,
    roles=(Role("contender", "n", lambda p: p.nodes, Teller, Notebook),),
    check=lambda parameters: (),
)


def teller(bench: Bench, node: str) -> Teller:
    """Return the process of a node."""
    process = bench.processes[node]
    assert isinstance(process, Teller)
    return process


def test_a_bench_names_its_nodes_and_delivers_in_order_until_nothing_is_left() -> None:
    """Contenders are servers where no servers are declared; strangers get mail."""
    bench = Bench(SPEC, Ring())
    bench.tell("c1", "n1", "abc")
    bench.settle()

    assert bench.group == Group(contenders=("n1", "n2", "n3"), servers=("n1", "n2", "n3"))
    assert [(e.source, e.message) for e in bench.mail] == [("n1", "abc"), ("n2", "bc"), ("n3", "c")]
    assert [teller(bench, node).durable for node in ("n1", "n2", "n3")] == [[3], [2], [1]]


def test_a_stalled_disk_holds_back_what_was_sent_after_the_save() -> None:
    """The outbox is one queue, and a save is a barrier in it."""
    bench = Bench(SPEC, Ring())
    bench.stall_disk("n1")
    bench.tell("c1", "n1", "ab")

    assert [e.message for e in bench.network] == ["b"]
    assert (bench.mail, teller(bench, "n1").durable) == ([], [])
    bench.resume_disk("n1")
    assert ([e.message for e in bench.mail], teller(bench, "n1").durable) == (["ab"], [2])


def test_a_crash_loses_what_is_not_durable_and_a_restart_finds_the_rest() -> None:
    """In-flight messages arrive nevertheless; those to a dead process vanish."""
    bench = Bench(SPEC, Ring())
    bench.tell("c1", "n1", "a")
    bench.stall_disk("n1")
    bench.tell("c1", "n1", "bc")
    bench.crash("n1")
    bench.tell("c1", "n1", "lost")
    bench.restart("n1")
    bench.settle()

    assert teller(bench, "n1").remembered == ["a"]
    assert [e.message for e in bench.mail] == ["a", "c"]


def test_messages_can_be_picked_dropped_and_duplicated() -> None:
    """By class, source and target."""
    bench = Bench(SPEC, Ring())
    bench.tell("c1", "n1", "ab")
    bench.tell("c1", "n2", "cd")
    (first,) = bench.pending(str, source="n1")
    (second,) = bench.pending(target="n3")
    copy = bench.duplicate(first)
    bench.drop(first)

    assert bench.pending() == [second, copy]
    assert bench.pending(int) == []
    bench.deliver(copy)
    assert [e.message for e in bench.mail] == ["ab", "cd", "b"]
    bench.drop()
    assert bench.network == []


def test_settling_can_be_limited_to_some_nodes() -> None:
    """What crosses the border stays under way."""
    bench = Bench(SPEC, Ring())
    bench.tell("c1", "n1", "abc")
    bench.settle(among=("n1", "n2"))

    assert [(e.source, e.target) for e in bench.network] == [("n2", "n3")]


def test_settling_gives_up_on_an_endless_exchange() -> None:
    """A test that would never end fails instead."""
    bench = Bench(SPEC, Ring())
    bench.tell("c1", "n1", "x" * 20_000)

    with pytest.raises(RuntimeError, match="10,000 deliveries"):
        bench.settle()
