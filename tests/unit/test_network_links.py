"""One link: latency, loss, duplication, reordering, order and bandwidth."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from statistics import correlation

import pytest

from sim.distributions import Constant, Distribution, Exponential, Uniform
from sim.network.draws import Chances
from sim.network.spec import LinkSpec, Loss
from sim.rng import Seed
from tests.unit.world import MS, US, Heavy, S, World

JITTER = Uniform(MS, 5 * MS)
COUNT = 4000


def _send_all(
    spec: LinkSpec, count: int = COUNT, gap_ns: int = 0, nodes: int = 2, level: str = "digest"
) -> World:
    """Send pings 0, 1 ... over the link n1>n2, one every `gap_ns`."""
    world = World(nodes, link=spec, level=level).start()  # type: ignore[arg-type]
    for number in range(count):
        world.at(number * gap_ns, lambda number=number: world.send("n1", "n2", number))  # type: ignore[misc]
    return world.run(100 * S)


def _latencies(spec: LinkSpec, count: int = COUNT, nodes: int = 2) -> dict[int, int]:
    """Return the first latency of each message that arrived, when all are sent at time 0."""
    found: dict[int, int] = {}
    for at, number in _send_all(spec, count, nodes=nodes).arrivals("n2"):
        found.setdefault(number, at)
    return found


# Latency -----------------------------------------------------------------------------------------


def test_latencies_are_the_draws_of_the_links_own_stream() -> None:
    """In order of sending, whatever block they come from, and different on the way back."""
    world = World(latency=JITTER).start()
    world.send("n1", "n2", *range(500))
    world.send("n2", "n1", *range(500))
    world.run()
    there, back = (sorted((number, at) for at, number in world.arrivals(name)) for name in ("n2", "n1"))

    assert len(there) == len(back) == 500
    assert all(MS <= at < 5 * MS for _, at in there)
    assert there != back


def test_jitter_is_added_to_a_measured_base() -> None:
    """Base latencies are the same with and without; the rest is the jitter, in its bounds."""
    base = _latencies(LinkSpec(latency=JITTER), 500)
    jittered = _latencies(LinkSpec(latency=JITTER, extra_latency=Uniform(10 * US, 20 * US)), 500)

    extra = [jittered[number] - base[number] for number in range(500)]
    assert all(10 * US <= one < 20 * US for one in extra)
    assert len(set(extra)) > 400
    # A stream of its own: not the quantile that the base has.
    assert abs(correlation([base[number] for number in range(500)], extra)) < 5 / 500**0.5


@pytest.mark.parametrize("nodes", [3, 5, 20])
def test_more_nodes_move_no_draw(nodes: int) -> None:
    """A link's draws depend on its own name only: in small clusters, where the first ones are drawn
    together for all links, and in large ones, where they are not."""
    spec = LinkSpec(latency=JITTER, loss=Loss(0.1))

    assert _latencies(spec, 300) == _latencies(spec, 300, nodes=nodes)


VARIANTS = {
    "duplicates": {"duplicate": 0.2},
    "reordering": {"reorder": 0.0, "reorder_by": Constant(MS)},
    "loss": {"loss": Loss(0.2)},
    "bursts": {"loss": Loss(0.2, 4.0)},
    "bandwidth": {"bytes_per_second": 10**15},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_switching_a_trouble_on_moves_no_latency(variant: str) -> None:
    """What arrives takes as long as it took without (common random numbers)."""
    plain = _latencies(LinkSpec(latency=JITTER))
    troubled = _latencies(replace(LinkSpec(latency=JITTER), **VARIANTS[variant]))  # type: ignore[arg-type]

    assert all(latency <= plain[number] for number, latency in troubled.items())
    # A copy may overtake the message itself; of those without a copy every latency is the same.
    same = sum(latency == plain[number] for number, latency in troubled.items())
    assert same > (0.85 if variant == "duplicates" else 0.9999) * len(troubled)
    assert len(troubled) > 0.7 * COUNT


@pytest.mark.parametrize("spec", [LinkSpec(latency=JITTER, loss=Loss(0.1)), LinkSpec(JITTER, duplicate=0.3)])
def test_the_trace_level_moves_no_draw(spec: LinkSpec) -> None:
    """At level full another code path sends the messages."""
    worlds = [_send_all(spec, 500, level=level) for level in ("off", "digest", "summary", "full")]

    assert all(worlds[0].arrivals("n2") == world.arrivals("n2") for world in worlds[1:])


# Loss --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5, 0.9])
@pytest.mark.parametrize("extra", [{}, {"duplicate": 0.5}])
def test_the_share_of_messages_lost(share: float, extra: dict[str, float]) -> None:
    """Within 5 standard deviations of the binomial distribution, on both lanes."""
    lost = COUNT - len(_latencies(replace(LinkSpec(loss=Loss(share)), **extra)))  # type: ignore[arg-type]

    assert abs(lost - share * COUNT) < 5 * (share * (1 - share) * COUNT) ** 0.5


@pytest.mark.parametrize("burst", [1.0, 5.0])
@pytest.mark.parametrize(("share", "arrived"), [(0.0, 500), (1.0, 0)])
def test_certain_and_impossible_loss(share: float, burst: float, arrived: int) -> None:
    """All, or nothing: a burst that never ends, and one that never begins."""
    assert arrived == len(_latencies(LinkSpec(loss=Loss(share, burst)), 500))


@pytest.mark.parametrize(("share", "burst"), [(0.1, 4.0), (0.3, 10.0), (0.05, 1.5)])
def test_losses_come_in_bursts_of_the_mean_length_that_was_asked_for(share: float, burst: float) -> None:
    """Gilbert's chain: bursts are geometric with mean b, so that n of them have the mean b within
    5 * b / sqrt(n); the share has the variance of the binomial times about 2b."""
    count = 20_000
    arrived = _latencies(LinkSpec(loss=Loss(share, burst)), count)
    lost = [number not in arrived for number in range(count)]
    lengths = _runs(lost)

    assert abs(sum(lengths) / len(lengths) - burst) < 5 * burst / len(lengths) ** 0.5
    assert abs(sum(lost) - share * count) < 5 * (2 * burst * share * (1 - share) * count) ** 0.5


def test_bursts_are_the_words_of_the_links_stream_one_after_the_other() -> None:
    """Gilbert's chain, moved by one word a message, whatever the blocks: 2**64 is probability 1."""
    share, burst, count = 0.3, 4.0, 700
    arrived = _latencies(LinkSpec(loss=Loss(share, burst)), count)
    stream, bad, expected = Seed(1).stream("link n1>n2 loss"), False, []
    for number in range(count):
        fraction = stream.word() / 2**64
        bad = fraction >= 1 / burst if bad else fraction < share / (1 - share) / burst
        if not bad:
            expected.append(number)

    assert sorted(arrived) == expected


