"""Liskov and Cowling, "Viewstamped Replication Revisited", MIT-CSAIL-TR-2012-021: views and recovery."""

from __future__ import annotations

from protocols.classic.viewstamped import (
    SPEC,
    Commit,
    DoViewChange,
    RecoveryResponse,
    StartView,
    StartViewChange,
    ViewstampedParameters,
    check,
)
from tests.unit.classic_testing import MS, ClassicBench

TIMER = "view change"


def begun(nodes: int = 5) -> ClassicBench:
    """Return a group in view 0."""
    bench = ClassicBench(SPEC, nodes)
    bench.settle()
    return bench


def test_the_members_take_turns() -> None:
    """§4: the primary is replica number view mod n, starting with the first."""
    bench = begun(3)
    primaries = [next(iter(bench.leaders()))]
    for _ in range(3):
        for name in bench.processes:
            if name != primaries[-1]:
                bench.fire(name, TIMER)
        bench.settle()
        primaries.append(next(iter(bench.leaders())))

    assert primaries == ["n1", "n2", "n3", "n1"]
    assert len(bench.leaders()) == 1


def test_a_view_change_needs_f_others_and_then_f_plus_one_confirmations() -> None:
    """§4.2, steps 1 to 3, for f = 2: two others want it, and three confirm it."""
    bench = begun()
    for name in ("n3", "n4"):
        bench.fire(name, TIMER)
    bench.settle(among=("n3", "n4"))
    assert bench.pending(DoViewChange) == []
    bench.drop()
    bench.tell("n3", "n5", StartViewChange(1))
    bench.tell("n4", "n5", StartViewChange(1))
    confirmations = bench.pending(DoViewChange)
    assert [(each.source, each.target) for each in confirmations] == [("n5", "n2")]
    bench.settle(among=("n2", "n3", "n4", "n5"))
    assert "n2" not in bench.leaders()  # three confirm it, but not yet itself: one other wants it so far
    bench.tell("n3", "n2", StartViewChange(1))

    assert "n2" in bench.leaders()
    assert bench.leaders()["n2"] == 2


def test_a_replica_joins_a_view_that_another_wants() -> None:
    """§4.2, step 1: it notices the need by its own timer, or by a message for a larger view."""
    bench = begun()
    bench.tell("n4", "n3", StartViewChange(7))

    assert bench.member("n3").view == 7
    assert {each.target for each in bench.pending(StartViewChange, source="n3")} == {"n1", "n2", "n4", "n5"}


def test_earlier_views_are_ignored() -> None:
    """A primary of the past is not followed, nor are its wishes heard."""
    bench = begun()
    bench.tell("n4", "n3", StartView(8))
    for message in (Commit(5), StartViewChange(5), DoViewChange(5), StartView(5)):
        bench.tell("n1", "n3", message)

    assert (bench.member("n3").view, bench.member("n3").status) == (8, "normal")


def test_a_primary_that_hears_of_a_larger_view_steps_down() -> None:
    """It does not serve during a view change (§4.2)."""
    bench = begun()
    bench.tell("n3", "n1", StartViewChange(1))

    assert bench.leaders() == {}


def test_a_replica_that_crashed_is_silent_until_it_has_recovered() -> None:
    """§4.3: it takes no part in the protocol; otherwise it would confirm what it does not know."""
    bench = begun(3)
    bench.crash("n3")
    bench.restart("n3")
    bench.drop()
    bench.tell("n2", "n3", StartViewChange(1))
    bench.tell("n2", "n3", DoViewChange(2))

    assert bench.pending(source="n3") == []
    assert bench.leaders() == {"n1": 1}


def test_recovery_needs_f_plus_one_answers_and_the_primary_of_the_latest_view() -> None:
    """§4.3, step 3: the latest view among the answers counts, and its primary must have answered."""
    bench = begun(5)
    bench.crash("n5")
    bench.restart("n5")
    bench.drop()
    nonce = bench.member("n5").incarnation
    bench.tell("n1", "n5", RecoveryResponse(5, nonce, True))
    bench.tell("n3", "n5", RecoveryResponse(6, nonce, False))
    bench.tell("n4", "n5", RecoveryResponse(6, nonce, False))
    assert bench.member("n5").status == "recovering"
    bench.tell("n2", "n5", RecoveryResponse(6, nonce - 1, True))
    assert bench.member("n5").status == "recovering"
    bench.tell("n2", "n5", RecoveryResponse(6, nonce, True))

    member = bench.member("n5")
    assert (member.status, member.view, member.leader) == ("normal", 6, "n2")


def test_answers_to_recovery_come_from_those_who_know() -> None:
    """§4.3, step 2: only if the status is normal."""
    bench = begun(3)
    bench.crash("n3")
    bench.fire("n2", TIMER)
    bench.drop()
    bench.restart("n3")
    bench.settle(among=("n2", "n3"))

    assert bench.pending(RecoveryResponse, source="n2") == []
    assert bench.member("n3").status == "recovering"


def test_settings_that_make_no_sense_are_refused() -> None:
    """Each with the rule that it breaks."""
    assert list(check(ViewstampedParameters())) == []
    wrong = ViewstampedParameters(view_change_timeout=(50 * MS, 40 * MS))
    assert len(list(check(wrong))) == 2
