"""Faults come when they should: by time, period, random rate or trigger."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from protocols.raft.storage import Appended, HardState
from sim.cluster import Cluster
from sim.records import Campaigned, Crashed, FaultStarted, Led
from tests.unit.faults_testing import MS, at, of, times_ms, world

STEP = {"clock": {"of": "n1", "step": "1s"}}
"""A fault that changes nothing that Raft sees."""


def fired_ms(fault: dict[str, Any], seed: int = 1, **parts: Any) -> list[int]:
    """Return when a fault was applied, in whole milliseconds, over ten seconds."""
    return times_ms(at(world([fault], seed, **parts), 10_000), FaultStarted)


# By time ---------------------------------------------------------------------------------------------


def test_at_is_once() -> None:
    assert fired_ms({"at": "2500ms", **STEP}) == [2500]


def test_fault_at_the_very_beginning() -> None:
    """Before anything else, but when the processes are there."""
    cluster = at(world([{"at": "0s", "crash": "n1"}]), 1)

    assert not cluster.nodes["n1"].up
    assert [record.at_ns for record in of(cluster, Crashed)] == [0]


def test_every_is_periodic_until_before_its_end() -> None:
    """First after one period unless said; what is due at `until` does not happen."""
    assert fired_ms({"every": "3s", **STEP}) == [3000, 6000, 9000]
    assert fired_ms({"every": "2s", "first": "500ms", "until": "4500ms", **STEP}) == [500, 2500]


def test_jitter_delays_each_time_by_itself() -> None:
    """Uniform in [0, jitter); delays do not add up."""
    times = fired_ms({"every": "1s", "jitter": "500ms", **STEP})
    delays = [time - 1000 * number for number, time in enumerate(times, 1)]

    assert all(0 <= delay < 500 for delay in delays)
    assert len(set(delays)) > 5


def test_random_rate_has_the_mean_that_it_says() -> None:
    """20 per second for 8 s: 160 expected; a Poisson count is within 5 standard deviations, 63, of that."""
    times = fired_ms({"rate": "20/s", "from": "1s", "until": "9s", **STEP})
    gaps = {later - earlier for earlier, later in pairwise(times)}

    assert 97 < len(times) < 223
    assert times[0] >= 1000
    assert times[-1] < 9000
    assert len(gaps) > 20


def test_random_times_depend_on_the_seed_alone() -> None:
    """Not on what else is in the scenario: each fault draws from streams of its own."""
    fault = {"rate": "5/s", **STEP}
    alone = fired_ms(fault)
    other = {"rate": "7/s", "clock": {"of": "n2", "step": "1s"}}
    both = at(world([fault, other]), 10_000)

    assert fired_ms(fault, seed=2) != alone
    assert [r.at_ns // MS for r in of(both, FaultStarted) if r.fault == 0] == alone


# By trigger ------------------------------------------------------------------------------------------


def triggered(trigger: dict[str, Any], **more: Any) -> Cluster:
    """Return the world after ten seconds in which n1's wall clock stepped whenever the trigger said."""
    fault = {"when": trigger, "times": 1000, **more}
    return at(world([fault | ({} if "crash" in more else STEP)]), 10_000)


def test_trigger_fires_once_unless_told_otherwise() -> None:
    cluster = at(world([{"when": {"event": "saving"}, **STEP}]), 10_000)

    assert len(of(cluster, FaultStarted)) == 1


def test_trigger_fires_at_the_instant_or_a_delay_later() -> None:
    cluster = triggered({"event": "leader_elected"})
    later = triggered({"event": "leader_elected"}, delay="250ms")
    elected = [record.at_ns for record in of(cluster, Led)]

    assert [record.at_ns for record in of(cluster, FaultStarted)] == elected
    assert [record.at_ns for record in of(later, FaultStarted)] == [time + 250 * MS for time in elected]


def test_jitter_delays_each_trigger_by_itself() -> None:
    """Uniform in [0, jitter), on top of the delay."""
    cluster = triggered(
        {"event": "campaigned"}, delay="100ms", jitter="50ms", crash="that node", restart_after="1s"
    )
    campaigned = [record.at_ns for record in of(cluster, Campaigned)]
    delays = [r.at_ns - time for r, time in zip(of(cluster, FaultStarted), campaigned, strict=False)]

    assert len(delays) >= 3
    assert all(100 * MS <= delay < 150 * MS for delay in delays)
    assert len(set(delays)) == len(delays)


def test_trigger_waits_for_what_must_last() -> None:
    """A leader that is killed after 100 ms has not led for 300 ms; the next one has."""
    kill = {
        "when": {"event": "leader_elected"},
        "delay": "100ms",
        "crash": "leader",
        "restart_after": "100ms",
    }
    lasting = {"when": {"event": "leader_elected", "lasting": "300ms"}, "times": 9, **STEP}
    cluster = at(world([kill, lasting]), 5_000)
    first, second = of(cluster, Led)

    assert first.at_ns < second.at_ns
    assert [r.at_ns for r in of(cluster, FaultStarted) if r.fault == 1] == [second.at_ns + 300 * MS]