def _runs(flags: list[bool]) -> list[int]:
    """Return the lengths of the runs of True."""
    lengths = [0]
    for before, flag in pairwise([False, *flags]):
        if flag:
            lengths[-1] += 1
        elif before:
            lengths.append(0)
    return [length for length in lengths if length]


def test_lost_messages_count_as_sent() -> None:
    """Costs are what was sent."""
    world = _send_all(LinkSpec(loss=Loss(0.5)), 1000)

    assert world.cluster.network.messages == 1000
    assert len(world.arrivals("n2")) < 600


# Duplicates and reordering -------------------------------------------------------------------------


def test_the_share_of_messages_that_arrive_twice() -> None:
    """Within 5 sigma; a copy has a latency of its own; nothing arrives three times."""
    arrivals = _send_all(LinkSpec(latency=JITTER, duplicate=0.2)).arrivals("n2")
    copies = len(arrivals) - COUNT
    assert abs(copies - 0.2 * COUNT) < 5 * (0.2 * 0.8 * COUNT) ** 0.5

    by_number: dict[int, list[int]] = {}
    for at, number in arrivals:
        by_number.setdefault(number, []).append(at)
    twice = [times for times in by_number.values() if len(times) > 1]
    assert {1, 2} == {len(times) for times in by_number.values()}
    assert all(MS <= at < 5 * MS for times in twice for at in times)
    assert sum(times[0] != times[1] for times in twice) > 0.99 * len(twice)


