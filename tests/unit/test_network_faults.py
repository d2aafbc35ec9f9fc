"""What faults do to links: cuts that drop or hold, and degradations; how they nest and end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sim.distributions import Constant, Uniform
from sim.network.spec import LinkSpec, Loss
from sim.records import LinksCut, LinksHealed, Message
from tests.unit.world import MS, S, World

LINK = ("n1", "n2")
JITTER = LinkSpec(latency=Uniform(MS, 5 * MS))
# Every kind of draw that a message may cost.
TROUBLED = LinkSpec(
    latency=Uniform(MS, 5 * MS),
    loss=Loss(0.1),
    duplicate=0.3,
    reorder=0.3,
    reorder_by=Uniform(MS, 9 * MS),
)


def _every(world: World, gap_ns: int, count: int) -> None:
    """Send ping k from n1 to n2 at k * gap."""
    for number in range(count):
        world.at(number * gap_ns, lambda number=number: world.send("n1", "n2", number))  # type: ignore[misc]


# Each step: when, and what is done to the link n1>n2 by whom.
Step = tuple[int, str, str]


def _world(steps: list[Step], link: LinkSpec | None = None, count: int = 10, level: str = "digest") -> World:
    """Return a world in which n1 pings n2 every 10 ms, over a link of 1 ms unless said, after its run."""
    world = World(link=link or LinkSpec(latency=Constant(MS)), level=level)  # type: ignore[arg-type]
    network = world.cluster.network
    tokens = {name: object() for _, _, name in steps}
    actions: dict[str, Callable[[object], None]] = {
        "drop": lambda token: network.cut(token, [LINK], "drop"),
        "hold": lambda token: network.cut(token, [LINK], "hold"),
        "heal": network.heal,
        "slow": lambda token: network.degrade(token, {LINK: LinkSpec(latency=Constant(3 * MS))}, "slow"),
        "slower": lambda token: network.degrade(token, {LINK: LinkSpec(latency=Constant(5 * MS))}, "slower"),
        "restore": network.restore,
    }
    for at, action, name in steps:
        world.at(at * MS, lambda action=action, name=name: actions[action](tokens[name]))  # type: ignore[misc]
    _every(world, 10 * MS, count)
    return world.run()


def _arrivals_ms(steps: list[Step]) -> list[tuple[int, int]]:
    return [(at // MS, number) for at, number in _world(steps).arrivals("n2")]


USUAL = [(10 * k + 1, k) for k in range(10)]


# Cuts ----------------------------------------------------------------------------------------------


def test_a_cut_drops_what_is_sent_while_it_lasts() -> None:
    """What was on its way arrives; after the heal all is as before."""
    cut_at_send = [(5, "drop", "a"), (45, "heal", "a")]

    assert [arrival for arrival in USUAL if arrival[1] not in (1, 2, 3, 4)] == _arrivals_ms(cut_at_send)


def test_a_cut_lets_messages_on_their_way_arrive() -> None:
    """Sent at 10 ms, cut before it arrives at 11 ms."""
    world = _world([(10, "drop", "a")], LinkSpec(latency=Constant(9 * MS)))

    # The cut of that instant was made before the message was sent, as an earlier event.
    assert world.arrivals("n2") == [(9 * MS, 0)]
    late = World(latency=Constant(9 * MS)).start()
    late.send("n1", "n2", 1)
    late.cluster.network.cut("token", [LINK], "drop")
    late.send("n1", "n2", 2)
    assert late.run().arrivals("n2") == [(9 * MS, 1)]


def test_a_holding_cut_delivers_after_the_heal_in_order() -> None:
    """As a TCP connection that survives: sent when the link opens, and nothing is lost."""
    expected = [*USUAL[:1], (46, 1), (46, 2), (46, 3), (46, 4), *USUAL[5:]]

    assert expected == _arrivals_ms([(5, "hold", "a"), (45, "heal", "a")])


def test_overlapping_cuts_open_the_link_when_the_last_one_ends() -> None:
    """In whatever order they end."""
    for first, second in (("a", "b"), ("b", "a")):
        steps = [(5, "drop", "a"), (15, "drop", "b"), (25, "heal", first), (45, "heal", second)]
        assert [*USUAL[:1], *USUAL[5:]] == _arrivals_ms(steps)


def test_a_drop_upon_a_hold_drops_and_the_hold_goes_on_when_it_ends() -> None:
    """1 held, 2 dropped, 3 and 4 held again."""
    steps = [(5, "hold", "a"), (15, "drop", "b"), (25, "heal", "b"), (45, "heal", "a")]

    assert [*USUAL[:1], (46, 1), (46, 3), (46, 4), *USUAL[5:]] == _arrivals_ms(steps)


def test_a_hold_upon_a_drop_drops_until_the_drop_ends() -> None:
    """1 and 2 dropped, 3 and 4 held."""
    steps = [(5, "drop", "a"), (15, "hold", "b"), (25, "heal", "a"), (45, "heal", "b")]

    assert [*USUAL[:1], (46, 3), (46, 4), *USUAL[5:]] == _arrivals_ms(steps)


def test_one_token_may_cut_twice_and_heals_all_of_it() -> None:
    """A flapping link cuts again and again under one name; a stranger's heal changes nothing."""
    steps = [(5, "drop", "a"), (15, "drop", "a"), (25, "heal", "stranger"), (45, "heal", "a")]

    assert [*USUAL[:1], *USUAL[5:]] == _arrivals_ms(steps)


