"""What is measured of a run, on hand-made milestones."""

from __future__ import annotations

from typing import Any

import pytest

from sim.calibration.measures import (
    elected,
    elections,
    elections_late,
    heard_ms,
    outage_share,
    outage_timeouts,
    split_vote,
    stable_leader_ms,
)
from sim.records import Crashed, FaultEnded, FaultStarted, Followed, LeaderKnown, Led, RunEnded
from sim.result import Result
from sim.run import run
from sim.tally import Costs, OperationTally

MS = 1_000_000


def result(*records: Any, reason: str = "stop_when") -> Result:
    """Return the result of a run with these milestones, which ends at one second."""
    ended = RunEnded(1000 * MS, reason)
    return Result("x", "raft", 1, "", [*records, ended], [], OperationTally(MS), Costs(weigh=False), 0)


FIRST = Led(100 * MS, "n1", 1)
CRASH = Crashed(300 * MS, "n1", "crash", False)


@pytest.mark.parametrize(
    ("records", "expected"),
    [((), 1.0), ((FIRST,), 0.0), ((Led(5 * MS, "n2", 2),), 1.0)],
)
def test_a_split_vote_is_a_first_epoch_without_a_leader(records: tuple[Any, ...], expected: float) -> None:
    assert split_vote(result(*records)) == expected


def test_elected_is_whether_anybody_was() -> None:
    assert (elected(result()), elected(result(FIRST))) == (0.0, 1.0)


def test_the_stable_leader_is_the_last_one() -> None:
    """One that was deposed before does not count, nor does any that the end of the run cut off."""
    deposed = (FIRST, Followed(110 * MS, "n1", 1, "higher_term"), Led(250 * MS, "n2", 2))

    assert stable_leader_ms(result(*deposed)) == 250.0
    assert stable_leader_ms(result(*deposed, reason="duration")) is None
    assert stable_leader_ms(result()) is None


def test_heard_is_the_first_news_of_a_later_leader() -> None:
    """Not of the old one, whose messages may still be on their way, and not the new leader's own."""
    late = LeaderKnown(301 * MS, "n3", "n1", 1)
    own = LeaderKnown(400 * MS, "n2", "n2", 2)
    news = LeaderKnown(403 * MS, "n3", "n2", 2)

    assert heard_ms(result(FIRST, CRASH, late, own, news)) == 103.0
    assert heard_ms(result(FIRST, CRASH, late, own)) is None
    assert heard_ms(result(FIRST, news)) is None


# While links are cut ---------------------------------------------------------------------------------

CUT = FaultStarted(400 * MS, 0, "partition", ("n1", "n2"), "")
HEALED = FaultEnded(800 * MS, 0, "partition", ("n1", "n2"))


def test_elections_count_within_the_partition() -> None:
    """From the beginning to before the end; late ones are those of its second half."""
    leaders = [Led(at * MS, "n2", at) for at in (399, 400, 599, 600, 799, 800)]
    records = [*leaders[:1], CUT, *leaders[1:5], HEALED, leaders[5]]

    assert elections(result(*records)) == 4.0
    assert elections_late(result(*records)) == 2.0


def test_a_partition_for_good_ends_with_the_run() -> None:
    assert elections(result(CUT, Led(900 * MS, "n2", 9))) == 1.0


@pytest.mark.parametrize(
    ("variant", "down"), [("plain", False), ("pre-vote", True), ("check-quorum", False), ("both", False)]
)
def test_outage_is_that_of_the_partition(variant: str, down: bool) -> None:
    """Quorum loss, 20 s, timeouts from 500 ms on: the whole partition is 40 timeouts."""
    found = run(f"partial/quorum-loss-{variant}")

    assert outage_share(found) * 40 == pytest.approx(outage_timeouts(found))
    assert (outage_share(found) > 0.95) == down
    assert 0 < outage_share(found) <= 1


def test_no_outage_is_none() -> None:
    """Neither the one at the start of the run nor one after the heal counts."""
    assert outage_share(run("partial/chain-pre-vote")) == 0.0
    assert outage_share(run("partial/chain-check-quorum")) == 0.0
