"""A node's disk: an ordered log of records with group commit.

A record is durable once a synchronisation that began after it was written has ended. What is saved
while one is under way goes with the next, as in real write-ahead logs.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from typing import Any

from protocols.api import Storage
from sim.distributions import Constant, Distribution
from sim.kernel import Kernel
from sim.rng import Seed
from sim.sampling import Sampler


class DiskFull(Exception):
    """A save found no room; the process dies of it, as etcd does."""


class Disk:
    """What a node has saved; survives the node's crashes."""

    __slots__ = (
        "_block", "_fsync", "_generation", "_interrupted", "_kernel", "_lied",
        "_stalls", "_syncing", "_write", "corrupt", "durable", "flawless", "fsyncs", "full", "image",
        "instant", "lying", "unsynced",
    )  # fmt: skip

    def __init__(self, kernel: Kernel, image: Storage) -> None:
        """Create a disk that holds `image` and takes no time."""
        self._kernel = kernel
        self.image = image
        self.durable: Callable[[int], None] = _nobody  # told how many waiting records became durable
        self.unsynced: list[Any] = []
        self.fsyncs = 0  # synchronisations that ended
        self.full = self.lying = self.corrupt = False
        self._stalls = 0  # stalls under way
        self._lied: list[Any] = []
        self._syncing = 0  # records that the synchronisation under way covers
        self._interrupted = False  # it ended during a stall, which it must sit out
        self._generation = 0
        self._block: list[int] = []
        self.instant = self.flawless = True

    def set_speed(self, write: Distribution, fsync: Distribution, seed: Seed, stream: str) -> None:
        """Draw the lengths of writing and synchronising from these from now on."""
        self._write = Sampler(write, seed.key(f"{stream} disk write"))
        self._fsync = Sampler(fsync, seed.key(f"{stream} disk fsync"))
        self._block = []
        self.instant = write == fsync == Constant(0)
        self.assess()

    def assess(self) -> None:
        """Find out, after a change, whether saving is as simple as can be: no latency and no fault."""
        troubled = self._stalls or self.full or self.lying or self._syncing or self.unsynced
        self.flawless = self.instant and not troubled

    def save(self, record: Any) -> bool:
        """Write `record` and return whether it is durable already; DiskFull if there is no room."""
        if self.flawless:
            self.fsyncs += 1
            self.image.apply(record)
            return True
        if self.full:
            raise DiskFull
        self.unsynced.append(record)
        if not self._syncing:
            self._sync()
        return False

    def _sync(self) -> None:
        self._syncing = len(self.unsynced)
        kernel = self._kernel
        time_ns = kernel._now + (0 if self.instant else self._length())
        heappush(kernel.queue, (time_ns, kernel.next_key(), self._synced, self._generation))

    def _length(self) -> int:
        if not self._block:
            self._block = (self._write.array() + self._fsync.array()).tolist()
        return self._block.pop()

    def _synced(self, generation: int) -> None:
        if generation != self._generation:
            return
        if self._stalls:
            self._interrupted = True
            return
        count = self._syncing
        records, self.unsynced = self.unsynced[:count], self.unsynced[count:]
        self.fsyncs += 1
        self._syncing = 0
        if self.lying:
            self._lied.extend(records)
        else:
            for record in records:
                self.image.apply(record)
        if self.unsynced:
            self._sync()
        elif self.instant:
            self.assess()
        self.durable(count)

    def stall(self) -> None:
        """Complete nothing until as many `release` have come."""
        self._stalls += 1
        self.assess()

    def release(self) -> None:
        """End one stall."""
        self._stalls -= 1
        if not self._stalls and self._interrupted:
            self._interrupted = False
            self._synced(self._generation)
        self.assess()

    def tell_truth(self) -> None:
        """Stop lying: what was only claimed to be durable is written now."""
        self.lying = False
        for record in self._lied:
            self.image.apply(record)
        self._lied.clear()
        self.assess()

    def crash(self, survivors: int = 0) -> int:
        """Lose what is not durable, but for the first `survivors` records.

        Returns how many records were lost that the disk had claimed to be durable.
        """
        for record in self.unsynced[:survivors]:
            if not self._lied:
                self.image.apply(record)
        self.unsynced = []
        self._syncing = 0
        self._interrupted = False
        self._generation += 1
        self.durable = _nobody
        exposed = len(self._lied)
        self._lied.clear()
        self.assess()
        return exposed


def _nobody(count: int) -> None:
    """Hear of durable records while no process runs."""
