"""Known mistakes in lease protocols show, and what shows is the mistake and not the world."""

from __future__ import annotations

from typing import Any

import pytest

from sim.workloads import resource
from tests.unit.lease_mutant import AsNumbers
from tests.unit.lease_mutants import MUTANTS
from tests.unit.lease_testing import outcome, plan_of

PAUSE: dict[str, Any] = {"faults": [{"at": "60s", "pause": "leader", "for": "40s"}], "duration": "110s"}


@pytest.mark.parametrize("number", MUTANTS)
def test_the_mistake_does_harm(number: str) -> None:
    """What the list says that it breaks is seen to break."""
    assert MUTANTS[number].does_harm()


@pytest.mark.parametrize("number", MUTANTS)
def test_the_right_protocol_does_none_in_the_same_world(number: str) -> None:
    """So that it is the mistake which does the harm."""
    assert MUTANTS[number].is_harmless_without()


@pytest.mark.parametrize(("fenced", "harm"), [(False, True), (True, False)])
def test_check_then_act_needs_a_fence(fenced: bool, harm: bool) -> None:
    """L02, L06: a pause between check and write lets a stale write through, unless it is fenced off."""
    work = {"name": "external-store", "rate": "1/s", "work": "990ms", "fenced": fenced}
    found = outcome(plan_of("lock-server", workload=work, **PAUSE))

    assert harm == ("dual_effect" in found.violated)


def test_a_fence_by_tokens_without_an_order_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """L07: compared as numbers, random values lock the rightful leader out."""
    work = {"name": "external-store", "rate": "2/s", "work": "450ms", "fenced": True}
    faults = [{"every": "30s", "pause": "leader", "for": "15s"}]
    plan = plan_of("redlock", faults=faults, workload=work, duration="250s")
    right = outcome(plan)
    assert (right.locked_out, right.violated) == (0, frozenset({"exclusive_belief"}))

    monkeypatch.setattr(resource, "fence_for", lambda fenced, ordered: AsNumbers())
    assert all(outcome(plan, seed).locked_out > 0 for seed in (1, 2, 3, 4))


@pytest.mark.parametrize("step", ["10s", None])
def test_a_clock_that_jumps_breaks_redlock(step: str | None) -> None:
    """L13: n1 has s1, s2 and s3; another one gets s3, s4 and s5 when the clock of s3 jumps."""
    faults: list[dict[str, Any]] = [
        {"at": "0s", "pause": ["n2", "n3"], "for": "5s"},
        {"at": "0s", "cut": {"from": "n1", "to": ["s4", "s5"]}},
        {"at": "6s", "cut": {"from": ["n2", "n3"], "to": ["s1", "s2"]}},
    ]
    if step is not None:
        faults.append({"at": "8s", "clock": {"of": "s3", "step": step}})
    found = outcome(plan_of("redlock", faults=faults, duration="13s"))

    assert (step is not None) == ("exclusive_belief" in found.violated)


@pytest.mark.parametrize("frozen", [True, False])
def test_a_clock_that_stands_still_during_a_suspend_hides_the_end_of_a_lease(frozen: bool) -> None:
    """L28: CLOCK_MONOTONIC does not count a suspend; who measures on it goes on writing after it."""
    faults: list[dict[str, Any]] = [{"at": "61s", "pause": "leader", "for": "40s"}]
    if frozen:
        faults.append({"at": "61s", "clock": {"of": "leader", "freeze": True}, "for": "40s"})
    work = {"name": "external-store", "rate": "10/s"}
    found = outcome(plan_of("lock-server", faults=faults, workload=work, duration="110s"))

    assert frozen == ("dual_effect" in found.violated)
