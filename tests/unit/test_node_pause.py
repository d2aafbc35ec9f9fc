"""A node that is paused or slow: what waits, what is late, and in which order it is served."""

from __future__ import annotations

import pytest

from sim.distributions import Constant
from sim.network.draws import Lengths
from sim.records import Followed, Paused, Resumed
from sim.rng import Seed
from sim.sampling import Sampler
from tests.unit.world import MS, Probe, S, World


def _lengths(ns: int) -> Lengths:
    return Lengths(Sampler(Constant(ns), Seed(1).key("service")))


# Pause ---------------------------------------------------------------------------------------------


def _pause(world: World, start: int, end: int, timers_first: bool, name: str = "n2") -> None:
    world.at(start, world.node(name).pause)
    world.at(end, lambda: world.node(name).resume(timers_first))


@pytest.mark.parametrize("timers_first", [True, False])
@pytest.mark.parametrize("seeded_ties", [True, False])
def test_a_pause_queues_arrivals_and_delays_timers_to_its_end(timers_first: bool, seeded_ties: bool) -> None:
    """Nothing runs; on resume everything at once, the timers before or after the messages, each in order."""
    world = World(seeded_ties=seeded_ties).start()
    probe, seen = world.probes["n2"], []
    world.on_message = lambda probe, source, message: seen.append((world.now, message.number))
    for name, after in (("t1", 20 * MS), ("t2", 30 * MS), ("t3", 100 * MS)):
        probe.alarm(name, lambda name=name: seen.append((world.now, name))).set(after)  # type: ignore[misc]
    for number in range(1, 8):
        world.at(number * 4 * MS, lambda number=number: world.send("n1", "n2", number))  # type: ignore[misc]
    _pause(world, 10 * MS, 50 * MS, timers_first)
    world.run()

    timers, messages = ["t1", "t2"], list(range(3, 8))
    late = [(50 * MS, what) for what in (timers + messages if timers_first else messages + timers)]
    assert [(5 * MS, 1), (9 * MS, 2), *late, (100 * MS, "t3")] == seen
    assert [Paused(10 * MS, "n2"), Resumed(50 * MS, "n2")] == world.milestones(Paused, Resumed)


@pytest.mark.parametrize("service_ns", [0, MS])
@pytest.mark.parametrize(("reaction", "fires"), [("set", [61]), ("cancel", []), ("nothing", [50])])
def test_a_late_timer_that_a_message_read_first_resets_or_cancels_does_not_fire(
    reaction: str, fires: list[int], service_ns: int
) -> None:
    """A heartbeat found in the socket's buffer comes in time: the election timer is not due any more."""
    world = World().start()
    timer = world.probes["n2"].alarm("election")
    timer.set(20 * MS)
    if service_ns:
        world.node("n2").set_service_time(_lengths(service_ns))
    reactions = {
        "set": lambda: timer.set(11 * MS - service_ns),
        "cancel": timer.cancel,
        "nothing": lambda: None,
    }
    world.on_message = lambda probe, source, message: reactions[reaction]()
    world.at(15 * MS, lambda: world.send("n1", "n2", 1))
    _pause(world, 10 * MS, 50 * MS, timers_first=False)
    world.run()

    # With service time, the message takes its time first, then whatever timer is due takes its own.
    shift = {"nothing": 2 * service_ns, "set": service_ns, "cancel": 0}[reaction]
    assert [(at * MS + shift, "election") for at in fires] == world.fired["n2"]


def test_a_timer_first_fires_although_a_message_would_have_reset_it() -> None:
    """The other order: the node campaigns although a heartbeat waits in its buffer."""
    world = World().start()
    timer = world.probes["n2"].alarm("election")
    timer.set(20 * MS)
    world.on_message = lambda probe, source, message: timer.set(10 * MS)
    world.at(15 * MS, lambda: world.send("n1", "n2", 1))
    _pause(world, 10 * MS, 50 * MS, timers_first=True)
    world.run()

    assert world.fired["n2"] == [(50 * MS, "election"), (60 * MS, "election")]


