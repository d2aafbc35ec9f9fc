"""The clients of a lock server, sentence by sentence.

Sources: Gray and Cheriton, "Leases", SOSP 1989; client-go, ReleaseOnCancel.
"""

from __future__ import annotations

from typing import Any

from protocols.lease.lock_server import SPEC
from protocols.lease.lock_server.messages import AcquireReply, Available, Renew, RenewReply, Watch
from protocols.lease.lock_server.parameters import LockServerParameters
from tests.unit.lease_solo import SECOND, Solo


def client(**settings: Any) -> Solo:
    return Solo(SPEC, LockServerParameters(**settings), "n1")


def holder(**settings: Any) -> Solo:
    """Return a client that was granted token 7, a second after it had asked."""
    solo = client(**settings)
    solo.rest()
    asked = solo.asked()
    solo.pass_time(SECOND // 2)
    solo.hear(AcquireReply(asked.request, True, "n1", 7))
    return solo


def test_a_lease_counts_from_the_send_and_ends_early_by_the_margin() -> None:
    """Leases: the term that a client counts on is shortened by the time on the way and the clocks."""
    solo = holder(rate_bound=0.01)
    assert solo.beliefs() == [7]
    validity = 30 * SECOND * 99 // 101
    assert solo.process.valid_until == solo.host.now_ns - SECOND // 2 + validity


def test_a_lease_counted_from_the_reply_ends_late() -> None:
    """The common mistake, as a switch."""
    early, late = holder(), holder(validity_from="reply", unsafe=True)

    assert late.process.valid_until - early.process.valid_until == SECOND // 2


def test_the_holder_stops_at_the_end_of_its_lease() -> None:
    """By a timer, and by its own clock whenever it is asked."""
    solo = holder()
    solo.sent()
    solo.pass_time(29 * SECOND)
    assert solo.process.leads() == 7
    solo.pass_time(SECOND)
    assert solo.process.leads() is None
    assert solo.beliefs() == []
    solo.host.timers["lease end"].fire()

    assert solo.beliefs() == ["expired"]


def test_the_holder_renews_after_a_third_of_the_lease() -> None:
    """30 s: after 10 s."""
    solo = holder()
    solo.sent()
    assert solo.rest() == 10 * SECOND
    assert isinstance(solo.asked(), Renew)


def test_a_renewal_counts_from_its_own_send() -> None:
    """And not from the reply."""
    solo = holder()
    solo.sent()
    solo.rest()
    asked, sent = solo.asked(), solo.host.now_ns
    solo.pass_time(SECOND // 2)
    solo.hear(RenewReply(asked.request, True))

    assert solo.process.valid_until == sent + solo.process.parameters.validity


def test_a_refused_renewal_ends_the_leadership() -> None:
    """The server knows better."""
    solo = holder()
    solo.sent()
    solo.rest()
    solo.hear(RenewReply(solo.asked().request, False))

    assert "not renewed" in solo.beliefs()


def test_an_unanswered_renewal_is_tried_again_while_the_lease_lasts() -> None:
    """After a second without an answer, and another one."""
    solo = holder()
    solo.sent()
    solo.rest()
    first = solo.asked()
    solo.rest()
    solo.rest()
    second = solo.asked()

    assert isinstance(second, Renew)
    assert second.request != first.request
    assert solo.process.leads() == 7


def test_who_releases_stops_acting_first() -> None:
    """client-go, ReleaseOnCancel: all work must be done before."""
    solo = holder(hold_for=5 * SECOND)
    assert solo.rest() == 5 * SECOND
    effects = [type(effect).__name__ for effect in solo.host.take()]

    assert effects.index("FollowedNow") < len(effects) - 1 - effects[::-1].index("Sent")


def test_a_wall_clock_set_back_prolongs_a_lease_that_is_measured_on_it() -> None:
    """Why it is refused."""
    solo = holder(client_clock="wall", unsafe=True)
    solo.pass_time(29 * SECOND)
    solo.host.wall_ns -= 20 * SECOND
    solo.pass_time(10 * SECOND)

    assert solo.process.leads() == 7


def test_the_news_that_the_lock_is_free_does_not_pass_for_an_answer() -> None:
    """It may overtake the refusal."""
    solo = client(waiters="notify")
    solo.rest()
    asked = solo.asked()
    solo.hear(Available(asked.request))
    assert solo.sent() == []
    solo.hear(AcquireReply(asked.request, False, "n2", 3))

    assert isinstance(solo.asked(), Watch)
