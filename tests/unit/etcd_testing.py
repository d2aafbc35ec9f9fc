"""etcd without a world: members with one of them leading, contenders, and time that passes.

Messages take no time; timers fire when `pass_time` gets to them, the earliest first.
"""

from __future__ import annotations

from typing import Any

from protocols.api import NodeId, ProtocolSpec, Refused
from protocols.bench import Bench
from protocols.etcd import SPEC
from protocols.etcd.contender import Contender
from protocols.etcd.machine import EtcdMachine
from protocols.etcd.parameters import EtcdParameters
from protocols.recording import FollowedNow, LedNow, TimerCancelled, TimerSet

MS = 1_000_000
S = 1_000_000_000


class EtcdBench(Bench):
    """A bench whose clocks move together; nodes in `cut` neither send nor receive."""

    def __init__(self, spec: ProtocolSpec = SPEC, **parameters: Any) -> None:
        self.cut: set[NodeId] = set()
        self.apart: set[tuple[NodeId, NodeId]] = set()  # (source, target) of links that are cut
        self._due: dict[tuple[NodeId, str], int] = {}
        super().__init__(spec, EtcdParameters(**{"ttl": 5 * S, **parameters}))

    def pass_time(self, ns: int) -> None:
        """Let timers fire and messages arrive for so long."""
        end = self.now_ns + ns
        while True:
            self._exchange()
            ready = self._next()
            if ready is None or ready[0] > end:
                break
            at, node, timer = ready
            self._set_clocks(max(at, self.now_ns))
            del self._due[node, timer]
            self.fire(node, timer)
        self._set_clocks(end)

    def _exchange(self) -> None:
        for _ in range(100_000):
            if not self.network:
                return
            envelope = self.network[0]
            pair = envelope.source, envelope.target
            if self.cut & set(pair) or pair in self.apart:
                self.drop(envelope)
            else:
                self.deliver(envelope)
        raise RuntimeError("messages without end")

    def _next(self) -> tuple[int, NodeId, str] | None:
        """Return the next timer: (time, node, name)."""
        found = []
        for node, host in self.hosts.items():
            for name, timer in host.timers.items():
                if node in self.processes and timer.after_ns is not None:
                    found.append(
                        (self._due.setdefault((node, name), self.now_ns + timer.after_ns), node, name)
                    )
        return min(found, default=None)

    def _set_clocks(self, time: int) -> None:
        self.now_ns = time
        for host in self.hosts.values():
            host.now_ns = time

    def _collect(self, node: NodeId) -> None:
        # A timer that was set again is due anew.
        for effect in self.hosts[node].effects:
            if isinstance(effect, TimerSet):
                self._due[node, effect.name] = self.now_ns + effect.after_ns
            elif isinstance(effect, TimerCancelled):
                self._due.pop((node, effect.name), None)
        super()._collect(node)

    def crash(self, node: NodeId) -> None:
        """End a process; those that are connected to it are told, as its machine stays up."""
        super().crash(node)
        for key in [key for key in self._due if key[0] == node]:
            del self._due[key]
        for other in list(self.processes):
            self.tell(node, other, Refused(node))

    @property
    def time(self) -> int:
        """Return what all clocks show."""
        return self.now_ns

    # Looking -------------------------------------------------------------------------------------

    def contender(self, node: NodeId) -> Contender:
        """Return the process of a contender."""
        process = self.processes[node]
        assert isinstance(process, Contender)
        return process

    def machine(self, node: NodeId) -> EtcdMachine:
        """Return the state machine of a member."""
        process: Any = self.processes[node]
        machine: EtcdMachine = process.machine.machine
        return machine

    def member(self) -> NodeId:
        """Return the member that leads its Raft."""
        leads = [name for name in self.group.servers if name in self.processes and self._leads(name)]
        return max(leads, key=lambda name: self.processes[name].current_term)  # type: ignore[attr-defined]

    def _leads(self, name: NodeId) -> bool:
        process: Any = self.processes[name]
        leads: bool = process.is_leader
        return leads

    def leaders(self) -> list[NodeId]:
        """Return the contenders that believe that they lead now."""
        believing: dict[NodeId, bool] = {}
        for node, effect in self.effects:
            if node in self.group.contenders and isinstance(effect, LedNow | FollowedNow):
                believing[node] = isinstance(effect, LedNow)
        return [node for node, leads in believing.items() if leads and node in self.processes]

    def events(self) -> list[tuple[NodeId, int | str]]:
        """Return the beliefs of contenders in order: (node, epoch) and (node, reason)."""
        return [
            (node, effect.epoch if isinstance(effect, LedNow) else effect.reason)
            for node, effect in self.effects
            if node in self.group.contenders and isinstance(effect, LedNow | FollowedNow)
        ]
