"""Many alarms of one length on a single timer."""

from __future__ import annotations

from protocols.recording import RecordingHost, TimerSet
from sim.workloads.alarms import Alarms


def _timers(host: RecordingHost) -> list[int]:
    return [effect.after_ns for effect in host.take() if isinstance(effect, TimerSet)]


def test_alarms_ring_in_order_each_after_its_time() -> None:
    """One timer for all of them, set anew for the next one."""
    host, rung = RecordingHost("c1"), list[str]()
    alarms = Alarms(host, "t", 10, rung.append)
    alarms.add("a")
    host.now_ns += 3
    alarms.add("b")
    host.now_ns += 7
    host.timers["t"].fire()
    assert (rung, _timers(host)) == (["a"], [10, 3])
    host.now_ns += 3
    host.timers["t"].fire()

    assert (rung, _timers(host)) == (["a", "b"], [])


def test_what_is_no_longer_wanted_costs_no_alarm() -> None:
    """The timer is set for the first one that is wanted still; for none when none is."""
    host, rung, wanted = RecordingHost("c1"), list[str](), {"a", "d"}
    alarms = Alarms(host, "t", 10, rung.append, lambda item: item in wanted)
    for item in "abcd":
        alarms.add(item)
        host.now_ns += 1
    host.now_ns += 6
    wanted.remove("a")
    host.timers["t"].fire()
    assert (rung, _timers(host)) == ([], [10, 3])
    wanted.remove("d")
    host.now_ns += 3
    host.timers["t"].fire()
    alarms.add("e")

    assert (rung, _timers(host)) == ([], [10])
