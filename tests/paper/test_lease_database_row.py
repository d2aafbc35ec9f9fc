"""The row lease, sentence by sentence.

Source: PostgreSQL documentation, "Transaction Isolation" (13.2.1 Read Committed), "Date/Time Functions"
(9.9.5 Current Date/Time) and "High Availability" (27.2 Log-Shipping, 27.2.8 Synchronous Replication).
"""

from __future__ import annotations

from typing import Any

import pytest

from protocols.lease.database_row import SPEC
from protocols.lease.database_row.messages import (
    Claim,
    Committed,
    Extend,
    KeepAlive,
    Overwrite,
    Promoted,
    Row,
    RowReply,
    Select,
    Surrender,
    Wal,
    WalAck,
)
from protocols.lease.database_row.parameters import DatabaseRowParameters
from protocols.lease.database_row.server import DatabaseStorage
from tests.unit.lease_solo import SECOND, Solo

TTL = 30 * SECOND


def database(node: str = "s1", image: DatabaseStorage | None = None, **settings: Any) -> Solo:
    return Solo(SPEC, DatabaseRowParameters(**settings), node, image)


def run(solo: Solo, statement: Any, committed: bool = True) -> RowReply:
    """Run a statement; return the reply."""
    solo.sent()
    solo.hear(statement, "n1")
    sent = solo.sent()
    if committed:
        for message in sent:
            if isinstance(message, Committed):
                solo.hear(message, "s1")
    return next(message for message in sent if isinstance(message, RowReply))


def claim(owner: str, now: int | None = None) -> Claim:
    return Claim((1, 1), owner, TTL, now)


def test_one_update_tests_and_sets() -> None:
    """WHERE expires_at < now: the first takes the row, the second changes none."""
    solo = database()

    assert run(solo, claim("n1")).changed
    assert not run(solo, claim("n2")).changed


def test_the_epoch_rises_whenever_the_row_is_taken() -> None:
    """Also by its owner: SET epoch = epoch + 1."""
    solo = database()
    epochs = []
    for owner in ("n1", "n1", "n2"):
        solo.pass_time(31 * SECOND)
        reply = run(solo, claim(owner))
        assert reply.row is not None
        epochs.append(reply.row.epoch)

    assert epochs == [1, 2, 3]


@pytest.mark.parametrize(("epoch", "after_s", "changed"), [(1, 10, True), (2, 10, False), (1, 30, False)])
def test_only_the_owner_of_that_epoch_renews_and_in_time(epoch: int, after_s: int, changed: bool) -> None:
    """WHERE owner = :owner AND epoch = :epoch AND expires_at > now."""
    solo = database()
    run(solo, claim("n1"))
    solo.pass_time(after_s * SECOND)

    assert run(solo, Extend((1, 2), "n1", epoch, TTL, None)).changed == changed


def test_a_row_that_was_given_up_is_free() -> None:
    """SET owner = NULL."""
    solo = database()
    run(solo, claim("n1"))
    run(solo, Surrender((1, 2), "n1", 1))

    assert run(solo, claim("n2")).changed


def test_a_commit_is_durable_before_it_is_told() -> None:
    """fsync = on."""
    solo = database()
    solo.hear(claim("n1"), "n1")

    assert solo.order() == [Row, Committed, RowReply]


def test_two_who_select_a_free_row_both_get_it() -> None:
    """L20, 13.2.1: the second UPDATE does not see that the row is not the one that was read."""
    solo = database(method="select-then-update", unsafe=True)
    assert run(solo, Select((1, 1), None)).changed
    assert run(solo, Select((2, 1), None)).changed
    replies = [run(solo, Overwrite((number, 2), f"n{number}", 1, TTL, None)) for number in (1, 2)]

    assert [reply.changed for reply in replies] == [True, True]


