"""Redlock, sentence by sentence.

Source: Redis documentation, "Distributed Locks with Redis" ("distlock").
"""

from __future__ import annotations

from typing import Any

import pytest

from protocols.lease.redlock import SPEC
from protocols.lease.redlock.messages import DeleteIfEqual, Done, ExtendIfEqual, Key, SetIfAbsent
from protocols.lease.redlock.parameters import RedlockParameters
from protocols.lease.redlock.server import RedisStorage
from tests.unit.lease_solo import MS, SECOND, Solo


def client(**settings: Any) -> Solo:
    solo = Solo(SPEC, RedlockParameters(**settings))
    solo.rest()
    return solo


def node(image: RedisStorage | None = None, **settings: Any) -> Solo:
    return Solo(SPEC, RedlockParameters(**settings), "s1", image)


def answers(solo: Solo, *oks: bool | None, each_takes: int = 0) -> list[Any]:
    """Let the nodes answer in turn (None: not at all); return what was asked."""
    asked = []
    for ok in oks:
        asked.append(solo.asked())
        solo.pass_time(each_takes)
        if ok is None:
            solo.rest()
        else:
            solo.hear(Done(asked[-1].request, ok))
    return asked


def test_all_nodes_are_asked_one_after_the_other_for_the_same_value() -> None:
    """Step 2: sequentially, with the same key and random value."""
    asked = answers(client(), True, True, True, True, True)

    assert {type(message) for message in asked} == {SetIfAbsent}
    assert len({message.value for message in asked}) == 1


def test_the_value_is_announced_before_any_node_is_asked() -> None:
    """For a fence by compare-and-set: who is expected to own the resource is known by then."""
    value, asked = client().announced()

    assert asked.value == value


@pytest.mark.parametrize(
    ("oks", "leads"), [((True,) * 3 + (False,) * 2, True), ((True,) * 2 + (None,) * 3, False)]
)
def test_a_majority_is_needed(oks: tuple[bool | None, ...], leads: bool) -> None:
    """Step 3: if and only if the lock was acquired in at least N/2 + 1 nodes."""
    solo = client()
    answers(solo, *oks)

    assert (solo.process.leads() is not None) == leads


def test_the_validity_is_what_is_left() -> None:
    """Step 4: TTL, less the time that it took, less the drift: 1 % and 2 ms."""
    solo = client()
    start = solo.host.now_ns
    answers(solo, True, True, True, True, True, each_takes=10 * MS)

    assert solo.process.valid_until == start + 10 * SECOND - 100 * MS - 2 * MS


def test_a_lock_that_took_too_long_is_none() -> None:
    """Step 3: and the time elapsed is less than the validity."""
    solo = client()
    answers(solo, True, True, True, True, True, each_takes=2 * SECOND)

    assert solo.process.leads() is None


def test_a_client_that_failed_unlocks_all_nodes() -> None:
    """Step 5: even those that it believes it was not able to lock."""
    solo = client()
    value = answers(solo, True, True, False, False, None)[0].value
    asked = answers(solo, True, True, True, True, True)

    assert [(type(message), message.value) for message in asked] == [(DeleteIfEqual, value)] * 5


def test_a_client_that_failed_tries_again_after_a_random_delay() -> None:
    """With a value of its own."""
    solo = client()
    first = answers(solo, False, False, False, False, False)[0]
    answers(solo, False, False, False, False)
    solo.host.script.fractions += [0.5, 0.5]
    answers(solo, False)
    assert solo.rest() == 100 * MS

    assert solo.asked().value != first.value


def test_a_node_that_is_silent_is_given_up_quickly() -> None:
    """Step 2: a timeout small beside the time to live."""
    solo = client()
    solo.sent()

    assert solo.rest() == 50 * MS


def test_the_holder_extends_by_a_majority() -> None:
    """Making the algorithm more reliable: extending the lock."""
    solo = client()
    answers(solo, True, True, True, True, True)
    solo.sent()
    solo.rest()
    start = solo.host.now_ns
    asked = answers(solo, True, True, True, False, False)

    assert {type(message) for message in asked} == {ExtendIfEqual}
    assert solo.process.valid_until == start + 10 * SECOND - 102 * MS


def test_a_key_is_set_only_if_it_does_not_exist_and_expires() -> None:
    """SET NX PX."""
    solo = node()
    solo.sent()
    for value, after, ok in ((1, 0, True), (2, 9 * SECOND, False), (2, SECOND, True)):
        solo.pass_time(after)
        solo.hear(SetIfAbsent((value, 1), value, 10 * SECOND), "n1")
        assert solo.asked().ok == ok


@pytest.mark.parametrize(("value", "ok"), [(1, True), (2, False)])
def test_a_key_is_removed_only_with_its_value(value: int, ok: bool) -> None:
    """The script compares: a client must not remove the lock of another."""
    solo = node()
    solo.hear(SetIfAbsent((1, 1), 1, 10 * SECOND), "n1")
    solo.sent()
    solo.hear(DeleteIfEqual((1, 2), value), "n1")

    assert solo.asked().ok == ok


def _restarted() -> RedisStorage:
    image = RedisStorage()
    image.apply(Key(None, 0))
    return image


@pytest.mark.parametrize(("wait", "answer"), [(True, []), (False, [Done((2, 1), True)])])
def test_a_restarted_node_stays_out_for_the_longest_lock(wait: bool, answer: list[Done]) -> None:
    """Performance, crash recovery and fsync: delayed restarts."""
    solo = node(_restarted(), restart_wait=wait, unsafe=True)
    solo.sent()
    solo.hear(SetIfAbsent((2, 1), 2, 10 * SECOND), "n2")
    assert solo.sent() == answer
    solo.pass_time(10 * SECOND)
    solo.hear(SetIfAbsent((3, 1), 3, 10 * SECOND), "n3")

    assert solo.sent() == [Done((3, 1), True)]


def test_with_fsync_always_a_restart_finds_the_lock() -> None:
    """And need not wait."""
    solo = node(persistence="always")
    solo.hear(SetIfAbsent((1, 1), 1, 10 * SECOND), "n1")

    assert solo.order()[-2:] == [Key, Done]


def test_a_key_expires_on_the_wall_clock() -> None:
    """Redis measures expiry by gettimeofday: a clock that jumps ends the lock."""
    solo = node()
    solo.hear(SetIfAbsent((1, 1), 1, 10 * SECOND), "n1")
    solo.sent()
    solo.host.wall_ns += 10 * SECOND
    solo.hear(SetIfAbsent((2, 1), 2, 10 * SECOND), "n2")

    assert solo.asked().ok
