"""A bench for the classic protocols: members by rank, and messages counted by class."""

from __future__ import annotations

from collections import Counter
from typing import Any

from protocols.api import ProtocolSpec
from protocols.bench import Bench
from protocols.classic.storage import HighestStorage
from protocols.recording import FollowedNow, LedNow, Sent

MS = 1_000_000


class ClassicBench(Bench):
    """Processes of one protocol; `n1` has the lowest rank."""

    def __init__(self, spec: ProtocolSpec, nodes: int = 5, **settings: Any) -> None:
        super().__init__(spec, spec.parameters(nodes=nodes, **settings))

    def member(self, name: str) -> Any:
        """Return the process of a member."""
        return self.processes[name]

    def stand(self, name: str) -> None:
        """Let a member campaign, as the administrator's order does."""
        self.member(name).campaign()
        self._perform(name)

    def promised(self, name: str) -> int:
        """Return what a member's disk has as the highest number."""
        storage = self.storages[name]
        assert isinstance(storage, HighestStorage)
        return storage.number

    def is_waiting(self, name: str, timer: str) -> bool:
        """Return whether a timer of a member is set."""
        return self.hosts[name].timers[timer].after_ns is not None

    def hops_time_out(self, times: int = 1) -> None:
        """Let every hop of a ring that waits for an acknowledgement time out, so many times."""
        for _ in range(times):
            for name in list(self.processes):
                if self.is_waiting(name, "hop"):
                    self.fire(name, "hop")
            self.settle()

    def leaders(self) -> dict[str, int]:
        """Return who believes to lead, and under which epoch, going by what was said."""
        found: dict[str, int] = {}
        for node, effect in self.effects:
            if isinstance(effect, LedNow):
                found[node] = effect.epoch
            elif isinstance(effect, FollowedNow):
                found.pop(node, None)
        return {node: epoch for node, epoch in found.items() if node in self.processes}

    def sent(self) -> Counter[str]:
        """Return how many messages of each class were sent since the last call."""
        counted = Counter(
            type(effect.message).__name__ for _, effect in self.effects if isinstance(effect, Sent)
        )
        self.effects = [(node, effect) for node, effect in self.effects if not isinstance(effect, Sent)]
        return counted

    def isolate(self, *names: str) -> None:
        """Lose what is under way between these nodes and the others."""
        across = [e for e in self.network if (e.source in names) != (e.target in names)]
        if across:
            self.drop(*across)