def test_only_the_named_direction_is_cut() -> None:
    """A leader that is deaf can still speak."""
    world = World(3).start()
    world.cluster.network.cut("token", [("n2", "n1"), ("n3", "n1")], "drop")
    world.send("n1", "n2", 1)
    world.send("n2", "n1", 2)
    world.send("n3", "n1", 3)
    world.send("n2", "n3", 4)
    world.run()

    assert (world.numbers("n2"), world.numbers("n1"), world.numbers("n3")) == ([1], [], [4])
    assert (
        world.cluster.network.is_cut("n2", "n1"), world.cluster.network.is_cut("n1", "n2"),
    ) == (True, False)  # fmt: skip


def test_a_cut_does_not_keep_a_process_from_itself() -> None:
    """Its own messages do not use the network."""
    world = World().start()
    world.cluster.network.cut("token", [LINK, ("n2", "n1")], "drop")
    world.send("n1", "n1", 1)

    assert world.run().numbers("n1") == [1]


def test_cuts_are_recorded_when_links_close_and_open() -> None:
    """Once for each link, however many faults overlap."""
    steps = [(5, "drop", "a"), (15, "hold", "b"), (25, "heal", "a"), (45, "heal", "b")]
    world = _world(steps)

    assert [LinksCut(5 * MS, (LINK,)), LinksHealed(45 * MS, (LINK,))] == world.milestones(
        LinksCut, LinksHealed
    )


@pytest.mark.parametrize("link", [JITTER, TROUBLED], ids=["plain", "troubled"])
@pytest.mark.parametrize("mode", ["drop", "hold"])
def test_a_message_after_the_heal_fares_as_in_a_run_without_the_cut(mode: str, link: LinkSpec) -> None:
    """Same latency, same loss, same copies: a cut moves no draw of the messages after it."""
    whole = _world([], link, 60).arrivals("n2")
    cut = _world([(95, mode, "a"), (295, "heal", "a")], link, 60).arrivals("n2")

    after = [(at, number) for at, number in whole if number >= 30]
    assert len(after) > 20
    assert after == [(at, number) for at, number in cut if number >= 30]


def test_cut_messages_are_counted_and_recorded() -> None:
    """As sent, with the outcome `cut`; those held arrive and are counted once."""
    dropped = _world([(5, "drop", "a"), (45, "heal", "a")], level="full")
    held = _world([(5, "hold", "a"), (45, "heal", "a")], level="full")

    for world, outcomes in ((dropped, {"delivered": 6, "cut": 4}), (held, {"delivered": 10})):
        assert world.cluster.network.messages == 10
        records = [r for r in world.cluster.trace.details or [] if isinstance(r, Message)]
        found = [record.outcome for record in records]
        assert outcomes == {outcome: found.count(outcome) for outcome in found}


# Degradation ---------------------------------------------------------------------------------------


def test_a_degraded_link_behaves_differently_until_it_is_restored() -> None:
    """From 5 to 45 ms it takes 3 ms instead of 1."""
    expected = [*USUAL[:1], (13, 1), (23, 2), (33, 3), (43, 4), *USUAL[5:]]

    assert expected == _arrivals_ms([(5, "slow", "a"), (45, "restore", "a")])


def test_degradations_nest_and_the_newest_counts() -> None:
    """In whatever order they end, the newest of those that are left is in force."""
    inner_ends_first = [(5, "slow", "a"), (15, "slower", "b"), (35, "restore", "b"), (55, "restore", "a")]
    outer_ends_first = [(5, "slow", "a"), (15, "slower", "b"), (35, "restore", "a"), (55, "restore", "b")]

    common = [*USUAL[:1], (13, 1), (25, 2), (35, 3)]
    assert [*common, (43, 4), (53, 5), *USUAL[6:]] == _arrivals_ms(inner_ends_first)
    assert [*common, (45, 4), (55, 5), *USUAL[6:]] == _arrivals_ms(outer_ends_first)


def test_a_cut_and_a_degradation_overlap() -> None:
    """Restoring a link does not heal it, and healing does not restore it."""
    steps = [(5, "slow", "a"), (15, "drop", "b"), (25, "restore", "a"), (35, "heal", "b"), (45, "slow", "c")]
    steps += [(55, "drop", "d"), (65, "heal", "d"), (75, "restore", "c")]

    expected = [(1, 0), (13, 1), (41, 4), (53, 5), (73, 7), (81, 8), (91, 9)]
    assert expected == _arrivals_ms(steps)


def test_messages_over_degraded_lanes_are_counted_once() -> None:
    """Also after the lane is gone."""
    world = _world([(5, "slow", "a"), (15, "slower", "b"), (35, "restore", "b"), (55, "restore", "a")])

    assert world.cluster.network.messages == 10


def test_a_fifo_link_stays_in_order_through_a_degradation() -> None:
    """What is sent after the restoration does not overtake what was sent over the slow lane."""
    fifo = LinkSpec(latency=Constant(MS), fifo=True)
    slow = LinkSpec(latency=Constant(50 * MS), fifo=True)
    world = World(link=fifo)
    network = world.cluster.network
    world.at(15 * MS, lambda: network.degrade("token", {LINK: slow}, "slow"))
    world.at(35 * MS, lambda: network.restore("token"))
    _every(world, 10 * MS, 10)
    numbers = world.run().numbers("n2")

    assert list(range(10)) == numbers


def test_a_line_that_is_busy_stays_busy_through_a_degradation() -> None:
    """The bytes that are before a message are before it on any lane."""
    wide = LinkSpec(latency=Constant(0), bytes_per_second=1_000)  # 100 bytes: 100 ms
    world = World(link=wide).start()
    world.send("n1", "n2", 1, 2)
    world.cluster.network.degrade("token", {LINK: wide}, "same")
    world.send("n1", "n2", 3)

    assert world.run().arrivals("n2") == [(S // 10, 1), (S // 5, 2), (3 * S // 10, 3)]
