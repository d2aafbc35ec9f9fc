"""The life of a node: crash, restart, pause, refusal, slow service (DESIGN §3)."""

from __future__ import annotations

import pytest

from sim.distributions import Constant, Uniform
from sim.network.draws import Lengths
from sim.records import Crashed, Followed, Led, Paused, Resumed, Started
from sim.rng import Seed
from sim.sampling import Sampler
from tests.unit.world import MS, S, Kept, Ping, Pong, Probe, Refused, Unheard, World


def _lengths(ns: int) -> Lengths:
    return Lengths(Sampler(Constant(ns), Seed(1).key("service")))


# Crash and restart ---------------------------------------------------------------------------------


def test_a_crash_loses_what_was_in_memory_and_a_restart_begins_a_new_incarnation() -> None:
    """A new process, from the disk's image; its timers are gone with it."""
    world = World().start()
    node, old = world.node("n1"), world.probes["n1"]
    old.alarm("old").set(10 * MS)
    old.host.save(Kept(7))
    world.at(MS, node.crash)
    world.at(2 * MS, lambda: (node.start(), world.probes["n1"].alarm("new").set(MS)))
    world.run()

    new = world.probes["n1"]
    assert (old is not new, (7,), 1) == (True, new.storage.kept, node.incarnation)
    assert [(3 * MS, "new")] == world.fired["n1"]
    assert [
        Started(0, "n1", 0), Crashed(MS, "n1", "crash", True), Started(2 * MS, "n1", 1),
    ] == [record for record in world.milestones(Started, Crashed) if record.node == "n1"]  # fmt: skip


def test_messages_of_a_crashed_node_that_are_on_their_way_still_arrive() -> None:
    """They are in the network, not in the process."""
    world = World(latency=Constant(10 * MS)).start()
    world.send("n1", "n2", 1)
    world.at(MS, world.node("n1").crash)
    world.run()

    assert [(10 * MS, 1)] == world.arrivals("n2")


def test_messages_to_a_crashed_node_are_lost_and_later_ones_reach_the_new_incarnation() -> None:
    """What arrives while it is down is gone; what arrives after the restart is heard, old or not."""
    world = World(latency=Constant(10 * MS)).start()
    for at, number in ((0, 1), (5 * MS, 2)):
        world.at(at, lambda number=number: world.send("n1", "n2", number))  # type: ignore[misc]
    world.at(8 * MS, world.node("n2").crash)
    world.at(12 * MS, world.node("n2").start)
    world.run()

    assert [(15 * MS, 2)] == world.arrivals("n2")


def test_a_crash_ends_a_belief() -> None:
    """A crashed leader does not lead: one record, at the instant of the crash."""
    world = World().start()
    world.probes["n1"].host.lead(3)
    assert 3 == world.node("n1").belief
    world.at(MS, world.node("n1").crash)
    world.at(2 * MS, world.node("n1").crash)
    world.run()

    assert world.node("n1").belief is None
    assert [Led(0, "n1", 3), Followed(MS, "n1", 3, "crashed")] == world.milestones(Led, Followed)
    assert 1 == len(world.milestones(Crashed))


def test_following_without_having_led_says_nothing() -> None:
    """Only the end of a belief is an event."""
    world = World().start()
    world.probes["n1"].host.follow("hearsay")

    assert [] == world.milestones(Followed)


def test_starting_a_running_node_and_resuming_one_that_is_not_paused_change_nothing() -> None:
    """Faults may say it twice."""
    world = World().start()
    probe = world.probes["n1"]
    world.node("n1").start()
    world.node("n1").resume(timers_first=True)

    assert probe is world.probes["n1"]
    assert [] == world.milestones(Resumed)


# Refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("host_up", "notices"), [(True, [(2 * MS, "n2", Refused("n2"))]), (False, [])])
def test_a_sender_is_refused_if_the_machine_is_up_and_the_process_is_not(
    host_up: bool, notices: list[object]
) -> None:
    """As by TCP: after a way there and a way back. A machine that is down says nothing."""
    world = World(wants_refusals=True).start()
    world.node("n2").crash(host_up=host_up)
    world.send("n1", "n2", 1)
    world.run()

    assert notices == world.heard["n1"]


def test_a_sender_that_does_not_handle_refusals_gets_none() -> None:
    """Nothing is sent, and nothing is counted."""
    world = World().start()
    world.node("n2").crash()
    world.send("n1", "n2", 1)
    world.run()

    assert ([], 1) == (world.heard["n1"], world.cluster.network.messages)


def test_a_refusal_does_not_pass_a_cut() -> None:
    """The message had arrived; the way back is closed."""
    world = World(wants_refusals=True).start()
    world.node("n2").crash()
    world.cluster.network.cut("token", [("n2", "n1")], "drop")
    world.send("n1", "n2", 1)
    world.run()

    assert [] == world.heard["n1"]


@pytest.mark.parametrize("trouble", ["slow", "paused"])
def test_a_slow_or_paused_sender_is_refused_like_any_other(trouble: str) -> None:
    """What the notice finds there is a matter of its arrival."""
    world = World(wants_refusals=True).start()
    sender = world.node("n1")
    world.node("n2").crash()
    world.send("n1", "n2", 1)
    if trouble == "slow":
        sender.set_service_time(_lengths(8 * MS))
    else:
        sender.pause()
        world.at(10 * MS, lambda: sender.resume(timers_first=True))
    world.run()

    assert [(10 * MS, "n2", Refused("n2"))] == world.heard["n1"]