def test_the_clock_goes_on_and_so_does_belief_during_a_pause() -> None:
    """Frozen-true: a paused leader believes still, and reads the right time when it wakes up."""
    world = World().start()
    world.probes["n2"].host.lead(1)
    _pause(world, MS, S, timers_first=True)
    world.run(S // 2)
    assert (world.node("n2").belief, world.node("n2").clock.now()) == (1, S // 2)
    world.run()

    assert world.milestones(Followed) == []


def test_a_second_pause_at_the_instant_of_the_resume_delays_all_again() -> None:
    """Two pauses back to back are one."""
    world = World().start()
    world.probes["n2"].alarm("t").set(5 * MS)
    world.at(2 * MS, lambda: world.send("n1", "n2", 1))
    _pause(world, MS, 10 * MS, timers_first=True)
    _pause(world, 10 * MS, 20 * MS, timers_first=True)
    world.run()

    assert (world.fired["n2"], world.arrivals("n2")) == ([(20 * MS, "t")], [(20 * MS, 1)])


def test_a_crash_of_a_paused_node_ends_the_pause_and_forgets_what_had_queued_up() -> None:
    """A restart during the pause runs at once; neither its end nor the next pause brings the past back."""
    world = World().start()
    world.probes["n2"].alarm("t").set(5 * MS)
    world.at(2 * MS, lambda: world.send("n1", "n2", 1))
    _pause(world, MS, 50 * MS, timers_first=True)
    world.at(10 * MS, world.node("n2").crash)
    world.at(20 * MS, world.node("n2").start)
    world.at(30 * MS, lambda: world.send("n1", "n2", 2))
    world.run(60 * MS)
    assert world.milestones(Resumed) == []
    _pause(world, 60 * MS, 70 * MS, timers_first=True)
    world.run()

    assert (world.fired["n2"], world.arrivals("n2")) == ([], [(31 * MS, 2)])


def test_a_crash_within_the_resume_forgets_the_rest_of_what_had_queued_up() -> None:
    """Of three late messages the first one kills the process; a new incarnation hears none of them."""
    world = World().start()
    node = world.node("n2")

    def die(probe: Probe, source: str, message: object) -> None:
        if node.incarnation == 0:
            node.crash()
            node.start()

    world.on_message = die
    world.at(2 * MS, lambda: world.send("n1", "n2", 1, 2, 3))
    _pause(world, MS, 10 * MS, timers_first=True)
    world.run()

    assert world.arrivals("n2") == [(10 * MS, 1)]


# Service time --------------------------------------------------------------------------------------


def test_service_time_serialises_messages_and_timers() -> None:
    """One after the other, each taking its time from when its turn has come."""
    world = World(service_time=Constant(4 * MS)).start()
    world.send("n1", "n2", 1, 2, 3)
    world.probes["n2"].alarm("t").set(2 * MS)
    world.at(30 * MS, lambda: world.send("n1", "n2", 4))
    world.run()

    assert world.arrivals("n2") == [(5 * MS, 1), (9 * MS, 2), (13 * MS, 3), (35 * MS, 4)]
    assert world.fired["n2"] == [(17 * MS, "t")]


def test_a_slow_node_takes_so_much_longer_until_it_recovers() -> None:
    """What had queued up is served before what came later, however fast the node is then."""
    world = World(service_time=Constant(MS)).start()
    node = world.node("n2")
    node.set_service_time(_lengths(MS), 5)
    world.send("n1", "n2", 1, 2, 3)
    world.at(7 * MS, lambda: world.cluster.set_usual_service_time(node))
    world.at(7 * MS, lambda: world.send("n1", "n2", 4))
    world.run()

    assert world.arrivals("n2") == [(6 * MS, 1), (11 * MS, 2), (12 * MS, 3), (13 * MS, 4)]


def test_a_node_without_service_time_recovers_from_slowness_in_order() -> None:
    """Nothing overtakes what had queued up, and afterwards messages take no time again."""
    world = World().start()
    node = world.node("n2")
    node.set_service_time(_lengths(5 * MS))
    world.send("n1", "n2", 1, 2, 3)
    world.at(7 * MS, lambda: node.set_service_time(None))
    world.at(7 * MS, lambda: world.send("n1", "n2", 4))
    world.at(20 * MS, lambda: world.send("n1", "n2", 5))
    world.run()

    assert world.arrivals("n2") == [(6 * MS, 1), (11 * MS, 2), (11 * MS, 3), (11 * MS, 4), (21 * MS, 5)]


@pytest.mark.parametrize(("reaction", "fires"), [("set", [41]), ("cancel", []), ("nothing", [14])])
def test_a_timer_waiting_for_the_processor_can_still_be_reset(reaction: str, fires: list[int]) -> None:
    """A heartbeat served before it calls it off, as in an event loop that looks at its timers last."""
    world = World(service_time=Constant(4 * MS)).start()
    timer = world.probes["n2"].alarm("election")
    timer.set(8 * MS)
    reactions = {"set": lambda: timer.set(27 * MS), "cancel": timer.cancel, "nothing": lambda: None}
    world.on_message = lambda probe, source, message: reactions[reaction]()
    world.at(5 * MS, lambda: world.send("n1", "n2", 1))  # served from 6 to 10 ms, when the timer has come due
    world.run()

    assert [(at * MS, "election") for at in fires] == world.fired["n2"]


def test_a_pause_halts_the_processor() -> None:
    """What was being served ends with the pause; the rest follows in turn."""
    world = World(service_time=Constant(4 * MS)).start()
    world.send("n1", "n2", 1, 2)
    _pause(world, 3 * MS, 50 * MS, timers_first=True)
    world.at(10 * MS, lambda: world.send("n1", "n2", 3))
    world.run()

    assert world.arrivals("n2") == [(50 * MS, 1), (54 * MS, 2), (58 * MS, 3)]


def test_slowness_that_ends_during_a_pause_loses_nothing() -> None:
    """What had queued up at the slow processor is served after the pause."""
    world = World().start()
    node = world.node("n2")
    node.set_service_time(_lengths(4 * MS))
    world.send("n1", "n2", 1, 2)
    _pause(world, 3 * MS, 50 * MS, timers_first=True)
    world.at(20 * MS, lambda: node.set_service_time(None))
    world.run()

    assert world.arrivals("n2") == [(50 * MS, 1), (50 * MS, 2)]


@pytest.mark.parametrize("paused", [True, False])
def test_what_the_old_incarnation_had_to_serve_is_gone(paused: bool) -> None:
    """It is neither served nor does it keep the new incarnation's processor busy."""
    world = World(service_time=Constant(10 * MS)).start()
    node = world.node("n2")
    world.send("n1", "n2", 1, 2, 3)
    if paused:
        world.at(2 * MS, node.pause)
    world.at(15 * MS, node.crash)
    world.at(16 * MS, node.start)
    world.at(17 * MS, lambda: world.send("n1", "n2", 4))
    world.run()

    before = [] if paused else [(11 * MS, 1)]
    assert [*before, (28 * MS, 4)] == world.arrivals("n2")
