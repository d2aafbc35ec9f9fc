"""The switchboard of events, the digest, and what each level keeps."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from protocols.api import message
from sim.distributions import Uniform
from sim.kernel import Kernel
from sim.network.spec import LinkSpec, Loss
from sim.plan import DiskPlan
from sim.records import (
    Campaigned,
    ClockChanged,
    LinksCut,
    Message,
    Noted,
    RunStarted,
    Saved,
    Synced,
    TimerFired,
)
from sim.trace import LEVELS, Digest, Level, MessageCodec, Trace, code_of
from tests.unit.world import MS, Kept, Ping, S, Unheard, World

ROOT = Path(__file__).parents[2]


# Digest ------------------------------------------------------------------------------------------


def _digest(*parts: list[int], flush: bool = False) -> str:
    digest = Digest()
    for part in parts:
        digest.add(part)
        if flush:
            digest.flush()
    return digest.hexdigest()


def test_a_digest_is_of_the_integers_however_they_were_added() -> None:
    """In one go, in pieces, or flushed in between; but in another order it differs."""
    assert _digest([1, 2, 3]) == _digest([1], [2, 3]) == _digest([1, 2], [3], flush=True)
    assert _digest([1, 2, 3]) != _digest([1, 3, 2])
    assert _digest([1, 2, 3]) != _digest([1, 2])
    assert _digest([-1]) != _digest([1])


def test_a_digest_is_pinned() -> None:
    """BLAKE2b-128 of little-endian 64-bit integers, as computed by hashlib from the bytes themselves."""
    from hashlib import blake2b

    numbers = [0, 1, -1, 2**63 - 1, -(2**63)]
    raw = b"".join(number.to_bytes(8, "little", signed=True) for number in numbers)

    assert blake2b(raw, digest_size=16).hexdigest() == _digest(numbers)


def test_a_digest_flushes_by_itself_without_changing() -> None:
    """Memory stays bounded: what has gathered is hashed once it is large."""
    digest = Digest()
    for number in range(50_000):
        digest.add([number])
        digest.flush_if_large()
        assert len(digest._buffer) <= 8193

    assert _digest(list(range(50_000))) == digest.hexdigest()


@pytest.mark.parametrize("huge", [2**63, 2**64 - 1, -(2**63) - 1])
def test_integers_beyond_63_bits_are_digested_too(huge: int) -> None:
    """A seed may be anything below 2**64."""
    assert _digest([huge]) != _digest([huge - 1])
    trace = Trace(Kernel(), "digest", MessageCodec())
    trace.milestone(RunStarted(0, "s", "p", huge, S, (), (), (), (), S))
    assert trace.digest is not None
    assert len(trace.digest.hexdigest()) == 32


def test_every_field_of_a_milestone_is_in_the_digest() -> None:
    """Numbers, texts, tuples and floats."""
    records = [
        Campaigned(1, "n1", 2), Campaigned(2, "n1", 2), Campaigned(1, "n2", 2), Campaigned(1, "n1", 3),
        ClockChanged(1, "n1", 2, 0.5), ClockChanged(1, "n1", 2, 0.25), LinksCut(1, (("n1", "n2"),)),
        LinksCut(1, (("n2", "n1"),)),
    ]  # fmt: skip
    digests = []
    for record in records:
        trace = Trace(Kernel(), "digest", MessageCodec())
        trace.milestone(record)
        assert trace.digest is not None
        digests.append(trace.digest.hexdigest())

    assert len(set(digests)) == len(records)


def test_codes_of_names_are_fixed() -> None:
    """CRC-32; the check value of the algorithm is that of the text 123456789 (ITU-T V.42)."""
    assert code_of("123456789") == 0xCBF43926


# The codec of messages -----------------------------------------------------------------------------


@message
class Mixed:
    """A message with fields of all kinds."""

    term: int
    granted: bool
    entries: tuple[Any, ...]
    name: str


@message
class Empty:
    """A message without fields."""


class Foreign:
    """Not even a dataclass."""


def test_a_codec_takes_the_integer_fields_of_a_message() -> None:
    """And its class; entries and texts are left out."""
    codec = MessageCodec()
    messages = [Mixed(3, True, (1,), "x"), Ping(7), Empty(), Foreign()]

    found = [(codec[type(m)][0], codec[type(m)][1](m)) for m in messages]
    names = ["Mixed", "Ping", "Empty", "Foreign"]
    assert list(zip(map(code_of, names), [(3, True), (7,), (), ()], strict=True)) == found
    assert {Mixed, Ping, Empty, Foreign} == set(codec)


# The switchboard -----------------------------------------------------------------------------------


def test_listeners_are_told_in_order_of_subscription() -> None:
    """Those to all nodes, also subscribed later, and those to one node."""
    trace = Trace(Kernel(), "digest", MessageCodec())
    told: list[tuple[str, str, Any]] = []

    def listener(name: str) -> Any:
        return lambda node, *values: told.append((name, node, *values))

    trace.listen("led", listener("first"))
    one, other = trace.of_node("n1"), trace.of_node("n2")
    one["led"].append(listener("only n1"))
    trace.listen("led", listener("last"))
    trace.emit("led", "n1", 1)
    trace.emit("led", "n2", 2)
    trace.emit("followed", "n1", "nobody listens")

    assert told == [
        ("first", "n1", 1), ("only n1", "n1", 1), ("last", "n1", 1), ("first", "n2", 2), ("last", "n2", 2),
    ]  # fmt: skip
    assert one is trace.of_node("n1")
    assert other is not one


def test_a_host_tells_those_who_subscribe_after_it_was_made() -> None:
    """A host keeps the lists of its node; subscriptions reach them."""
    world = World().start()
    told: list[tuple[str, int]] = []
    world.cluster.trace.listen("campaigned", lambda node, epoch: told.append((node, epoch)))
    world.cluster.trace.listen("saved", lambda node, count: told.append((node, count)))
    world.probes["n1"].host.note("campaigned", 4)
    world.probes["n2"].host.save(Kept(1))

    assert told == [("n1", 4), ("n2", 1)]


# Levels ------------------------------------------------------------------------------------------


TROUBLED = LinkSpec(Uniform(MS, 5 * MS), Loss(0.1), duplicate=0.1, reorder=0.1, reorder_by=Uniform(0, MS))


def _busy_run(level: Level, seed: int = 1, link: LinkSpec = TROUBLED, seeded_ties: bool = False) -> World:
    """Return a world after a run with a little of everything."""
    disk = DiskPlan(fsync=Uniform(MS, 2 * MS))
    world = World(3, link=link, level=level, seed=seed, disk=disk, seeded_ties=seeded_ties).start()
    host = world.probes["n1"].host
    world.on_message = lambda probe, source, ping: probe.host.save(Kept(ping.number))
    for k in range(60):
        world.at(k * MS, lambda k=k: world.send("n1", f"n{2 + k % 2}", k))  # type: ignore[misc]
    world.at(MS, lambda: world.probes["n1"].alarm("t").set(MS))
    world.at(2 * MS, lambda: host.note("campaigned", 1))
    world.at(3 * MS, lambda: host.lead(1))
    world.at(4 * MS, lambda: host.send("n2", Unheard(1)))
    world.at(20 * MS, world.node("n2").crash)
    world.at(30 * MS, world.node("n2").start)
    world.at(35 * MS, lambda: world.cluster.network.cut("token", [("n1", "n3")], "drop"))
    return world.run()


@pytest.mark.parametrize("link", [TROUBLED, LinkSpec(Uniform(MS, 5 * MS), Loss(0.1))])
@pytest.mark.parametrize("seeded_ties", [False, True])
def test_the_level_changes_neither_what_happens_nor_the_digest(link: LinkSpec, seeded_ties: bool) -> None:
    """`off` has no digest, but the same run."""
    runs = {level: _busy_run(level, link=link, seeded_ties=seeded_ties) for level in LEVELS}

    assert len({runs[level].digest() for level in LEVELS if level != "off"}) == 1
    assert runs["off"].cluster.trace.digest is None
    for world in runs.values():
        assert runs["full"].heard == world.heard
        assert runs["full"].cluster.trace.milestones == world.cluster.trace.milestones


def test_the_seed_decides_the_digest() -> None:
    """Ten seeds, ten digests; the same one every time."""
    digests = [_busy_run("digest", seed).digest() for seed in range(10)]

    assert len(set(digests)) == 10
    assert digests == [_busy_run("digest", seed).digest() for seed in range(10)]


def test_a_single_message_more_changes_the_digest() -> None:
    """Also one that is cut or lost on the way, also if only a field differs."""

    def digest(numbers: tuple[int, ...], share: float = 0.0, cut: bool = False) -> str:
        world = World(link=LinkSpec(loss=Loss(share))).start()
        if cut:
            world.cluster.network.cut("token", [("n1", "n2")], "drop")
        world.send("n1", "n2", *numbers)
        return world.run().digest()

    assert len({digest(numbers) for numbers in ((), (1,), (2,), (1, 1))}) == 4
    assert digest((), share=1.0) != digest((1,), share=1.0)
    assert digest((), cut=True) != digest((1,), cut=True)


def test_a_full_trace_has_the_details_and_a_digest_has_none() -> None:
    """Messages with their fate, saves, synchronisations, timers and notes."""
    details = _busy_run("full").cluster.trace.details
    assert details is not None
    assert {Message, Saved, Synced, TimerFired, Noted} == {type(record) for record in details}
    outcomes = {record.outcome for record in details if isinstance(record, Message)}
    assert {"delivered", "lost", "cut", "down", "ignored"} == outcomes
    assert Noted(2 * MS, "n1", "campaigned", {"epoch": 1}) in details
    assert TimerFired(2 * MS, "n1", "t") in details

    assert _busy_run("digest").cluster.trace.details is None


def test_a_message_record_knows_when_it_was_sent() -> None:
    """And when it arrived, with its fields."""
    world = World(level="full").start()
    world.at(5 * MS, lambda: world.send("n1", "n2", 9))
    world.run()

    expected = Message(6 * MS, 5 * MS, "n1", "n2", "Ping", "delivered", {"number": 9})
    assert [expected] == world.cluster.trace.details


# Other processes -----------------------------------------------------------------------------------

_PROGRAM = """
from tests.unit.test_trace import _busy_run
print(_busy_run("digest").digest(), _busy_run("full", seed=3, seeded_ties=True).digest())
"""


def test_the_digest_does_not_depend_on_the_hash_seed() -> None:
    """The same in other processes, whatever the order of their sets (PYTHONHASHSEED 0, 1 and 42)."""
    here = f"{_busy_run('digest').digest()} {_busy_run('full', seed=3, seeded_ties=True).digest()}"
    for hash_seed in ("0", "1", "42"):
        env = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM], env=env, cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert here == done.stdout.strip()


@dataclass(frozen=True, slots=True)
class Nested:
    """A record with another one in it."""

    inner: Ping
    pairs: dict[int, tuple[int, ...]]


def test_details_are_plain_values() -> None:
    """What a full trace keeps of messages and records can be written as JSON."""
    from sim.detail import plain, plain_fields

    nested = Nested(Ping(1), {2: (3, 4)})
    assert plain_fields(nested) == {"inner": {"number": 1}, "pairs": {"2": [3, 4]}}
    assert plain((Ping(1), "x", None)) == [{"number": 1}, "x", None]
