"""The leader's clock of sessions (SessionTrackerImpl.java, ExpiryQueue.java)."""

from __future__ import annotations

from protocols.recording import RecordingHost
from protocols.zookeeper.sessions import SessionTracker

TICK = 2_000


def tracker(phase: int = 0) -> tuple[SessionTracker, RecordingHost]:
    host = RecordingHost("s1")
    return SessionTracker(TICK, phase, host.timer("expiry", lambda: None)), host


def test_expiry_is_rounded_up_to_the_next_tick() -> None:
    """roundToNextInterval: (time / tick + 1) * tick, so within (timeout, timeout + tick] of the touch."""
    sessions, host = tracker()
    sessions.track(100, 1, 4_000)
    assert sessions.expired(5_999) == ()
    assert sessions.expired(6_000) == (1,)
    assert sessions.round_up(4_000) == 6_000
    sessions.track(0, 2, 4_000)
    assert host.timers["expiry"].after_ns == 6_000


def test_the_grid_has_a_phase_of_its_own() -> None:
    """It is that of the machine's clock, whenever the process was started."""
    sessions, _ = tracker(phase=500)

    assert [sessions.round_up(time) for time in (0, 1_499, 1_500)] == [1_500, 1_500, 3_500]


def test_a_touch_begins_the_timeout_anew() -> None:
    """And one look expires all sessions of a bucket, in the order in which they came into it."""
    sessions, _ = tracker()
    for session in (1, 2, 3):
        sessions.track(0, session, 4_000)
    assert sessions.touch(2_500, 2)
    assert sessions.expired(6_000) == (1, 3)
    assert sessions.expired(8_000) == (2,)


def test_a_session_that_is_being_closed_cannot_be_touched() -> None:
    """touchSession returns false: whoever asks to go on with it is told that it has expired."""
    sessions, _ = tracker()
    sessions.track(0, 1, 4_000)
    sessions.expired(6_000)

    assert not sessions.touch(6_001, 1)
    assert not sessions.touch(6_001, 99)


def test_a_closed_session_does_not_expire() -> None:
    """Its client has closed it."""
    sessions, _ = tracker()
    sessions.track(0, 1, 4_000)
    sessions.forget(1)

    assert sessions.expired(99_000) == ()
