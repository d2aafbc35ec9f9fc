"""The life of a node: crash, restart, pause, refusal, slow service (DESIGN §3)."""

from __future__ import annotations

import pytest

from sim.distributions import Constant, Uniform
from sim.network.draws import Lengths
from sim.records import Crashed, Followed, Led, Resumed, Started
from sim.rng import Seed
from sim.sampling import Sampler
from tests.unit.world import MS, Kept, Ping, Pong, Refused, S, Unheard, World


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
    world.at(2 * MS, node.start)
    world.at(2 * MS, lambda: world.probes["n1"].alarm("new").set(MS))
    world.run()

    new = world.probes["n1"]
    assert (old is not new, (7,), 1) == (True, new.storage.kept, node.incarnation)
    assert world.fired["n1"] == [(3 * MS, "new")]
    assert [
        Started(0, "n1", 0), Crashed(MS, "n1", "crash", True), Started(2 * MS, "n1", 1),
    ] == [record for record in world.milestones(Started, Crashed) if record.node == "n1"]  # fmt: skip


def test_crashes_leave_no_timers_behind() -> None:
    """A clock knows the timers of the process that runs, however many there were before."""
    world = World().start()
    node = world.node("n1")
    for _ in range(20):
        world.probes["n1"].alarm("t").set(MS)
        node.crash()
        node.start()
    world.probes["n1"].alarm("t")

    assert len(node.clock.timers) == 1


def test_messages_of_a_crashed_node_that_are_on_their_way_still_arrive() -> None:
    """They are in the network, not in the process."""
    world = World(latency=Constant(10 * MS)).start()
    world.send("n1", "n2", 1)
    world.at(MS, world.node("n1").crash)
    world.run()

    assert world.arrivals("n2") == [(10 * MS, 1)]


def test_messages_to_a_crashed_node_are_lost_and_later_ones_reach_the_new_incarnation() -> None:
    """What arrives while it is down is gone; what arrives after the restart is heard, old or not."""
    world = World(latency=Constant(10 * MS)).start()
    for at, number in ((0, 1), (5 * MS, 2)):
        world.at(at, lambda number=number: world.send("n1", "n2", number))  # type: ignore[misc]
    world.at(8 * MS, world.node("n2").crash)
    world.at(12 * MS, world.node("n2").start)
    world.run()

    assert world.arrivals("n2") == [(15 * MS, 2)]


def test_a_crash_ends_a_belief() -> None:
    """A crashed leader does not lead: one record, at the instant of the crash."""
    world = World().start()
    world.probes["n1"].host.lead(3)
    assert world.node("n1").belief == 3
    world.at(MS, world.node("n1").crash)
    world.at(2 * MS, world.node("n1").crash)
    world.run()

    assert world.node("n1").belief is None
    assert [Led(0, "n1", 3), Followed(MS, "n1", 3, "crashed")] == world.milestones(Led, Followed)
    assert len(world.milestones(Crashed)) == 1


def test_following_without_having_led_says_nothing() -> None:
    """Only the end of a belief is an event."""
    world = World().start()
    world.probes["n1"].host.follow("hearsay")

    assert world.milestones(Followed) == []


def test_starting_a_running_node_and_resuming_one_that_is_not_paused_change_nothing() -> None:
    """Faults may say it twice."""
    world = World().start()
    probe = world.probes["n1"]
    world.node("n1").start()
    world.node("n1").resume(timers_first=True)

    assert probe is world.probes["n1"]
    assert world.milestones(Resumed) == []


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

    assert (world.heard["n1"], world.cluster.network.messages) == ([], 1)


def test_a_refusal_does_not_pass_a_cut() -> None:
    """The message had arrived; the way back is closed."""
    world = World(wants_refusals=True).start()
    world.node("n2").crash()
    world.cluster.network.cut("token", [("n2", "n1")], "drop")
    world.send("n1", "n2", 1)
    world.run()

    assert world.heard["n1"] == []


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


@pytest.mark.parametrize(("host_up", "times"), [(True, [3 * MS]), (False, [])])
def test_the_end_of_a_process_is_told_to_those_connected_to_it(host_up: bool, times: list[int]) -> None:
    """Once and unasked, one delay later; a machine that is down says nothing."""
    world = World(3, wants_refusals=True).start()
    world.probes["n1"].host.connect("n2")
    world.at(2 * MS, lambda: world.node("n2").crash(host_up=host_up))
    world.at(4 * MS, world.node("n2").start)
    world.at(5 * MS, world.node("n2").crash)
    world.run()

    assert times == [at for at, _, message in world.heard["n1"] if isinstance(message, Refused)]
    assert world.heard["n3"] == []


def test_a_new_incarnation_is_not_told_of_the_connections_of_the_old_one() -> None:
    """They ended with it."""
    world = World(3, wants_refusals=True).start()
    world.probes["n1"].host.connect("n2")
    world.at(MS, world.node("n1").crash)
    world.at(2 * MS, world.node("n1").start)
    world.at(3 * MS, world.node("n2").crash)
    world.run()

    assert world.heard["n1"] == []


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


def test_refusals_take_as_long_as_messages_but_not_the_same() -> None:
    """Their latencies are those of the link, drawn anew."""
    world = World(latency=Uniform(MS, 9 * MS), wants_refusals=True).start()
    world.send("n2", "n1", *range(20))
    world.node("n2").crash()
    world.run(S)
    ordinary = [at for at, _ in world.arrivals("n1")]
    world.heard.clear()
    for _ in range(20):
        world.cluster.network.refuse("n1", "n2")
    world.run()
    refused = [at - S for at, _, _ in world.heard["n1"]]

    assert all(MS <= at < 9 * MS for at in refused)
    assert len(refused) == 20
    assert set(refused).isdisjoint(ordinary)


# What becomes of a message ---------------------------------------------------------------------------


def test_reception_says_what_becomes_of_a_message() -> None:
    """Delivered, ignored or down: for full traces, however the node queues things up."""
    world = World().start()
    node = world.node("n2")
    assert [node.reception(cls) for cls in (Ping, Pong, Unheard)] == ["delivered", "delivered", "ignored"]
    node.pause()
    assert node.reception(Ping) == "delivered"
    node.crash()
    assert node.reception(Ping) == "down"


def test_a_message_that_nobody_handles_is_ignored() -> None:
    """No error: protocols may talk to nodes that do not know them."""
    world = World().start()
    world.probes["n1"].host.send("n2", Unheard(1))
    world.run()

    assert world.heard["n2"] == []
