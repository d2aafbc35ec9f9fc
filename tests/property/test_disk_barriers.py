"""The disk and the outbox under any history, against what durability means."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.distributions import Constant, Uniform
from sim.plan import DiskPlan
from tests.unit.world import US, Kept, World

ACTIONS = st.sampled_from(
    ["save", "save", "send", "send", "stall", "release", "crash", "torn crash", "start"]
)
HISTORIES = st.lists(st.tuples(st.integers(0, 400), ACTIONS), max_size=40)
DISKS = st.sampled_from([Constant(0), Constant(150 * US), Uniform(0, 300 * US)])


class Run:
    """Plays a history on node n1, and writes down what happened in which order."""

    def __init__(self, history: list[tuple[int, str]], fsync: Constant | Uniform) -> None:
        self.world = World(latency=Constant(0), disk=DiskPlan(fsync=fsync)).start()
        self.node = self.world.node("n1")
        self.count = 0
        self.stalls = 0
        self.saved: list[int] = []  # by this incarnation
        self.waits_for: dict[int, tuple[int, ...]] = {}  # message -> what must be durable before it arrives
        self.world.on_message = lambda probe, source, ping: self.arrived(ping.number)
        time_ns = 0
        for gap, action in history:
            time_ns += gap * US
            self.world.at(time_ns, lambda action=action: self.act(action))  # type: ignore[misc]
        self.world.run(time_ns + 1)

    @property
    def durable(self) -> tuple[int, ...]:
        kept: tuple[int, ...] = self.node.disk.image.kept  # type: ignore[attr-defined]
        return kept

    def arrived(self, number: int) -> None:
        missing = set(self.waits_for[number]) - set(self.durable)
        assert not missing, f"{number} arrived before {missing} was durable"

    def act(self, action: str) -> None:
        self.count += 1
        running = self.node.process is not None
        if action == "save" and running:
            self.saved.append(self.count)
            self.world.probes["n1"].host.save(Kept(self.count))
        elif action == "send" and running:
            self.waits_for[self.count] = tuple(self.saved)
            self.world.send("n1", "n2", self.count)
        elif action in ("stall", "release"):
            self._stall(action)
        elif action in ("crash", "torn crash") and running:
            self._crash(torn=action != "crash")
        elif action == "start" and not running:
            self.saved = []
            self.node.start()
            image: tuple[int, ...] = self.world.probes["n1"].storage.kept
            assert self.durable == image

    def _stall(self, action: str) -> None:
        if action == "stall":
            self.stalls += 1
            self.node.disk.stall()
        elif self.stalls:
            self.stalls -= 1
            self.node.disk.release()

    def _crash(self, torn: bool) -> None:
        unsynced = [record.number for record in self.node.disk.unsynced]
        before = self.durable
        self.node.crash(survivors=1 if torn else 0)
        assert self.durable == (*before, *unsynced[: 1 if torn else 0])


@given(HISTORIES, DISKS)
def test_no_message_arrives_before_what_was_saved_before_it_is_durable(
    history: list[tuple[int, str]], fsync: Constant | Uniform
) -> None:
    """And they arrive in order; crashes lose what is not durable, or leave the first part of it."""
    run = Run(history, fsync)

    numbers = run.world.numbers("n2")
    assert numbers == sorted(numbers)
    assert list(run.durable) == sorted(set(run.durable))


@given(HISTORIES, DISKS)
def test_in_the_end_everything_is_durable_and_has_left(
    history: list[tuple[int, str]], fsync: Constant | Uniform
) -> None:
    """When stalls are over, what the last incarnation saved is durable and what it sent arrives."""
    run = Run(history, fsync)
    while run.stalls:
        run.act("release")
    run.world.run(10**9)

    if run.node.process is not None:
        assert run.saved == [number for number in run.saved if number in run.durable]
        assert not run.node.disk.unsynced
        last = [number for number, waits in run.waits_for.items() if waits == tuple(run.saved) and waits]
        assert set(last) <= set(run.world.numbers("n2"))
