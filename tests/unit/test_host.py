"""The outbox: one FIFO per process, in which a save is a barrier (DESIGN, the contract of a protocol)."""

from __future__ import annotations

import pytest

from sim.distributions import Constant
from sim.plan import DiskPlan
from tests.unit.world import MS, Kept, Ping, Probe, S, World

SLOW = DiskPlan(fsync=Constant(5 * MS))


def test_what_is_sent_before_a_save_leaves_at_once_and_what_is_sent_after_waits() -> None:
    """Link 1 ms, fsync 5 ms."""
    world = World(disk=SLOW).start()
    world.send("n1", "n2", 1)
    world.probes["n1"].host.save(Kept(1))
    world.send("n1", "n2", 2)
    world.run()

    assert world.arrivals("n2") == [(MS, 1), (6 * MS, 2)]


def test_each_message_waits_for_the_saves_before_it_and_no_longer() -> None:
    """Two saves, of which the second goes with the next synchronisation; both orders kept."""
    world = World(3, disk=SLOW).start()
    host = world.probes["n1"].host
    host.save(Kept(1))
    world.send("n1", "n2", 1)
    world.send("n1", "n3", 2)
    host.save(Kept(2))
    world.send("n1", "n2", 3, 4)
    world.run()

    assert world.arrivals("n2") == [(6 * MS, 1), (11 * MS, 3), (11 * MS, 4)]
    assert world.arrivals("n3") == [(6 * MS, 2)]


def test_a_message_sent_later_waits_for_a_save_under_way() -> None:
    """Until it is durable; from then on messages leave at once again."""
    world = World(disk=SLOW)
    world.at(MS, lambda: world.probes["n1"].host.save(Kept(1)))
    for at, number in ((3 * MS, 1), (6 * MS, 2), (7 * MS, 3)):
        world.at(at, lambda number=number: world.send("n1", "n2", number))  # type: ignore[misc]
    world.run()

    assert world.arrivals("n2") == [(7 * MS, 1), (7 * MS, 2), (8 * MS, 3)]


def test_waiting_messages_keep_their_order() -> None:
    """First in, first out, over several saves of one synchronisation."""
    world = World(disk=SLOW, latency=Constant(0)).start()
    host = world.probes["n1"].host
    host.save(Kept(0))
    for number in range(1, 10):
        host.save(Kept(number))
        world.send("n1", "n2", number)
    world.run()

    assert [(10 * MS, number) for number in range(1, 10)] == world.arrivals("n2")


def test_a_stalled_disk_stalls_what_was_sent_after_a_save() -> None:
    """And nothing else: a node that saves nothing goes on sending."""
    world = World(3, disk=SLOW).start()
    world.node("n1").disk.stall()
    world.probes["n1"].host.save(Kept(1))
    world.send("n1", "n3", 1)
    world.send("n2", "n3", 2)
    world.at(S, world.node("n1").disk.release)
    world.run()

    assert world.arrivals("n3") == [(MS, 2), (S + MS, 1)]


def test_an_instant_disk_makes_nothing_wait() -> None:
    """No fsync, no barrier."""
    world = World().start()
    world.probes["n1"].host.save(Kept(1))
    world.send("n1", "n2", 1)
    world.run()

    assert world.arrivals("n2") == [(MS, 1)]


def test_a_crash_loses_what_waits_for_the_disk() -> None:
    """What had left before still arrives; the new incarnation's outbox is empty and open."""
    world = World(disk=SLOW).start()
    node = world.node("n1")
    world.send("n1", "n2", 1)
    world.probes["n1"].host.save(Kept(1))
    world.send("n1", "n2", 2)
    world.at(MS // 2, node.crash)
    world.at(2 * MS, node.start)
    world.at(3 * MS, lambda: world.send("n1", "n2", 3))
    world.run()

    assert world.arrivals("n2") == [(MS, 1), (4 * MS, 3)]


def test_saves_and_synchronisations_are_announced() -> None:
    """`saving` before the disk has it, `saved` with how many records became durable."""
    told: list[tuple[int, str, object]] = []
    world = World(disk=SLOW)
    world.cluster.trace.listen("saving", lambda node, record: told.append((world.now, node, record)))
    world.cluster.trace.listen("saved", lambda node, count: told.append((world.now, node, count)))
    world.start()
    for number in (1, 2, 3):
        world.probes["n1"].host.save(Kept(number))
    world.run()

    saving = [(0, "n1", Kept(number)) for number in (1, 2, 3)]
    assert [*saving, (5 * MS, "n1", 1), (10 * MS, "n1", 2)] == told


# To itself -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seeded", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_a_process_hears_itself_at_once_in_order_and_never_within_a_step(seeded: bool, seed: int) -> None:
    """At this very instant, after the step under way; in order even where the seed breaks ties."""
    world = World(seeded_ties=seeded, seed=seed)
    heard_within_the_step: list[int] = []

    def step(probe: Probe, source: str, message: object) -> None:
        if message == Ping(0):
            world.send("n1", "n1", *range(1, 20))
            heard_within_the_step.extend(world.numbers("n1")[1:])

    world.on_message = step
    world.at(MS, lambda: world.send("n1", "n1", 0))
    world.run()

    assert heard_within_the_step == []
    assert [(MS, number) for number in range(20)] == world.arrivals("n1")


def test_a_message_to_itself_waits_for_the_disk() -> None:
    """A vote for itself counts once it is durable."""
    world = World(disk=SLOW).start()
    world.send("n1", "n1", 1)
    world.probes["n1"].host.save(Kept(1))
    world.send("n1", "n1", 2)
    world.run()

    assert world.arrivals("n1") == [(0, 1), (5 * MS, 2)]


def test_a_message_to_itself_does_not_survive_the_process() -> None:
    """A new incarnation of the same instant must not hear what the old one told itself."""
    world = World().start()
    node = world.node("n1")

    def step() -> None:
        world.send("n1", "n1", 1)
        node.crash()
        node.start()
        world.send("n1", "n1", 2)

    world.at(MS, step)
    world.run()

    assert world.arrivals("n1") == [(MS, 2)]


def test_a_timer_is_named_and_its_first_callback_stays() -> None:
    """Asking again gives the same timer."""
    world = World().start()
    probe = world.probes["n1"]
    first = probe.alarm("election")

    assert first is probe.host.timer("election", lambda: None)
    first.set(MS)
    world.run()
    assert world.fired["n1"] == [(MS, "election")]


def test_clocks_and_randomness_are_the_nodes_own() -> None:
    """`now` and `wall` are local; `random` is a stream named after the node, which goes on over a crash."""
    world, other = World(3).start(), World(2).start()
    world.node("n1").clock.step(MS)
    world.run(S)
    hosts = [world.probes[name].host for name in ("n1", "n2")]

    assert [host.now() for host in hosts] == [S, S]
    assert hosts[0].wall() - hosts[1].wall() == MS
    draws = [[host.random.randrange(0, 10**6) for _ in range(4)] for host in hosts]
    assert draws[0] != draws[1]
    assert draws == [
        [other.probes[n].host.random.randrange(0, 10**6) for _ in range(4)] for n in ("n1", "n2")
    ]
    node = world.node("n1")
    node.crash()
    node.start()
    assert draws[0][0] != world.probes["n1"].host.random.randrange(0, 10**6)
