"""Every metric of the catalogue, on one run small enough to work out by hand (1 unit = 1 ns)."""

from __future__ import annotations

import pytest

from analysis.metrics import Metrics, metrics
from sim.metrics import METRICS
from sim.records import (
    Answered,
    Campaigned,
    EffectJudged,
    Followed,
    LeaderKnown,
    Led,
    LinksCut,
    Record,
    Served,
    Violated,
)
from sim.tally import Costs, OperationTally
from tests.unit.test_analysis_runs import BOUND, Run, crash, isolation, recorded

EVENTS: list[Record] = [
    Campaigned(4, "a", 1), Led(6, "a", 1), LeaderKnown(8, "b", "a", 1), Served(10, "a", 1),
    Answered(12, "k", "a", 1),
    # Cut off, a believes on until 70; b wins epoch 3 after c failed in epoch 2.
    LinksCut(40, isolation("a")), Campaigned(44, "c", 2), Campaigned(50, "b", 3), Led(53, "b", 3),
    LeaderKnown(54, "c", "b", 3), Served(57, "b", 3), Answered(60, "k", "b", 3),
    EffectJudged(61, "r", "a", 1, True, 3), EffectJudged(62, "r", "a", 1, False, 3),
    Followed(70, "a", 1, "higher epoch"),
    Violated(71, "log_matching", ("a", "b"), "entry 3", ""),
    Violated(72, "log_matching", ("a", "c"), "entry 3", "lying fsync"),
    Violated(73, "convergence", ("a",), "no leader", ""),
    # The only quorum that is left is b and c; without b there is none.
    *crash(90, "b", 3),
]  # fmt: skip

SECONDS = {
    "election_phase.detection.mean": 4, "election_phase.candidacy.mean": 3, "election_phase.votes.mean": 2.5,
    "election_phase.first_service.mean": 4,
    "split_brain.dual_belief.total": 17, "split_brain.dual_belief.longest": 17,
    "outages.system.longest": 17, "outages.system.p99": 17, "outages.system.total": 37,
    "outages.leadership.longest": 10, "outages.leadership.p99": 10, "outages.leadership.total": 16,
    "outages.client.longest": 30, "outages.client.p99": 30, "outages.client.total": 30,
    "outages.unjustified": 27, "outages.justified": 10,
    "latency.p50": 1, "latency.p99": 9, "latency.max": 9,
}  # fmt: skip
"""In units of the run. The system is out 0-10, 40-57 and 90-100, in the last without a quorum."""
NUMBERS = {
    "elections": 3, "elections.censored": 1, "elections.split_rounds": 1,
    "leader_changes": 1, "leader_changes.unforced": 0, "leaderships": 2, "epoch.highest": 3,
    "split_brain.dual_belief": 1, "split_brain.same_epoch": 0, "split_brain.dual_effect": 1,
    "split_brain.lost_state": 2,
    "effects.accepted": 7, "effects.stale_accepted": 1, "effects.rejected": 1,
    "availability.system": 0.63, "availability.leadership": 0.84, "availability.client": 0.4,
    "outages.system": 3, "outages.leadership": 2, "outages.client": 1,
    "operations": 5, "operations.ok": 3, "operations.fail": 1, "operations.info": 1, "operations.attempts": 8,
    "cost.messages": 50, "cost.bytes": 900, "cost.fsyncs": 7, "cost.messages_per_second": 5e8,
    "violations": 1, "violations.outside_envelope": 1,
    "violations.convergence": 1, "violations.log_matching": 2,
}  # fmt: skip


def tally() -> OperationTally:
    """Return five operations: good ones at 20 and 70, a late, a failed and an unknown one in between."""
    found = OperationTally(BOUND)
    for at, completed, outcome in [
        (20, 21, "ok"),
        (40, 49, "ok"),
        (45, 46, "fail"),
        (50, 60, "info"),
        (70, 71, "ok"),
    ]:
        found.completed(found.invoked(at), completed, outcome)
    found.finish(100)
    found.attempts = 8
    return found


def measured() -> Metrics:
    """Return the metrics of the run."""
    return metrics(
        Run(recorded(*EVENTS), [], tally(), Costs(weigh=True, messages=50, bytes=900, fsyncs=7), 7)
    )


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_counts_shares_and_rates(name: str) -> None:
    """Each as the catalogue documents it."""
    assert measured()[name] == pytest.approx(NUMBERS[name])


@pytest.mark.parametrize("name", sorted(SECONDS))
def test_lengths_in_seconds(name: str) -> None:
    """Each in seconds, as the catalogue documents it."""
    assert measured()[name] == pytest.approx(SECONDS[name] / 1e9)