def test_loss_moves_no_copy() -> None:
    """Which messages are doubled, and when the copies come, is the same with loss as without."""
    spec = LinkSpec(latency=JITTER, duplicate=0.5)
    whole = _send_all(spec, 500).arrivals("n2")
    lossy = _send_all(replace(spec, loss=Loss(0.3)), 500).arrivals("n2")

    arrived = {number for _, number in lossy}
    assert 200 < len(arrived) < 450
    assert [(at, number) for at, number in whole if number in arrived] == lossy


def test_a_copy_takes_the_measured_base_and_jitter_as_well() -> None:
    """Not the base alone."""
    spec = LinkSpec(latency=Constant(MS), extra_latency=Uniform(MS, 2 * MS), duplicate=1.0)
    arrivals = _send_all(spec, 100).arrivals("n2")

    assert len(arrivals) == 200
    assert all(2 * MS <= at < 3 * MS for at, _ in arrivals)


def test_the_share_of_messages_that_are_held_back() -> None:
    """By the length that was asked for, the others not at all."""
    spec = LinkSpec(latency=Constant(MS), reorder=0.1, reorder_by=Constant(10 * MS))
    times = [at for at, _ in _send_all(spec).arrivals("n2")]

    assert {MS, 11 * MS} == set(times)
    assert abs(times.count(11 * MS) - 0.1 * COUNT) < 5 * (0.1 * 0.9 * COUNT) ** 0.5


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_chances_are_certain_at_the_ends(probability: float) -> None:
    """Never, and (but for one word in 2**64) always."""
    chances = Chances(probability, Seed(1).key("x"))

    assert {bool(probability)} == {chances.draw() for _ in range(1000)}


# Order -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("latency", [JITTER, Exponential(20 * MS), Constant(MS)])
def test_a_fifo_link_never_lets_anything_overtake(latency: Distribution) -> None:
    """Neither by latency, nor by being held back, nor as a copy; one message an instant."""
    spec = LinkSpec(latency, fifo=True, reorder=0.3, reorder_by=Uniform(0, 50 * MS), duplicate=0.2)
    arrivals = _send_all(spec, 1000, gap_ns=100 * US).arrivals("n2")
    numbers = [number for _, number in arrivals]

    assert numbers == sorted(numbers)
    assert all(before < after for (before, _), (after, _) in pairwise(arrivals))
    assert set(numbers) == set(range(1000))


def test_without_fifo_messages_do_overtake() -> None:
    """Otherwise the test above would show nothing."""
    numbers = [number for _, number in _send_all(LinkSpec(JITTER), 1000, gap_ns=100 * US).arrivals("n2")]

    assert numbers != sorted(numbers)


def test_fifo_delays_only_what_would_overtake() -> None:
    """Messages far apart keep their latencies."""
    spec = LinkSpec(JITTER, bytes_per_second=10**15)
    loose, strict = (
        _send_all(replace(spec, fifo=fifo), 200, gap_ns=10 * MS).arrivals("n2") for fifo in (False, True)
    )

    assert loose == strict


# Bandwidth ---------------------------------------------------------------------------------------


def test_bandwidth_serialises_messages_exactly() -> None:
    """100 bytes at 1 MB/s take 100 us each, one after the other, before the latency."""
    spec = LinkSpec(latency=Constant(MS), bytes_per_second=1_000_000)

    assert [(MS + 100 * US * k, k - 1) for k in (1, 2, 3, 4)] == _send_all(spec, 4).arrivals("n2")


def test_an_idle_line_sends_at_once_again() -> None:
    """The queue is over when the last byte has left."""
    spec = LinkSpec(latency=Constant(MS), bytes_per_second=1_000_000)
    gap = 150 * US

    expected = [(k * gap + 100 * US + MS, k) for k in range(4)]
    assert expected == _send_all(spec, 4, gap_ns=gap).arrivals("n2")


def test_a_message_weighs_what_it_says() -> None:
    """`size_bytes`: 1 MB takes a second, and what is behind it waits."""
    world = World(link=LinkSpec(latency=Constant(MS), bytes_per_second=1_000_000)).start()
    host = world.probes["n1"].host
    host.send("n2", Heavy(1_000_000))
    world.send("n1", "n2", 1)
    world.run()

    times = [at for at, _, _ in world.heard["n2"]]
    assert times == [S + MS, S + MS + 100 * US]
