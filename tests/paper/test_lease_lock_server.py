"""The lock server, sentence by sentence; its clients are in test_lease_lock_client.py.

Sources: Gray and Cheriton, "Leases", SOSP 1989; Kleppmann, "How to do distributed locking", 2016; Burrows,
"The Chubby lock service", OSDI 2006, §2.4.
"""

from __future__ import annotations

from typing import Any

import pytest

from protocols.lease.lock_server import SPEC
from protocols.lease.lock_server.messages import (
    Acquire,
    AcquireReply,
    Available,
    Freed,
    Granted,
    Release,
    Released,
    Renew,
    RenewReply,
    Watch,
)
from protocols.lease.lock_server.parameters import LockServerParameters
from protocols.lease.lock_server.storage import LockStorage
from tests.unit.lease_solo import SECOND, Solo

A, B = (1, 1), (2, 1)


def server(image: LockStorage | None = None, **settings: Any) -> Solo:
    return Solo(SPEC, LockServerParameters(**settings), "s1", image)


def acquire(owner: str, request: tuple[int, int], notify: bool = False) -> Acquire:
    return Acquire(request, owner, 30 * SECOND, notify)


def granted(solo: Solo, owner: str, request: tuple[int, int]) -> bool:
    solo.sent()
    solo.hear(acquire(owner, request), owner)
    return bool(solo.asked().granted)


def test_one_holds_the_lock_until_its_lease_is_over() -> None:
    """Leases: the holder has control during the term of the lease."""
    solo = server()
    assert granted(solo, "n1", A)
    solo.pass_time(30 * SECOND - 1)
    assert not granted(solo, "n2", B)
    solo.pass_time(1)
    assert granted(solo, "n2", (2, 2))


def test_tokens_rise_with_every_grant() -> None:
    """Kleppmann: a number that increases every time a client acquires the lock."""
    solo = server()
    tokens = []
    for number in range(1, 4):
        solo.hear(acquire(f"n{number}", (number, 1)), f"n{number}")
        tokens.append(solo.asked().token)
        solo.pass_time(30 * SECOND)

    assert tokens == [1, 2, 3]


def test_a_grant_is_durable_before_it_is_told() -> None:
    """Chubby §2.4: a later holder has a higher number, whatever crashes in between."""
    solo = server()
    solo.hear(acquire("n1", A), "n1")

    assert solo.order() == [Granted, AcquireReply]


def test_a_repeated_request_gets_the_same_grant_and_no_longer_a_lease() -> None:
    """Requests are idempotent by their names."""
    solo = server()
    solo.hear(acquire("n1", A), "n1")
    first = solo.asked()
    solo.pass_time(10 * SECOND)
    solo.hear(acquire("n1", A), "n1")
    assert solo.asked() == first
    solo.pass_time(20 * SECOND)

    assert granted(solo, "n2", B)


def test_a_late_copy_of_an_older_request_is_granted_nothing() -> None:
    """What was given up is not taken again by a message that was long under way."""
    solo = server()
    solo.hear(acquire("n1", A), "n1")
    solo.hear(Release((1, 2), solo.asked().token), "n1")

    assert not granted(solo, "n1", A)


def test_a_renewal_begins_the_lease_again() -> None:
    """Leases: a lease may be extended."""
    solo = server()
    solo.hear(acquire("n1", A), "n1")
    solo.pass_time(20 * SECOND)
    solo.sent()
    solo.hear(Renew((1, 2), 1), "n1")
    assert solo.asked() == RenewReply((1, 2), True)
    solo.pass_time(29 * SECOND)

    assert not granted(solo, "n2", B)


@pytest.mark.parametrize(("token", "after_s"), [(1, 30), (2, 10)])
def test_what_is_over_or_of_another_is_not_renewed(token: int, after_s: int) -> None:
    """A lease that ended may be somebody else's."""
    solo = server()
    solo.hear(acquire("n1", A), "n1")
    solo.pass_time(after_s * SECOND)
    solo.sent()
    solo.hear(Renew((1, 2), token), "n1")

    assert solo.asked() == RenewReply((1, 2), False)


@pytest.mark.parametrize(("token", "free"), [(1, True), (2, False)])
def test_only_who_holds_the_token_releases(token: int, free: bool) -> None:
    """Whoever lost the lock must not take it from the next."""
    solo = server()
    solo.hear(acquire("n1", A), "n1")
    solo.hear(Release((1, 2), token), "n1")

    assert granted(solo, "n2", B) == free


def test_a_release_is_durable_before_it_is_told() -> None:
    """Else a restart would bring the lease back."""
    solo = server()
    solo.hear(acquire("n1", A), "n1")
    solo.sent()
    solo.hear(Release((1, 2), 1), "n1")

    assert solo.order() == [Freed, Released]


def _crashed(durable: str) -> LockStorage:
    image = LockStorage()
    if durable != "nothing":
        image.apply(Granted(4, "n1", A, 30 * SECOND))
    return image


@pytest.mark.parametrize("durable", ["table", "token", "nothing"])
def test_a_restarted_server_waits_for_the_longest_lease(durable: str) -> None:
    """Leases: after a crash the server delays until the leases it had granted are over."""
    solo = server(_crashed(durable), durable=durable)
    solo.pass_time(30 * SECOND - 1)
    assert not granted(solo, "n2", B)
    solo.pass_time(1)

    assert granted(solo, "n2", (2, 2))


@pytest.mark.parametrize(("durable", "renewed"), [("table", True), ("token", False)])
def test_the_holder_renews_at_a_restarted_server_that_knows_it(durable: str, renewed: bool) -> None:
    """A durable table saves the wait; the token alone keeps the order."""
    solo = server(_crashed(durable), durable=durable)
    solo.hear(Renew((1, 2), 4), "n1")

    assert solo.asked() == RenewReply((1, 2), renewed)


def test_tokens_rise_across_a_restart() -> None:
    """Kleppmann: the token is never used again."""
    solo = server(_crashed("token"), durable="token")
    solo.pass_time(30 * SECOND)
    solo.hear(acquire("n2", B), "n2")

    assert solo.asked().token == 5


def test_the_longest_waiting_is_told_first_that_the_lock_is_free() -> None:
    """One is told, not all: no herd."""
    solo = server(waiters="notify")
    for number in (1, 2, 3):
        solo.hear(acquire(f"n{number}", (number, 1), notify=True), f"n{number}")
    solo.sent()
    solo.hear(Release((1, 2), 1), "n1")

    assert solo.sent() == [Available((2, 1)), Released((1, 2))]


def test_waiters_are_told_when_a_lease_runs_out() -> None:
    """Nobody released it."""
    solo = server(waiters="notify")
    solo.hear(acquire("n1", A, notify=True), "n1")
    solo.hear(acquire("n2", B, notify=True), "n2")
    solo.sent()
    solo.rest("expiry")

    assert solo.sent() == [Available(B)]


def test_who_watches_a_free_lock_is_told_at_once() -> None:
    """Nothing gets lost between the refusal and the watch."""
    solo = server(waiters="notify")
    solo.hear(Watch(B, "n2"), "n2")

    assert solo.sent() == [Available(B)]
