"""Kubernetes leader election, sentence by sentence.

Source: kubernetes/client-go, tools/leaderelection/leaderelection.go (the code and its comments).
"""

from __future__ import annotations

from typing import Any

import pytest

from protocols.lease.kubernetes import SPEC
from protocols.lease.kubernetes.messages import (
    CreateLease,
    GetLease,
    GetReply,
    LeaderElectionRecord,
    StoredLease,
    UpdateLease,
    WriteReply,
)
from protocols.lease.kubernetes.parameters import KubernetesParameters
from tests.unit.lease_solo import SECOND, Solo


def elector(**settings: Any) -> Solo:
    return Solo(SPEC, KubernetesParameters(**settings))


def lease(holder: str, version: int, transitions: int = 0, lasts: int = 15) -> StoredLease:
    """Return a Lease whose content differs from version to version."""
    return StoredLease(LeaderElectionRecord(holder, lasts, 0, version, transitions), version)


def sees(solo: Solo, stored: StoredLease | None) -> Any:
    """Let it read that Lease; return what it asks for then, None if nothing."""
    asked = solo.asked()
    assert isinstance(asked, GetLease)
    solo.hear(GetReply(asked.request, stored))
    sent = solo.sent()
    return sent[0] if sent else None


def leader(**settings: Any) -> Solo:
    """Return an elector that has just created the Lease."""
    solo = elector(**settings)
    asked = sees(solo, None)
    solo.hear(WriteReply(asked.request, StoredLease(asked.record, 1)))
    return solo


def renewed(solo: Solo, version: int) -> UpdateLease:
    """Let it renew after the retry period; return what it asked for."""
    solo.sent()
    solo.rest()
    asked = solo.asked()
    assert isinstance(asked, UpdateLease)
    solo.hear(WriteReply(asked.request, StoredLease(asked.record, version)))
    return asked


def test_a_lease_that_does_not_exist_is_created() -> None:
    """tryAcquireOrRenew, 1: with no transition yet."""
    asked = sees(elector(), None)

    assert isinstance(asked, CreateLease)
    assert (asked.record.holder_identity, asked.record.lease_duration_seconds) == ("n1", 15)
    assert asked.record.leader_transitions == 0


def test_who_acquired_leads() -> None:
    """OnStartedLeading; the epoch is the number of transitions, from 1."""
    assert leader().beliefs() == [1]


def test_a_record_that_was_just_seen_is_waited_for() -> None:
    """tryAcquireOrRenew, 2: held by another and not yet expired, whatever the times in the record."""
    assert sees(elector(), lease("n2", 1)) is None


def test_a_record_is_over_when_it_has_not_changed_for_its_duration() -> None:
    """observedTime is the local time when the content changed, not a time of the record."""
    solo = elector()
    sees(solo, lease("n2", 1))
    waited = 0
    while waited < 15 * SECOND:
        waited += solo.rest()
        asked = sees(solo, lease("n2", 1))

    assert isinstance(asked, UpdateLease)
    assert waited < 15 * SECOND + 4.4 * SECOND


def test_a_change_of_the_record_is_waited_for_anew() -> None:
    """setObservedRecord."""
    solo = elector()
    for version in range(1, 30):
        assert sees(solo, lease("n2", version)) is None
        solo.rest()


def test_the_duration_in_the_record_counts_and_not_the_own() -> None:
    """client-go b4217e149."""
    solo = elector()
    sees(solo, lease("n2", 1, lasts=60))
    for _ in range(10):  # at least 20 s
        solo.rest()
        assert sees(solo, lease("n2", 1, lasts=60)) is None


def test_a_lease_without_a_holder_is_taken_at_once() -> None:
    """What was released."""
    assert isinstance(sees(elector(), lease("", 4, transitions=2)), UpdateLease)


def test_a_change_of_hands_is_a_transition_on_the_version_that_was_seen() -> None:
    """tryAcquireOrRenew, 3."""
    asked = sees(elector(), lease("", 4, transitions=2))

    assert asked.resource_version == 4
    assert asked.record.leader_transitions == 3


def test_a_renewal_is_no_transition() -> None:
    """It keeps the acquire time as well."""
    solo = leader()
    first = renewed(solo, 2)
    solo.pass_time(SECOND)
    second = renewed(solo, 3)

    assert first.record.leader_transitions == second.record.leader_transitions == 0
    assert first.record.acquire_time == second.record.acquire_time
    assert first.record.renew_time < second.record.renew_time


def test_the_leader_updates_without_reading_first() -> None:
    """Optimistically, while its own record is valid."""
    solo = leader()
    solo.sent()
    solo.rest()

    assert isinstance(solo.asked(), UpdateLease)


