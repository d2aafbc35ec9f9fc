"""Generator scripts: sleeping, calling, and telling late replies from others."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.recording import RecordingHost, Sent, TimerCancelled, TimerSet
from protocols.script import Call, Gather, Script, ScriptRunner, Sleep
from tests.unit.world import MS, Ping, Pong, World


def _call(number: int, to: str = "s1") -> Call:
    return Call(to, Ping(number), 50, lambda source, reply: source == to and reply == Pong(number))


def _runner(script: Script) -> tuple[RecordingHost, ScriptRunner]:
    host = RecordingHost("c1")
    runner = ScriptRunner(host, script)
    runner.start()
    return host, runner


def test_a_script_sleeps_on_its_timer() -> None:
    """And goes on when it fires, with None."""
    seen: list[Any] = []

    def script() -> Script:
        seen.append((yield Sleep(10)))
        yield Sleep(20)

    host, runner = _runner(script())
    assert ([TimerSet("script", 10)], [], False) == (host.take(), seen, runner.done)
    host.timers["script"].fire()
    assert ([TimerSet("script", 20)], [None], False) == (host.take(), seen, runner.done)
    host.timers["script"].fire()
    assert (host.take(), runner.done) == ([], True)


def test_a_call_sends_and_returns_the_reply() -> None:
    """The timer is set before the message leaves, and cancelled by the reply."""
    seen: list[Any] = []

    def script() -> Script:
        seen.append((yield _call(1)))

    host, runner = _runner(script())
    assert [TimerSet("script", 50), Sent("s1", Ping(1))] == host.take()
    runner.on_reply("s1", Pong(1))

    assert ([TimerCancelled("script")], [Pong(1)], True) == (host.take(), seen, runner.done)


def test_a_call_returns_none_when_its_time_is_up() -> None:
    """And the reply that comes late is not taken for the answer to the next call."""
    seen: list[Any] = []

    def script() -> Script:
        seen.append((yield _call(1)))
        seen.append((yield _call(2)))

    host, runner = _runner(script())
    host.timers["script"].fire()
    assert seen == [None]
    host.take()
    runner.on_reply("s1", Pong(1))
    assert (seen, host.take()) == ([None], [])
    runner.on_reply("s1", Pong(2))
    assert ([None, Pong(2)], True) == (seen, runner.done)


@pytest.mark.parametrize(
    ("source", "reply"), [("s2", Pong(1)), ("s1", Pong(9)), ("s1", Ping(1)), ("s1", None)]
)
def test_a_reply_from_elsewhere_or_to_something_else_is_ignored(source: str, reply: Any) -> None:
    """`matches` decides by source and content."""
    seen: list[Any] = []

    def script() -> Script:
        seen.append((yield _call(1)))

    _, runner = _runner(script())
    runner.on_reply(source, reply)
    assert (seen, runner.done) == ([], False)
    runner.on_reply("s1", Pong(1))
    assert [Pong(1)] == seen


def test_a_reply_during_a_sleep_or_after_the_end_is_ignored() -> None:
    """Only a call waits for replies; a second copy of a reply resumes nothing."""
    seen: list[Any] = []

    def script() -> Script:
        seen.append((yield _call(1)))
        yield Sleep(10)
        seen.append("woke")

    host, runner = _runner(script())
    runner.on_reply("s1", Pong(1))
    runner.on_reply("s1", Pong(1))
    assert [Pong(1)] == seen
    host.timers["script"].fire()
    runner.on_reply("s1", Pong(1))
    assert ([Pong(1), "woke"], True) == (seen, runner.done)


def test_an_error_in_a_script_is_not_swallowed() -> None:
    """A bug in a client must end the run."""

    def script() -> Script:
        yield Sleep(1)
        raise KeyError("bug")

    host, _ = _runner(script())
    with pytest.raises(KeyError, match="bug"):
        host.timers["script"].fire()


@pytest.mark.parametrize("timers_first", [True, False])
def test_a_script_that_was_paused_takes_the_reply_or_the_timeout_but_not_both(timers_first: bool) -> None:
    """A reply read first calls the timeout off; a timeout that fires first makes the reply a late one."""
    seen: list[Any] = []

    def script() -> Script:
        matches = lambda source, reply: reply == Pong(1)  # noqa: E731
        seen.append((yield Call("n2", Ping(1), 10 * MS, matches)))
        yield Sleep(30 * MS)
        seen.append(world.now)

    world = World().start()
    runner = ScriptRunner(world.probes["n1"].host, script())
    world.on_message = lambda probe, source, message: (
        probe.host.send(source, Pong(1)) if probe.host.id == "n2" else runner.on_reply(source, message)
    )
    world.at(0, runner.start)
    world.at(MS, world.node("n1").pause)
    world.at(20 * MS, lambda: world.node("n1").resume(timers_first))
    world.run()

    assert [None if timers_first else Pong(1), 50 * MS] == seen


def _gather(number: int, enough: int) -> Gather:
    return Gather(
        ("s1", "s2", "s3"),
        Ping(number),
        50,
        lambda source, reply: reply == Pong(number),
        lambda replies: len(replies) >= enough,
    )


def test_a_gathering_ends_when_its_replies_are_enough() -> None:
    """The first of each counts; those of others, and repetitions, do not."""
    seen: list[Any] = []

    def script() -> Script:
        seen.append((yield _gather(1, 2)))

    host, runner = _runner(script())
    assert [Sent(node, Ping(1)) for node in ("s1", "s2", "s3")] == host.take()[1:]
    for source, number in (("s2", 1), ("s2", 1), ("s1", 7)):
        runner.on_reply(source, Pong(number))
    assert seen == []
    runner.on_reply("s3", Pong(1))

    assert ([{"s2": Pong(1), "s3": Pong(1)}], True) == (seen, runner.done)


def test_a_gathering_ends_with_what_it_has_when_its_time_is_up() -> None:
    """Which may be nothing."""
    seen: list[Any] = []

    def script() -> Script:
        seen.append((yield _gather(1, 2)))
        seen.append((yield _gather(2, 2)))

    host, runner = _runner(script())
    runner.on_reply("s1", Pong(1))
    host.timers["script"].fire()
    host.timers["script"].fire()

    assert seen == [{"s1": Pong(1)}, {}]


def test_a_refused_call_ends_at_once() -> None:
    """If it is the target of the call that refused."""
    seen: list[Any] = []

    def script() -> Script:
        seen.append((yield _call(1)))

    _, runner = _runner(script())
    runner.on_refused("s2")
    assert seen == []
    runner.on_refused("s1")

    assert seen == [None]


def test_a_woken_script_goes_on_at_once() -> None:
    """As when its time is up; one that is over stays so."""
    seen: list[Any] = []

    def script() -> Script:
        seen.append((yield Sleep(10)))

    host, runner = _runner(script())
    runner.wake()
    runner.wake()

    assert (seen, host.timers["script"].after_ns) == ([None], None)
