"""The recipes: one waits for the one before it, the oldest leads, nobody deletes what is not its own."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.etcd.concurrency import COMPACTED, EXPIRED, LOST, NOT_LEADER, Election, Mutex, wait_deletes
from protocols.etcd.machine import EtcdMachine
from protocols.etcd.operations import Delete, Get, LeaseGrant, LeaseRevoke, Put
from protocols.etcd.task import Deleted, Do
from protocols.recording import Noted
from tests.unit.etcd_testing import EtcdBench, S


class Script:
    """A recipe run against a store by hand: it stops where it waits for a deletion."""

    def __init__(self, store: EtcdMachine, script: Any, lagging: EtcdMachine | None = None) -> None:
        self.store = store
        self.lagging = lagging or store  # where serializable reads go
        self.script = script
        self.waits_for: Any = None
        self.result: str | None = None
        self.resume(None)

    def resume(self, value: Any) -> None:
        self.waits_for = None
        try:
            step = self.script.send(value)
            while isinstance(step, Do):
                read = isinstance(step.operation, Get)
                store = self.lagging if step.serializable else self.store
                step = self.script.send((store.read if read else store.apply)(step.operation))
            self.waits_for = step
        except StopIteration as end:
            self.result = end.value


def store(*leases: int) -> EtcdMachine:
    made = EtcdMachine()
    for lease in leases:
        made.apply(LeaseGrant(lease, 10))
    return made


def campaign(on: EtcdMachine, lease: int, recheck: bool = False) -> tuple[Election, Script]:
    election = Election(lease, "/e", recheck)
    return election, Script(on, election.campaign(f"c{lease}"))


def test_first_in_the_queue_leads_at_once() -> None:
    """Its token is the create revision of its key, which is the prefix and its lease in hex."""
    made = store(26)
    election, script = campaign(made, 26)

    assert (script.result, election.key, election.revision) == ("", "/e/1a", 2)


def test_everybody_waits_for_the_key_before_its_own() -> None:
    """E16: a change wakes one contender and no herd."""
    made = store(1, 2, 3)
    scripts = [campaign(made, lease)[1] for lease in (1, 2, 3)]

    assert [script.waits_for and script.waits_for.key for script in scripts] == [None, "/e/1", "/e/2"]


def test_who_waited_looks_again_whether_somebody_is_before_it() -> None:
    """The one before may go while the first is still there."""
    made = store(1, 2, 3)
    _, second, third = (campaign(made, lease)[1] for lease in (1, 2, 3))
    made.apply(LeaseRevoke(2))
    third.resume(True)
    assert third.waits_for == Deleted("/e/1", 5)
    made.apply(LeaseRevoke(1))
    third.resume(True)

    assert (third.result, second.result) == ("", None)


def test_oldest_is_by_create_revision_not_by_name_or_change() -> None:
    """E03: Proclaim moves the mod revision, and leaves the order as it is."""
    made = store(9, 1)
    election, _ = campaign(made, 9)
    _, waiting = campaign(made, 1)
    Script(made, election.proclaim("another value"))

    assert waiting.waits_for == Deleted("/e/9", 3)
    assert made.store.current["/e/9"].value == "another value"


@pytest.mark.parametrize(("recheck", "result"), [(False, ""), (True, EXPIRED)])
def test_campaign_does_not_look_for_its_own_key_after_waiting(recheck: bool, result: str) -> None:
    """E04: with its lease gone it wins all the same, in the product to this day."""
    made = store(1, 2)
    campaign(made, 1)
    _, script = campaign(made, 2, recheck)
    made.apply(LeaseRevoke(2))
    made.apply(LeaseRevoke(1))
    script.resume(True)

    assert script.result == result


def test_lock_does() -> None:
    """Since Jepsen found it: ErrSessionExpired."""
    made = store(1, 2)
    assert Script(made, Mutex(1, "/e").lock()).result == ""
    script = Script(made, Mutex(2, "/e").lock())
    made.apply(LeaseRevoke(2))
    made.apply(LeaseRevoke(1))
    script.resume(True)

    assert script.result == EXPIRED


def test_campaign_with_a_key_already_there_keeps_its_place() -> None:
    """It proclaims its value if that is another one."""
    made = store(1)
    first, _ = campaign(made, 1)
    again = Election(1, "/e", False)
    script = Script(made, again.campaign("other"))

    assert (script.result, again.revision) == ("", first.revision)
    assert made.store.current["/e/1"].value == "other"


def test_resigning_and_proclaiming_are_guarded_by_the_create_revision() -> None:
    """E15: a late one does not touch the key that the same session made since."""
    made = store(1)
    old, _ = campaign(made, 1)
    made.apply(Delete("/e/1"))
    new, _ = campaign(made, 1)
    stale = Election(1, "/e", False)
    stale.key, stale.revision = old.key, old.revision
    Script(made, old.resign())
    assert Script(made, stale.proclaim("stale")).result == NOT_LEADER

    assert made.store.current["/e/1"].create_revision == new.revision
    assert made.store.current["/e/1"].value == "c1"


def test_unlock_is_not_guarded() -> None:
    """As it is: it deletes the key of that name, whoever made it."""
    made = store(1)
    mutex = Mutex(1, "/e")
    Script(made, mutex.lock())
    made.apply(Delete("/e/1"))
    made.apply(Put("/e/1", "made anew", 1))
    Script(made, mutex.unlock())

    assert "/e/1" not in made.store.current


def test_campaign_without_its_lease_fails() -> None:
    """The store refuses the key."""
    _, script = campaign(store(), 1)

    assert script.result == EXPIRED


@pytest.mark.parametrize(("answers", "result"), [([None], LOST), ([Get, False], COMPACTED)])
def test_wait_that_fails_says_why(answers: list[Any], result: str) -> None:
    """No answer to the read; a watch whose revision was compacted (E13)."""
    made = store()
    made.apply(Put("/e/x", 1))
    script = wait_deletes("/e/", 2)

    def play() -> None:
        step: Any = next(script)
        for answer in answers:
            step = script.send(made.read(step.operation) if answer is Get else answer)

    with pytest.raises(StopIteration) as end:
        play()
    assert end.value.value == result


def test_leader_that_resigns_queues_up_again() -> None:
    """hold_for: the leadership goes round, each under a higher token, and nobody leads beside another."""
    bench = EtcdBench(hold_for=2 * S)
    bench.pass_time(20 * S)
    events = bench.events()
    epochs = [what for _, what in events if isinstance(what, int)]
    nodes = [node for node, what in events if isinstance(what, int)]

    assert nodes[:6] == ["n1", "n2", "n3", "n1", "n2", "n3"]
    assert epochs == sorted(set(epochs))
    assert [isinstance(what, int) for _, what in events[:12]] == [True, False] * 6


def test_leader_whose_resignation_is_not_answered_takes_a_new_session() -> None:
    """The deletion may come late: with the same key it would lead without one."""
    bench = EtcdBench(hold_for=4 * S, ttl=60 * S, nodes=1)
    bench.pass_time(4 * S)
    contender = bench.contender("n1")
    lease = contender.session.lease
    bench.cut = {"n1"}  # for longer than a request may take
    bench.pass_time(9 * S)
    bench.cut = set()
    bench.pass_time(20 * S)

    assert contender.session.lease != lease
    assert bench.leaders() == ["n1"]


def test_mutex_goes_round_as_well() -> None:
    """The other recipe, on the same queue."""
    bench = EtcdBench(hold_for=2 * S, recipe="mutex")
    bench.pass_time(15 * S)

    assert [node for node, what in bench.events() if isinstance(what, int)][:4] == ["n1", "n2", "n3", "n1"]


def test_observers_know_the_leader() -> None:
    """Observe: each leader is told to those that do not lead."""
    bench = EtcdBench(observe=True)
    bench.pass_time(5 * S)
    (first,) = bench.leaders()
    bench.crash(first)
    bench.pass_time(6 * S)
    (second,) = bench.leaders()
    (third,) = {"n1", "n2", "n3"} - {first, second}
    known = [
        (node, effect.values)
        for node, effect in bench.effects
        if isinstance(effect, Noted) and effect.kind == "leader_known" and node in bench.group.contenders
    ]

    assert {(first, (first, 2)), (second, (first, 2)), (third, (first, 2))} <= set(known)
    assert sorted(node for node, values in known if values[0] == second) == sorted([second, third])
