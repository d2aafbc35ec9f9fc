"""The DynamoDB lock client, sentence by sentence.

Source: awslabs/amazon-dynamodb-lock-client, README.md and AmazonDynamoDBLockClient.java.
"""

from __future__ import annotations

from typing import Any

import pytest

from protocols.lease.dynamodb import SPEC
from protocols.lease.dynamodb.messages import GetItem, ItemReply, LockItem, PutItem, PutReply, Stored
from protocols.lease.dynamodb.parameters import DynamoDbParameters
from tests.unit.lease_solo import MS, SECOND, Solo


def client(**settings: Any) -> Solo:
    solo = Solo(SPEC, DynamoDbParameters(**settings))
    solo.rest()
    return solo


def item(version: int, owner: str = "n2") -> LockItem:
    return LockItem(owner, 20 * SECOND, version, 0)


def sees(solo: Solo, found: LockItem | None) -> Any:
    """Let it read that item; return what it asks for then, None if nothing."""
    asked = solo.asked()
    assert isinstance(asked, GetItem)
    solo.hear(ItemReply(asked.request, found))
    sent = solo.sent()
    return sent[0] if sent else None


def holder() -> Solo:
    solo = client()
    asked = sees(solo, None)
    solo.hear(PutReply(asked.request, True))
    return solo


def test_a_lock_that_does_not_exist_is_put_if_there_is_still_none() -> None:
    """attribute_not_exists."""
    asked = sees(client(), None)

    assert isinstance(asked, PutItem)
    assert asked.expected is None


def test_the_version_is_announced_before_it_is_put() -> None:
    """For a fence by compare-and-set: who is expected to own the resource is known by then."""
    solo = client()
    solo.hear(ItemReply(solo.asked().request, None))
    version, asked = solo.announced()

    assert asked.item.record_version_number == version


def test_a_lock_is_stolen_when_its_version_has_not_changed_for_its_lease() -> None:
    """README: it waits for the lease duration and checks whether the version number is the same."""
    solo = client()
    assert sees(solo, item(5)) is None
    waited, asked = 0, None
    while asked is None:
        waited += solo.rest()
        asked = sees(solo, item(5))

    assert isinstance(asked, PutItem)
    assert asked.expected == 5
    assert 20 * SECOND < waited <= 21 * SECOND


def test_a_changed_version_is_waited_for_anew() -> None:
    """Somebody sends heartbeats."""
    solo = client()
    for version in range(1, 60):
        assert sees(solo, item(version)) is None
        solo.rest()


def test_a_put_that_fails_its_condition_is_no_lock() -> None:
    """ConditionalCheckFailedException: somebody else was faster."""
    solo = client()
    solo.hear(PutReply(sees(solo, None).request, False))

    assert solo.beliefs() == []


def test_a_heartbeat_changes_the_version_if_it_is_still_the_own_one() -> None:
    """sendHeartbeat, every 5 s."""
    solo = client()
    first = sees(solo, None)
    solo.hear(PutReply(first.request, True))
    solo.sent()
    solo.host.script.fractions.append(0.5)
    assert solo.rest() == 5 * SECOND
    beat = solo.asked()

    assert beat.expected == first.item.record_version_number
    assert beat.item.record_version_number != beat.expected


def test_the_lock_counts_from_the_send_of_the_last_write() -> None:
    """lastUpdateOfLock is taken before updateItem."""
    solo = holder()
    solo.sent()
    solo.rest()
    sent, asked = solo.host.now_ns, solo.asked()
    solo.pass_time(300 * MS)
    solo.hear(PutReply(asked.request, True))

    assert solo.process.valid_until == sent + 20 * SECOND


def test_a_stolen_lock_is_lost_with_the_next_heartbeat() -> None:
    """Someone else acquired the lock."""
    solo = holder()
    solo.sent()
    solo.rest()
    solo.hear(PutReply(solo.asked().request, False))

    assert "stolen" in solo.beliefs()


def test_a_released_lock_is_deleted_if_it_is_still_the_own_one() -> None:
    """deleteLockOnRelease."""
    solo = Solo(SPEC, DynamoDbParameters(hold_for=SECOND))
    solo.rest()
    first = sees(solo, None)
    solo.hear(PutReply(first.request, True))
    solo.sent()
    solo.rest()
    asked = solo.asked()

    assert (asked.item, asked.expected) == (None, first.item.record_version_number)


@pytest.mark.parametrize(("expected", "ok"), [(5, True), (4, False), (None, False)])
def test_the_table_writes_under_a_condition_and_durably(expected: int | None, ok: bool) -> None:
    """ConditionExpression on the version."""
    solo = Solo(SPEC, DynamoDbParameters(), "s1")
    solo.hear(PutItem((1, 1), item(5), None), "n1")
    assert solo.order() == [Stored, PutReply]
    solo.hear(PutItem((2, 1), item(6), expected), "n2")

    assert solo.asked().ok == ok
