"""What the world gets from `sim.invariants`: which properties apply, and how they are attached."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import pytest

from protocols.api import NOTES, Entry, ProtocolSpec
from sim.invariants import ALL, PROMISED, Invariant, applicable, attach
from sim.invariants.base import REPORTS_MAX, Handler, show
from sim.invariants.election_safety import ElectionSafety
from sim.invariants.exclusive_belief import ExclusiveBelief
from sim.invariants.history import JUDGED
from sim.invariants.replay import ReplayedView, replay


@dataclass(frozen=True)
class NoParameters:
    """A protocol without parameters."""


SPEC = ProtocolSpec("toy", "A toy.", NoParameters, (), lambda parameters: ())


def test_applicable_leaves_exclusive_belief_to_protocols_that_promise_it() -> None:
    """Two believers at once are legal in Raft, and a bug of a lease (protocols with exclusive_belief)."""
    lease = replace(SPEC, exclusive_belief=True)

    assert tuple(cls for cls in ALL if cls is not ExclusiveBelief) == applicable(SPEC)
    assert applicable(lease) == ALL


def test_attach_subscribes_every_property_that_applies() -> None:
    """The table of listeners is enough for the properties to see two leaders in one epoch."""
    table: defaultdict[str, list[Handler]] = defaultdict(list)
    reports: list[tuple[str, tuple[str, ...], str]] = []

    attached = attach(
        ReplayedView(("n1", "n2")),
        lambda kind, handler: table[kind].append(handler),
        lambda *r: reports.append(r),
        SPEC,
    )
    for node in ("n1", "n2"):
        for handler in table["led"]:
            handler(node, 1)

    assert tuple(map(type, attached)) == applicable(SPEC)
    assert reports == [("election_safety", ("n1", "n2"), "epoch 1: led by n1 and by n2")]


@pytest.mark.parametrize("cls", [*ALL, *PROMISED])
def test_every_property_says_what_it_is_and_listens_to_kinds_that_exist(cls: type[Invariant]) -> None:
    """A name, a source, one sentence; and no event kind that nobody emits."""
    service = ("service_led", "service_followed")
    kinds = {*NOTES, *JUDGED, "led", "followed", *service, "started", "crashed", "effect"}

    assert cls.name == cls.__module__.rpartition(".")[2]
    assert cls.source
    assert cls.meaning.endswith(".")
    assert set(cls.listens) <= kinds
    assert all(callable(getattr(cls, kind)) for kind in cls.listens)


def test_names_are_unique() -> None:
    """They are keys of the table of metrics."""
    assert len(ALL) + len(PROMISED) == len({cls.name for cls in (*ALL, *PROMISED)})


def test_further_properties_apply_to_protocols_that_promise_them() -> None:
    """They speak of what only some protocols have, such as sessions."""
    for cls in PROMISED:
        assert applicable(replace(SPEC, promises=(cls.name,))) == (*applicable(SPEC), cls)


def test_one_property_is_reported_ten_times_and_then_no_more() -> None:
    """A broken protocol does not fill the memory with what everybody knows by then."""
    events = [("led", node, epoch) for epoch in range(50) for node in ("n1", "n2")]

    violations = replay((ElectionSafety,), ("n1", "n2"), events)

    assert len(violations) == REPORTS_MAX
    assert violations[0][2] == "epoch 0: led by n1 and by n2"


def test_evidence_shows_long_commands_shortened() -> None:
    """A megabyte of payload is no evidence."""
    assert show(Entry(1, "a")) == "Entry(epoch=1, command='a')"
    assert len(show(Entry(1, "x" * 1000))) == 80
    assert show(Entry(1, "x" * 1000)).endswith("xxx...")
