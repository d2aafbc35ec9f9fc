"""The fence by order against random histories: leaders of all epochs, crashes, slow disks.

An oracle says what an honest fence does where disks are instant; where they are slow, and the resource
crashes, what must never happen is that an accepted epoch is lower than one accepted before.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.records import Violated
from sim.workloads.fence import Admitted
from sim.workloads.resource import Durable, Effect, Inquiry, Resource
from tests.unit.faults_testing import at, of, world

Step = tuple[str, int, int]  # what, epoch, milliseconds until the next
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["effect", "effect", "inquiry", "crash"]), st.integers(1, 6), st.integers(1, 30)
    ),
    min_size=1,
    max_size=30,
)


def history(steps: list[Step], fenced: bool, fsync: str) -> tuple[list[tuple[int, bool]], list[Violated]]:
    """Return what the resource judged, as (epoch, accepted) in order, and the violations."""
    cluster = world(
        [{"at": "0s", "crash": ["n1", "n2", "n3"]}],
        workload={"name": "external-store", "fenced": fenced},
        disk={"fsync": fsync},
    )
    judged: list[tuple[int, bool]] = []
    cluster.trace.listen("effect", lambda r, node, epoch, accepted, fenced: judged.append((epoch, accepted)))
    node, time = cluster.nodes["r1"], 1
    for number, (what, epoch, gap) in enumerate(steps):
        at(cluster, time)
        if what == "crash":
            node.crash()
            node.start()
        else:
            kind = Effect if what == "effect" else Inquiry
            node.handlers[kind]("n1", kind(epoch, number))
        time += gap
    at(cluster, time + 1000)
    return judged, of(cluster, Violated)


@settings(max_examples=40, deadline=None)
@given(STEPS, st.booleans())
def test_fence_does_what_the_oracle_says(steps: list[Step], fenced: bool) -> None:
    """Instant disks: an effect is accepted unless a higher epoch was there before, crashes or not."""
    expected, highest = [], 0
    for what, epoch, _ in steps:
        passes = not fenced or epoch >= highest
        if what == "effect":
            expected.append((epoch, passes))
        if what != "crash" and passes:
            highest = max(highest, epoch)

    assert history(steps, fenced, "0s")[0] == expected


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_accepted_epochs_never_decrease_behind_a_fence(steps: list[Step]) -> None:
    """Whatever a crash forgets, it forgets effect and epoch together."""
    judged, violations = history(steps, True, "20ms")
    accepted = [epoch for epoch, taken in judged if taken]

    assert accepted == sorted(accepted)
    assert violations == []


# Mutants -----------------------------------------------------------------------------------------
# Each breaks one line of `Resource`; the history beside it is what it gets wrong.


def forgets(self: Resource, record: Any) -> None:
    """L08: whom it let in is kept in memory only."""
    self.image.apply(record)


def one_too_low(self: Resource, request: Effect | Inquiry) -> bool:
    """L08: the comparison is off by one."""
    return not self.fence.fenced or request.epoch >= self.image.admitted.token - 1


def only_effects_raise(self: Resource, source: str, request: Effect | Inquiry) -> None:
    """An inquiry reads without raising the fence."""
    accepted = self.passes(request)
    if accepted and type(request) is Effect and request.epoch > self.image.admitted.token:
        self.write(Admitted(request.epoch))
    self.host.send(self.host.id, Durable(source, request, accepted, None))


def does_not_wait(self: Resource, source: str, request: Effect | Inquiry) -> None:
    """The effect takes place before the epoch is durable."""
    accepted = self.passes(request)
    self.on_durable(self.host.id, Durable(source, request, accepted, None))
    if accepted and request.epoch > self.image.admitted.token:
        self.write(Admitted(request.epoch))


MUTANTS: dict[str, tuple[Any, list[Step]]] = {
    "write": (forgets, [("effect", 2, 1), ("crash", 1, 1), ("effect", 1, 1)]),
    "passes": (one_too_low, [("effect", 2, 1), ("effect", 1, 1)]),
    "on_request": (does_not_wait, [("effect", 2, 1), ("crash", 1, 1), ("effect", 1, 1)]),
}


@pytest.mark.parametrize("method", MUTANTS)
def test_mutant_of_the_fence_is_caught(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the invariant on fencing; the honest resource passes the same history."""
    mutation, steps = MUTANTS[method]
    assert history(steps, True, "20ms")[1] == []

    monkeypatch.setattr(Resource, method, mutation)
    assert "fencing" in {found.property for found in history(steps, True, "20ms")[1]}


def test_inquiry_that_raises_no_fence_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the new leader has read is changed behind its back: the oracle would reject the effect."""
    steps: list[Step] = [("inquiry", 2, 1), ("effect", 1, 1)]
    assert history(steps, True, "0s")[0] == [(1, False)]

    monkeypatch.setattr(Resource, "on_request", only_effects_raise)
    assert history(steps, True, "0s")[0] == [(1, True)]