def test_election_times_with_one_election_censored() -> None:
    """6 and 13 complete, 10 censored: 1/3 last at most 6, all at most 13; the mean is 6/3 + 13 x 2/3."""
    found = measured()
    belief = [found[f"election_time.belief.{name}"] for name in ("min", "mean", "p50", "p90", "p99", "max")]

    assert belief == [6e-9, pytest.approx(32 / 3 * 1e-9), 13e-9, 13e-9, 13e-9, 13e-9]


@pytest.mark.parametrize(
    ("definition", "shortest", "longest"), [("announced", 8, 14), ("service", 10, 17), ("client", 12, 20)]
)
def test_election_times_by_definition(definition: str, shortest: int, longest: int) -> None:
    """From 0 to the event of epoch 1, and from 40 to that of epoch 3."""
    found = measured()

    assert found[f"election_time.{definition}.min"] == shortest / 1e9
    assert found[f"election_time.{definition}.max"] == longest / 1e9


def test_all_names_of_the_catalogue_and_the_violated_properties_are_there() -> None:
    """In the order of the catalogue; each can be computed."""
    found = dict(measured())

    assert list(found) == [*METRICS, "violations.convergence", "violations.log_matching"]
    assert len(measured()) == len(found)


def test_a_metric_has_the_type_of_its_unit() -> None:
    """Counts and bytes are int, never None (but damage is, without its workload); others float or None."""
    for name, value in measured().items():
        if name.startswith("damage"):
            assert value is None
            continue
        unit = METRICS[name].unit if name in METRICS else "count"
        assert type(value) in ((int,) if unit in ("count", "bytes") else (float, type(None))), name


def test_a_run_in_which_nothing_happened() -> None:
    """One censored election, one outage; nothing else to measure is None, counts are 0."""
    found = dict(metrics(Run(recorded())))
    nothing = {name for name, value in found.items() if value is None}

    assert nothing == {
        *(name for name in METRICS if name.startswith(("election_time.", "election_phase.", "latency."))),
        "availability.client",
        "outages.client.longest",
        "outages.client.p99",
        "outages.client.total",
        "cost.bytes",  # nobody asked the messages for their sizes
        *(name for name in METRICS if name.startswith("damage")),  # no workload
    }
    assert (found["elections"], found["elections.censored"], found["epoch.highest"]) == (1, 1, 0)
    assert (found["availability.system"], found["outages.system"], found["outages.unjustified"]) == (
        0,
        1,
        1e-7,
    )
    assert (found["split_brain.dual_belief.longest"], found["split_brain.dual_belief.total"]) == (0, 0)


def test_a_run_of_no_length_has_no_shares_and_rates() -> None:
    """There is no time to have a share of."""
    found = metrics(Run(recorded(end=0)))

    assert (found["availability.system"], found["cost.messages_per_second"]) == (None, None)


def test_an_unforced_change_is_one_without_a_fault_on_the_incumbent() -> None:
    """b takes over from the crashed a, c from the sound b; c leads on under a new epoch: no change."""
    events = [
        Led(6, "a", 1), Served(7, "a", 1), *crash(15, "a", 1), Led(20, "b", 2), Served(21, "b", 2),
        Led(35, "c", 3), Served(36, "c", 3), Followed(40, "c", 3, "x"), Led(45, "c", 4), Served(46, "c", 4),
    ]  # fmt: skip
    found = metrics(Run(recorded(*events)))

    assert (found["leader_changes"], found["leader_changes.unforced"]) == (2, 1)
    assert found["elections"] == 4


def test_an_outage_of_clients_needs_operations() -> None:
    """With operations and no outage it is 0, not nothing."""
    good = OperationTally(BOUND)
    good.completed(good.invoked(1), 2, "ok")

    assert metrics(Run(recorded(), tally=good))["outages.client.longest"] == 0


def test_unknown_names_are_refused() -> None:
    """A property that was not violated is 0, whatever its name; anything else must be in the catalogue."""
    found = measured()

    assert found["violations.fencing"] == 0
    with pytest.raises(KeyError):
        found["election_time.belief.p42"]


def test_metrics_are_computed_only_when_asked_for() -> None:
    """What an unfinished tally cannot give does not matter to who does not ask for it."""
    found = metrics(Run(recorded(*EVENTS), tally=None))  # type: ignore[arg-type]

    assert found["elections"] == 3
    with pytest.raises(AttributeError):
        found["operations"]


def test_at_least_bounds_what_is_censored() -> None:
    """Nobody ever led for 100 units; what is measured, or no election time, has no bound."""
    found = metrics(Run(recorded()))

    assert [found.at_least(f"election_time.belief.{name}") for name in ("p99", "mean")] == [1e-7, 1e-7]
    assert found.at_least("latency.p99") is None
    assert measured().at_least("election_time.belief.max") is None