def test_trigger_counts_every_nth_event() -> None:
    """There are ten restarts here, at 1 s and so on; every third of them is the 3rd, 6th and 9th."""
    restarts = {"every": "1s", "first": "500ms", "crash": "n2", "restart_after": "500ms"}
    counting = {"when": {"event": "restarted", "nth": 3}, "times": 1000, **STEP}
    cluster = at(world([restarts, counting]), 10_000)

    assert [r.at_ns // MS for r in of(cluster, FaultStarted) if r.fault == 1] == [3000, 6000, 9000]


def test_trigger_stops_after_its_number_of_times() -> None:
    restarts = {"every": "1s", "first": "500ms", "crash": "n2", "restart_after": "500ms"}
    counting = {"when": {"event": "crashed", "node": "n2"}, "times": 2, **STEP}
    cluster = at(world([restarts, counting]), 10_000)

    assert [r.at_ns // MS for r in of(cluster, FaultStarted) if r.fault == 1] == [500, 1500]


def test_trigger_filters_by_node() -> None:
    """The node of the event, by name or by any other selector."""
    crashes = [
        {"every": "4s", "first": "1s", "crash": "n1", "restart_after": "100ms"},
        {"every": "4s", "first": "2s", "crash": "n2", "restart_after": "100ms"},
    ]
    watch = {"when": {"event": "restarted", "node": ["n2", "n3"]}, "times": 9, **STEP}
    cluster = at(world([*crashes, watch]), 10_000)

    assert [r.at_ns // MS for r in of(cluster, FaultStarted) if r.fault == 2] == [2100, 6100]


def test_trigger_filters_by_epoch() -> None:
    """Whoever leads in epoch 3 or higher is killed: all earlier leaders live."""
    kill = {"when": {"event": "leader_elected", "epoch": ">= 3"}, "crash": "that node", "restart_after": "1s"}
    cause = {"every": "2s", "until": "7s", "pause": "leader", "for": "1s"}
    cluster = at(world([cause, {**kill, "times": 9}]), 10_000)
    elected = [(record.at_ns, record.node) for record in of(cluster, Led) if record.epoch >= 3]

    assert len(elected) >= 2
    assert [(record.at_ns, record.node) for record in of(cluster, Crashed)] == elected


def test_trigger_filters_by_epoch_at_the_place_where_the_event_has_it() -> None:
    """`vote_granted` has the candidate first and then the epoch."""
    cluster = triggered({"event": "vote_granted", "epoch": 1})

    assert len(of(cluster, FaultStarted)) >= 2


def test_first_start_is_no_restart() -> None:
    assert of(triggered({"event": "restarted"}), FaultStarted) == []


@pytest.mark.parametrize("event", ["saving", "saved"])
def test_trigger_filters_by_record(event: str) -> None:
    """Without clients terms and votes are all that is saved, and the no-op of each leader."""
    hard_states = triggered({"event": event, "record": "hard_state"})
    entries = triggered({"event": event, "record": "appended"})

    # Three servers save their vote in the first term; a split round would add to that.
    assert len(of(hard_states, FaultStarted)) >= 3
    assert len(of(entries, FaultStarted)) == 3 * len(of(entries, Led))


def test_saved_fires_for_every_record_that_one_fsync_covers() -> None:
    cluster = world([{"when": {"event": "saved", "record": "hard_state"}, "times": 1000, **STEP}])
    for _ in range(3):
        cluster.trace.emit("saving", "n1", HardState(1, None))
    before = len(of(cluster, FaultStarted))
    cluster.trace.emit("saved", "n1", 3)
    at(cluster, 1)

    assert len(of(cluster, FaultStarted)) - before == 3


def test_what_is_saved_after_a_crash_is_not_taken_for_what_it_lost() -> None:
    cluster = world([{"when": {"event": "saved", "record": "hard_state"}, "times": 1000, **STEP}])
    cluster.trace.emit("saving", "n1", HardState(1, None))
    cluster.trace.emit("crashed", "n1")
    cluster.trace.emit("saving", "n1", Appended(0, ()))
    cluster.trace.emit("saved", "n1", 1)
    at(cluster, 1)

    assert of(cluster, FaultStarted) == []


def test_record_that_a_crash_loses_is_never_saved() -> None:
    """The crash comes between the write and its fsync; what the next incarnation saves counts anew."""
    faults: list[dict[str, Any]] = [
        {"when": {"event": "saving", "record": "hard_state"}, "crash": "that node", "restart_after": "1s"},
        {"when": {"event": "saved", "record": "hard_state"}, "times": 1000, **STEP},
    ]
    cluster = at(world(faults, disk={"fsync": "5ms"}), 10_000)
    first, second = ([r for r in of(cluster, FaultStarted) if r.fault == number] for number in range(2))

    assert [record.at_ns for record in of(cluster, Crashed)] == [record.at_ns for record in first]
    assert len(second) >= 2
    assert second[0].at_ns >= first[0].at_ns + 5 * MS


def test_crash_between_write_and_fsync_loses_the_vote() -> None:
    """The trigger fires after the step that handed the record to the disk, and before it is durable."""
    fault = {"when": {"event": "campaigned"}, "crash": "that node"}
    cluster = at(world([fault], disk={"fsync": "5ms"}), 10_000)
    victim = of(cluster, Crashed)[0].node

    assert of(cluster, Crashed)[0].at_ns == of(cluster, Campaigned)[0].at_ns
    assert getattr(cluster.nodes[victim].disk.image, "current_term") == 0  # noqa: B009