def test_refusals_move_no_draw_of_ordinary_messages() -> None:
    """They have streams of their own."""
    arrivals = []
    for wants in (True, False):
        world = World(3, latency=Uniform(MS, 9 * MS), wants_refusals=wants).start()
        world.node("n2").crash()
        world.send("n1", "n2", *range(5))
        world.at(S, world.node("n2").start)
        world.at(2 * S, lambda world=world: world.send("n2", "n1", *range(5)))  # type: ignore[misc]
        world.run()
        arrivals.append(world.arrivals("n1"))

    assert arrivals[0] == arrivals[1]
    assert len(arrivals[0]) == 5


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
    reactions = {"set": lambda: timer.set(11 * MS - service_ns), "cancel": timer.cancel, "nothing": lambda: None}
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

    assert [(50 * MS, "election"), (60 * MS, "election")] == world.fired["n2"]


def test_the_clock_goes_on_and_so_does_belief_during_a_pause() -> None:
    """Frozen-true: a paused leader believes still, and reads the right time when it wakes up."""
    world = World().start()
    world.probes["n2"].host.lead(1)
    _pause(world, MS, S, timers_first=True)
    world.run(S // 2)
    assert (1, S // 2) == (world.node("n2").belief, world.node("n2").clock.now())
    world.run()

    assert [] == world.milestones(Followed)


def test_a_second_pause_at_the_instant_of_the_resume_delays_all_again() -> None:
    """Two pauses back to back are one."""
    world = World().start()
    world.probes["n2"].alarm("t").set(5 * MS)
    world.at(2 * MS, lambda: world.send("n1", "n2", 1))
    _pause(world, MS, 10 * MS, timers_first=True)
    _pause(world, 10 * MS, 20 * MS, timers_first=True)
    world.run()

    assert ([(20 * MS, "t")], [(20 * MS, 1)]) == (world.fired["n2"], world.arrivals("n2"))


def test_a_crash_of_a_paused_node_ends_the_pause_and_forgets_what_had_queued_up() -> None:
    """A restart during the pause runs at once; the end of the pause says nothing more."""
    world = World().start()
    world.probes["n2"].alarm("t").set(5 * MS)
    world.at(2 * MS, lambda: world.send("n1", "n2", 1))
    _pause(world, MS, 50 * MS, timers_first=True)
    world.at(10 * MS, world.node("n2").crash)
    world.at(20 * MS, world.node("n2").start)
    world.at(30 * MS, lambda: world.send("n1", "n2", 2))
    world.run()

    assert ([], [(31 * MS, 2)]) == (world.fired["n2"], world.arrivals("n2"))
    assert [] == world.milestones(Resumed)


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

    assert [(10 * MS, 1)] == world.arrivals("n2")


# Service time --------------------------------------------------------------------------------------


def test_service_time_serialises_messages_and_timers() -> None:
    """One after the other, each taking its time from when its turn has come."""
    world = World(service_time=Constant(4 * MS)).start()
    world.send("n1", "n2", 1, 2, 3)
    world.probes["n2"].alarm("t").set(2 * MS)
    world.at(30 * MS, lambda: world.send("n1", "n2", 4))
    world.run()

    assert [(5 * MS, 1), (9 * MS, 2), (13 * MS, 3), (35 * MS, 4)] == world.arrivals("n2")
    assert [(17 * MS, "t")] == world.fired["n2"]


def test_a_slow_node_takes_so_much_longer_until_it_recovers() -> None:
    """What had queued up is served before what came later, however fast the node is then."""
    world = World(service_time=Constant(MS)).start()
    node = world.node("n2")
    node.set_service_time(_lengths(MS), 5)
    world.send("n1", "n2", 1, 2, 3)
    world.at(7 * MS, lambda: world.cluster.set_usual_service_time(node))
    world.at(7 * MS, lambda: world.send("n1", "n2", 4))
    world.run()

    assert [(6 * MS, 1), (11 * MS, 2), (12 * MS, 3), (13 * MS, 4)] == world.arrivals("n2")


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

    assert [(6 * MS, 1), (11 * MS, 2), (11 * MS, 3), (11 * MS, 4), (21 * MS, 5)] == world.arrivals("n2")


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

    assert [(50 * MS, 1), (54 * MS, 2), (58 * MS, 3)] == world.arrivals("n2")


def test_slowness_that_ends_during_a_pause_loses_nothing() -> None:
    """What had queued up at the slow processor is served after the pause."""
    world = World().start()
    node = world.node("n2")
    node.set_service_time(_lengths(4 * MS))
    world.send("n1", "n2", 1, 2)
    _pause(world, 3 * MS, 50 * MS, timers_first=True)
    world.at(20 * MS, lambda: node.set_service_time(None))
    world.run()

    assert [(50 * MS, 1), (50 * MS, 2)] == world.arrivals("n2")


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


# What becomes of a message ---------------------------------------------------------------------------


def test_reception_says_what_becomes_of_a_message() -> None:
    """Delivered, ignored or down: for full traces, however the node queues things up."""
    world = World().start()
    node = world.node("n2")
    assert ["delivered", "delivered", "ignored"] == [node.reception(cls) for cls in (Ping, Pong, Unheard)]
    node.pause()
    assert "delivered" == node.reception(Ping)
    node.crash()
    assert "down" == node.reception(Ping)


def test_a_message_that_nobody_handles_is_ignored() -> None:
    """No error: protocols may talk to nodes that do not know them."""
    world = World().start()
    world.probes["n1"].host.send("n2", Unheard(1))
    world.run()

    assert [] == world.heard["n2"]
