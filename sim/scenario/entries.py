"""How each fault is written: its action, and what goes with it; `ACTIONS` has them all."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.scenario import faults
from sim.scenario.distributions import LengthDistribution
from sim.scenario.entry import Ending, Entry, Lasting, Mode
from sim.scenario.faults import Action
from sim.scenario.network import LossField, ReorderField
from sim.scenario.order_entries import MembersEntry, StopEntry, TransferEntry
from sim.scenario.selectors import Targets
from sim.scenario.shapes import (
    Bandwidth,
    Factor,
    Length,
    RateError,
    Shape,
    Share,
    SignedDuration,
    mistakes,
)


class CrashEntry(Entry):
    """Processes die."""

    crash: Targets = Field(description="whose process dies")
    restart_after: Length | None = Field(None, description="when it starts again (default: never by itself)")
    host: Literal["up", "down"] = Field("up", description="up: the machine answers that nobody listens")

    def action(self) -> Action:
        """Return what it does."""
        return faults.Crash(self.crash, self.restart_after, self.host == "up")


class RestartEntry(Entry):
    """Processes that are down start again."""

    restart: Targets = Field(description="whose process starts")

    def action(self) -> Action:
        """Return what it does."""
        return faults.Restart(self.restart)


class CampaignEntry(Entry):
    """Processes are told to stand for election."""

    campaign: Targets = Field(description="whose process campaigns, without waiting for its timer")

    def action(self) -> Action:
        """Return what it does."""
        return faults.Campaign(self.campaign)


class PauseEntry(Ending):
    """Processes stand still, as in a garbage collection; their clocks go on."""

    pause: Targets = Field(description="whose process stands still")

    def action(self) -> Action:
        """Return what it does."""
        return faults.Pause(self.pause)


class SlowEntry(Ending):
    """Processes get slow."""

    slow: Targets = Field(description="whose process gets slow")
    factor: Factor = Field(description="how many times as slow, such as 10x")

    def action(self) -> Action:
        """Return what it does."""
        return faults.Slow(self.slow, self.factor)


class PartitionEntry(Lasting):
    """Groups of nodes that do not reach each other; nodes in no group keep all links."""

    partition: Annotated[tuple[Targets, ...], Field(min_length=2)] = Field(
        description="the groups, such as [[leader], [others]]"
    )
    mode: Mode = "drop"

    def action(self) -> Action:
        """Return what it does."""
        return faults.Partition(self.partition, self.mode == "hold")


class _FromTo(Shape):
    """Directed links."""

    from_: Targets = Field(alias="from", description="links from these nodes")
    to: Targets = Field(description="links to these nodes")


class CutEntry(Lasting):
    """A one-way cut."""

    cut: _FromTo = Field(description="the links that carry nothing")
    mode: Mode = "drop"

    def action(self) -> Action:
        """Return what it does."""
        return faults.Cut(self.cut.from_, self.cut.to, self.mode == "hold")


class IsolateEntry(Lasting):
    """Nodes that are cut off from everybody."""

    isolate: Targets = Field(description="who is cut off")
    direction: Literal["both", "in", "out"] = Field(
        "both", description="in: hears nothing; out: is not heard"
    )
    silent_after: Length | None = Field(
        None,
        description="so long after, the other direction is cut too: over TCP nothing new is sent while "
        "nothing is acknowledged",
    )
    mode: Mode = "drop"

    def action(self) -> Action:
        """Return what it does."""
        if self.silent_after is not None and self.direction == "both":
            raise mistakes(
                [(("silent_after",), "both directions are cut at once; expected direction in or out")]
            )
        return faults.Isolate(self.isolate, self.direction, self.mode == "hold", self.silent_after)


class BridgeEntry(Lasting):
    """Two halves that see each other through one node only."""

    bridge: Targets = Field(description="who sees both halves")
    mode: Mode = "drop"

    def action(self) -> Action:
        """Return what it does."""
        return faults.Bridge(self.bridge, self.mode == "hold")


class RingEntry(Lasting):
    """Every server sees a majority, and no two see the same."""

    ring: Literal[True] = Field(description="true")
    mode: Mode = "drop"

    def action(self) -> Action:
        """Return what it does."""
        return faults.Ring(self.mode == "hold")


class _Flapping(Shape):
    """Links that come and go."""

    between: tuple[Targets, Targets] = Field(description="the two sides")
    up: Length = Field(description="how long the links work each time")
    down: Length = Field(description="how long they do not")


class FlapEntry(Ending):
    """Links that come and go."""

    flap: _Flapping = Field(description="between whom, and how")
    mode: Mode = "drop"

    def action(self) -> Action:
        """Return what it does."""
        ones, others = self.flap.between
        return faults.Flap(ones, others, self.flap.up, self.flap.down, self.mode == "hold")


class _Degrading(Shape):
    """How links behave instead."""

    from_: Targets = Field(
        "all", alias="from", validate_default=True, description="links from these (default all)"
    )
    to: Targets = Field("all", validate_default=True, description="links to these (default all)")
    latency: LengthDistribution | None = Field(None, description="time on the way, one way")
    loss: LossField | None = Field(None, description="share of messages lost, or bursts")
    duplicate: Share | None = Field(None, description="share of messages that arrive twice")
    reorder: ReorderField | None = Field(None, description="share held back, by 0 to 10ms unless said")
    bandwidth: Bandwidth | None = Field(None, description="of each link")


class DegradeEntry(Ending):
    """Links that get worse."""

    degrade: _Degrading = Field(description="which links, and how")

    def action(self) -> Action:
        """Return what it does."""
        worse = self.degrade
        changes = (worse.latency, worse.loss, worse.duplicate, worse.reorder, worse.bandwidth)
        if all(change is None for change in changes):
            keys = "latency, loss, duplicate, reorder, bandwidth"
            raise mistakes([(("degrade",), f"nothing gets worse; expected one of {keys}")])
        return faults.Degrade(worse.from_, worse.to, *changes)


class _DiskFault(Shape):
    """What happens to disks: one of these."""

    of: Targets = Field(description="whose disk")
    stall: Literal[True] | None = Field(None, description="it completes nothing")
    fsync: LengthDistribution | None = Field(None, description="synchronising takes this long")
    full: Literal[True] | None = Field(None, description="there is no room; a process that saves dies")
    lying: Literal[True] | None = Field(None, description="it says durable, and is not")
    corrupt: Literal[True] | None = Field(
        None, description="what was saved is damaged, as a checksum finds out"
    )
    torn: Literal[True] | None = Field(None, description="a crash leaves a part of the unsynced records")


class DiskEntry(Lasting):
    """Something happens to disks."""

    disk: _DiskFault = Field(description="whose, and what")

    def action(self) -> Action:
        """Return what it does."""
        kind = _one_of(self.disk, "disk", ("stall", "fsync", "full", "lying", "corrupt", "torn"))
        return faults.DiskFault(self.disk.of, kind, self.disk.fsync)  # type: ignore[arg-type]


class _ClockFault(Shape):
    """What happens to clocks: one of these."""

    of: Targets = Field(description="whose clock")
    step: SignedDuration | None = Field(None, description="the wall clock jumps, such as -5s")
    rate: RateError | None = Field(None, description="the rate error becomes this, such as 5%")
    freeze: Literal[True] | None = Field(None, description="the clocks stand still")


class ClockEntry(Lasting):
    """Something happens to clocks."""

    clock: _ClockFault = Field(description="whose, and what")

    def action(self) -> Action:
        """Return what it does."""
        fault = self.clock
        kind = _one_of(fault, "clock", ("step", "rate", "freeze"))
        if kind == "step" and self.for_ is not None:
            raise mistakes([(("for",), "a step happens at once and has no length")])
        if fault.step is not None:
            return faults.ClockStep(fault.of, fault.step)
        return faults.ClockFreeze(fault.of) if fault.rate is None else faults.ClockRate(fault.of, fault.rate)


class HealEntry(Entry):
    """All partitions, cuts and degradations end."""

    heal: Literal[True] = Field(description="true")

    def action(self) -> Action:
        """Return what it does."""
        return faults.Heal()


def _one_of(shape: Shape, path: str, keys: tuple[str, ...]) -> str:
    given = [key for key in keys if getattr(shape, key) is not None]
    if len(given) != 1:
        found_keys = " and ".join(given) or "nothing"
        raise mistakes([((path,), f"found {found_keys}, expected exactly one of {', '.join(keys)}")])
    return given[0]


ACTIONS: dict[str, type[Entry]] = {
    "crash": CrashEntry,
    "stop": StopEntry,
    "restart": RestartEntry,
    "campaign": CampaignEntry,
    "transfer": TransferEntry,
    "members": MembersEntry,
    "pause": PauseEntry,
    "slow": SlowEntry,
    "partition": PartitionEntry,
    "cut": CutEntry,
    "isolate": IsolateEntry,
    "bridge": BridgeEntry,
    "ring": RingEntry,
    "flap": FlapEntry,
    "degrade": DegradeEntry,
    "disk": DiskEntry,
    "clock": ClockEntry,
    "heal": HealEntry,
}
