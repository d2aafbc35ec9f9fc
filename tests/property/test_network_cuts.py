"""Links under any history of cuts and degradations, against a second, simple account of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.distributions import Constant, Uniform
from sim.network.spec import LinkSpec, Loss
from tests.unit.world import MS, S, World

TOKENS = ("a", "b", "c")
ACTIONS = st.tuples(
    st.sampled_from(["drop", "hold", "heal", "send", "send", "send"]), st.sampled_from(TOKENS)
)
HISTORIES = st.lists(ACTIONS, max_size=40)
PAIRS = [("n1", "n2")]


class Account:
    """What becomes of each message, by the book: every cut as an entry in a list."""

    def __init__(self) -> None:
        self.cuts: list[tuple[str, str]] = []
        self.held: list[int] = []
        self.arrivals: list[tuple[int, int]] = []

    def act(self, at: int, action: str, token: str, number: int) -> None:
        """Take down one step; a link takes 1 ms."""
        modes = [mode for mode, _ in self.cuts]
        if action == "send":
            if not modes:
                self.arrivals.append((at + MS, number))
            elif "drop" not in modes:
                self.held.append(number)
        elif action == "heal":
            self.cuts = [cut for cut in self.cuts if cut[1] != token]
            if not self.cuts:
                self.arrivals += [(at + MS, number) for number in self.held]
                self.held = []
        else:
            self.cuts.append((action, token))


@given(HISTORIES)
def test_messages_pass_are_held_or_dropped_as_the_cuts_say(history: list[tuple[str, str]]) -> None:
    """A link drops while any cut drops, holds while all of them hold, and passes while there is none."""
    world, account = World(), Account()
    network = world.cluster.network
    for number, (action, token) in enumerate(history):
        account.act(number * MS, action, token, number)
        steps = {
            "send": lambda number=number, token=token: world.send("n1", "n2", number),
            "heal": lambda number=number, token=token: network.heal(token),
            "drop": lambda number=number, token=token: network.cut(token, PAIRS, "drop"),
            "hold": lambda number=number, token=token: network.cut(token, PAIRS, "hold"),
        }
        world.at(number * MS, steps[action])
    world.run()

    assert account.arrivals == world.arrivals("n2")


SPECS = st.builds(
    LinkSpec,
    latency=st.just(Uniform(MS, 20 * MS)),
    loss=st.sampled_from([Loss(), Loss(0.3), Loss(0.3, 3.0)]),
    duplicate=st.sampled_from([0.0, 0.4]),
    reorder=st.sampled_from([0.0, 0.4]),
    reorder_by=st.just(Uniform(0, 30 * MS)),
    fifo=st.booleans(),
    bytes_per_second=st.sampled_from([None, 10_000]),
    extra_latency=st.sampled_from([None, Uniform(0, MS)]),
)


def _run(spec: LinkSpec, seed: int, nodes: int, level: str = "digest") -> World:
    world = World(nodes, link=spec, seed=seed, level=level)  # type: ignore[arg-type]
    for number in range(80):
        world.at(number * MS, lambda number=number: world.send("n1", "n2", number))  # type: ignore[misc]
    return world.run(30 * S)


@given(SPECS, st.integers(0, 2**64 - 1))
def test_any_link_keeps_its_promises(spec: LinkSpec, seed: int) -> None:
    """No message is made up, comes early, comes thrice, or overtakes on a FIFO link; none is lost unless
    the link loses; and neither other nodes nor the trace level change anything."""
    world = _run(spec, seed, nodes=2)
    arrivals = world.arrivals("n2")
    numbers = [number for _, number in arrivals]

    assert all(number * MS + MS <= at for at, number in arrivals)
    assert max((numbers.count(number) for number in numbers), default=0) <= (2 if spec.duplicate else 1)
    assert not spec.fifo or numbers == sorted(numbers)
    assert spec.loss.share or set(numbers) == set(range(80))
    assert arrivals == _run(spec, seed, nodes=4).arrivals("n2")
    assert arrivals == _run(spec, seed, nodes=2, level="full").arrivals("n2")


@given(SPECS, st.integers(0, 2**64 - 1), st.integers(1, 79), st.integers(1, 79))
def test_a_cut_moves_no_draw_of_what_is_sent_after_it(
    spec: LinkSpec, seed: int, start: int, length: int
) -> None:
    """Without order and bandwidth, in which messages wait for those before them."""
    free = LinkSpec(spec.latency, spec.loss, spec.duplicate, spec.reorder, spec.reorder_by)
    whole = _run(free, seed, nodes=2)
    world = World(link=free, seed=seed)
    network = world.cluster.network
    world.at(start * MS, lambda: network.cut("token", PAIRS, "drop"))
    world.at((start + length) * MS, lambda: network.heal("token"))
    for number in range(80):
        world.at(number * MS, lambda number=number: world.send("n1", "n2", number))  # type: ignore[misc]
    world.run(30 * S)

    outside = set(range(start)) | set(range(start + length, 80))
    expected = [arrival for arrival in whole.arrivals("n2") if arrival[1] in outside]
    assert sorted(expected) == sorted(world.arrivals("n2"))


@given(
    st.lists(st.tuples(st.sampled_from(["degrade", "restore", "send"]), st.sampled_from(TOKENS)), max_size=30)
)
def test_the_newest_degradation_that_is_left_counts(history: list[tuple[str, str]]) -> None:
    """Whatever the order in which they end; and every message is counted once."""
    world, expected, stack = World(), [], list[tuple[str, int]]()
    network = world.cluster.network
    lengths = {token: (index + 2) * MS for index, token in enumerate(TOKENS)}
    for number, (action, token) in enumerate(history):
        at = number * 10 * MS
        if action == "degrade":
            stack.append((token, lengths[token]))
            spec = LinkSpec(latency=Constant(lengths[token]))
            world.at(at, lambda t=token, s=spec: network.degrade(t, {PAIRS[0]: s}, t))  # type: ignore[misc]
        elif action == "restore":
            stack = [entry for entry in stack if entry[0] != token]
            world.at(at, lambda t=token: network.restore(t))  # type: ignore[misc]
        else:
            expected.append((at + (stack[-1][1] if stack else MS), number))
            world.at(at, lambda n=number: world.send("n1", "n2", n))  # type: ignore[misc]
    world.run()

    assert expected == world.arrivals("n2")
    assert len(expected) == network.messages