@pytest.mark.parametrize(("time", "left_s"), [("statement", 30), ("transaction", -10)])
def test_now_is_frozen_at_the_start_of_the_transaction(time: str, left_s: int) -> None:
    """L21, 9.9.5: after a wait for the lock of 40 s, a lease of 30 s by now() is over when it is granted."""
    solo = database(time=time)
    solo.hear(claim("n1"), "n1")  # its commit takes long
    solo.pass_time(31 * SECOND)
    solo.sent()
    solo.hear(claim("n2"), "n2")
    assert solo.sent() == []
    solo.pass_time(40 * SECOND)
    solo.hear(Committed(1), "s1")
    reply = next(message for message in solo.sent() if isinstance(message, RowReply))

    assert reply.row is not None
    assert reply.row.expires_at - solo.host.wall_ns == left_s * SECOND


def test_the_time_of_the_client_is_believed() -> None:
    """L19: a client whose clock is ahead takes what is not over."""
    solo = database(time="client", unsafe=True)
    run(solo, claim("n1", now=0))

    assert run(solo, claim("n2", now=31 * SECOND)).changed


# The standby ---------------------------------------------------------------------------------------


def test_a_synchronous_commit_waits_for_the_standby() -> None:
    """27.2.8: the reply leaves when the standby has it on its disk."""
    solo = database(replicas=1)
    solo.sent()
    solo.hear(claim("n1"), "n1")
    assert [type(message) for message in solo.sent()] == [Committed]
    solo.hear(Committed(1), "s1")
    (wal,) = solo.sent()
    assert isinstance(wal, Wal)
    solo.hear(WalAck(1, wal.row.serial), "s2")

    assert isinstance(solo.asked(), RowReply)


def test_an_asynchronous_commit_does_not() -> None:
    """27.2: there is a window for the loss of data."""
    solo = database(replicas=1, synchronous=False, unsafe=True)

    assert run(solo, claim("n1")).changed


def test_a_standby_acknowledges_what_is_durable() -> None:
    """In this order."""
    solo = database("s2", replicas=1)
    solo.sent()
    solo.hear(Wal(1, Row("n1", 1, TTL, 1)), "s1")

    assert solo.order() == [Row, WalAck]


def test_a_standby_that_hears_nothing_becomes_the_primary_with_what_it_has() -> None:
    """What has not arrived is not there."""
    solo = database("s2", replicas=1)
    solo.hear(Wal(1, Row("n1", 4, TTL, 1)), "s1")
    solo.rest("silence")
    reply = run(solo, claim("n1"))

    assert reply.row is not None
    assert reply.row.epoch == 5


def test_a_standby_that_nobody_waits_for_does_not() -> None:
    """It may lack a commit that was told."""
    image = DatabaseStorage()
    image.apply(Promoted(2, primary=False, synced=False))
    solo = database("s2", image, replicas=1)
    solo.rest("silence")
    assert run(solo, claim("n1")).row is None
    solo.hear(KeepAlive(2, 0, connected=True), "s1")
    solo.rest("silence")

    assert run(solo, claim("n1")).row is not None


def test_an_old_primary_gives_way_to_a_newer_timeline() -> None:
    """And forgets what it alone had (pg_rewind)."""
    solo = database(replicas=1, synchronous=False, unsafe=True)
    run(solo, claim("n1"))
    solo.hear(KeepAlive(2, 0, connected=False), "s2")

    assert run(solo, claim("n2")).row is None
    assert solo.process.row.epoch == 0


# The client ---------------------------------------------------------------------------------------


def test_a_client_asks_another_server_when_it_gets_no_answer() -> None:
    """Or when that is no primary."""
    solo = Solo(SPEC, DatabaseRowParameters(replicas=1))
    solo.rest()
    first = solo.asked()
    solo.hear(RowReply(first.request, False, None))
    assert solo.process._server == 1
    solo.rest()
    solo.rest()

    assert solo.process._server == 0


def test_the_row_counts_from_the_send_less_the_margins() -> None:
    """Rates, pause and twice the error of the database's clock."""
    solo = Solo(SPEC, DatabaseRowParameters(rate_bound=0.0, pause_bound=SECOND, clock_error=SECOND // 2))
    solo.rest()
    asked, sent = solo.asked(), solo.host.now_ns
    solo.pass_time(SECOND // 2)
    solo.hear(RowReply(asked.request, True, Row("n1", 3, 0, 1)))

    assert solo.beliefs() == [3]
    assert solo.process.valid_until == sent + 28 * SECOND