def test_after_a_conflict_the_leader_reads() -> None:
    """And updates what it finds, if it is still the holder."""
    solo = leader()
    solo.sent()
    solo.rest()
    solo.hear(WriteReply(solo.asked().request, None))
    asked = sees(solo, lease("n1", 7))

    assert isinstance(asked, UpdateLease)
    assert asked.resource_version == 7


def test_a_conflict_is_no_success() -> None:
    """Somebody else was faster."""
    solo = elector()
    asked = sees(solo, lease("", 4))
    solo.hear(WriteReply(asked.request, None))

    assert solo.beliefs() == []


@pytest.mark.parametrize(("fraction", "gap_s"), [(0.0, 2.0), (0.999999, 4.4)])
def test_tries_to_acquire_are_jittered(fraction: float, gap_s: float) -> None:
    """JitterUntil(RetryPeriod, 1.2): in [2, 4.4) s."""
    solo = elector()
    solo.host.script.fractions.append(fraction)
    sees(solo, lease("n2", 1))

    assert solo.rest() / SECOND == pytest.approx(gap_s, abs=1e-4)


def test_a_leader_acts_until_twelve_seconds_after_its_last_success() -> None:
    """renew: RetryPeriod, and only then a poll that lasts RenewDeadline."""
    solo = leader()
    since = solo.host.now_ns
    solo.beliefs()
    ended: list[int | str] = []
    while not ended:
        solo.rest()
        ended = solo.beliefs()

    assert ended == ["renewal failed"]
    assert solo.host.now_ns - since == 12 * SECOND


def test_a_leader_has_no_time_in_its_belief() -> None:
    """IsLeader compares the identity; the context ends when the loop does."""
    solo = leader()
    solo.pass_time(3600 * SECOND)

    assert solo.process.leads() == 1


def test_a_release_clears_the_holder_for_a_second_on_a_fresh_version() -> None:
    """ReleaseOnCancel (client-go 500bfe00c)."""
    solo = leader(hold_for=5 * SECOND, release_on_cancel=True)
    renewed(solo, 2)
    renewed(solo, 3)
    solo.sent()
    solo.rest()
    asked = sees(solo, lease("n1", 9, transitions=0))

    assert (asked.record.holder_identity, asked.record.lease_duration_seconds) == ("", 1)
    assert asked.resource_version == 9


def test_a_cancelled_leader_stops_before_it_releases() -> None:
    """All work must be done before the context is cancelled."""
    solo = leader(hold_for=SECOND, release_on_cancel=True)
    solo.sent()
    solo.rest()
    effects = [type(effect).__name__ for effect in solo.host.take()]

    assert effects.index("FollowedNow") < effects.index("Sent")


def test_a_leader_that_failed_to_renew_acts_until_its_release_is_over() -> None:
    """Run: renew returns after release, and the context is cancelled only then: 17 s, not 12."""
    solo = leader(release_on_cancel=True)
    since = solo.host.now_ns
    solo.beliefs()
    while not solo.beliefs():
        solo.rest()

    assert solo.host.now_ns - since == 17 * SECOND


def test_by_identity_a_former_leader_goes_on_until_it_sees_another() -> None:
    """IsLeader() says what was observed last."""
    solo = leader(is_leader="identity")
    assert solo.beliefs() == [1]
    for _ in range(12):
        solo.rest()
    assert solo.process.leads() == 1
    solo.host.take()
    read: list[Any] = []
    while not read:
        solo.rest()
        read = [message for message in solo.sent() if isinstance(message, GetLease)]
    solo.hear(GetReply(read[0].request, lease("n2", 9, transitions=1)))

    assert solo.beliefs() == ["observed another holder"]


def test_whoever_has_the_identity_of_the_holder_leads_too() -> None:
    """Identities must be unique."""
    solo = elector(identities="pod,pod,other", unsafe=True)
    asked = sees(solo, lease("pod", 3))
    solo.hear(WriteReply(asked.request, StoredLease(asked.record, 4)))

    assert solo.beliefs() == [1]


def test_the_api_server_swaps_only_the_version_that_is_there() -> None:
    """resourceVersion; a Lease is created once; what is told is durable."""
    solo = Solo(SPEC, KubernetesParameters(), "s1")
    record = lease("n1", 1).record
    solo.hear(CreateLease((1, 1), record), "n1")
    assert solo.order() == [StoredLease, WriteReply]
    solo.hear(CreateLease((2, 1), record), "n2")
    assert solo.asked() == WriteReply((2, 1), None)
    solo.hear(UpdateLease((2, 2), record, 7), "n2")
    assert solo.asked() == WriteReply((2, 2), None)
    solo.hear(UpdateLease((1, 2), record, 1), "n1")

    assert solo.asked() == WriteReply((1, 2), StoredLease(record, 2))
