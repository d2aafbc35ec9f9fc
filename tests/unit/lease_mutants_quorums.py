"""Mutants of what a majority grants: Redlock and PaxosLease (L09 to L16, L22 to L24)."""

from __future__ import annotations

from typing import Any

from protocols.api import NodeId
from protocols.lease import paxos_lease, redlock
from protocols.lease.paxos_lease.node import PaxosLeaseNode
from protocols.lease.redlock.contender import RedlockContender
from protocols.lease.redlock.messages import DeleteIfEqual, Key, SetIfAbsent
from protocols.lease.redlock.server import RedisNode
from protocols.script import Script
from tests.unit.lease_mutant import Mutant, dual_belief, stuck
from tests.unit.lease_testing import Outcome


class SetThenExpire(RedlockContender):
    """L10, the client: the key is set first, and gets its expiry by a second command."""

    def _lock(self) -> Script:
        yield from super()._lock()
        if self.epoch is not None:
            yield from self._extend(self.epoch)


class SetWithoutExpiry(RedisNode):
    """L10, the node: SETNX sets no expiry."""

    def on_set_if_absent(self, source: NodeId, asked: SetIfAbsent) -> None:
        free = self._value(self.host.wall()) is None
        self._answer(source, asked.request, free, Key(asked.value, 1 << 62))


class DeletesAnything(RedisNode):
    """L09 for Redlock: DEL without the comparison."""

    def on_delete_if_equal(self, source: NodeId, asked: DeleteIfEqual) -> None:
        self._answer(source, asked.request, True, Key(None, 0))


class TimerAfterPropose(PaxosLeaseNode):
    """L22: the owner's timer starts when the proposal is accepted."""

    def hold(self, epoch: int, until_ns: int) -> None:
        super().hold(epoch, self.clock() + self.parameters.validity)


def _late_leader(found: Outcome) -> bool:
    return found.first_leader_s is None or found.first_leader_s > 5


def _cut(one: str, *others: str, at: str = "0s", lasts: str = "60s") -> list[dict[str, Any]]:
    """Return the faults that cut the ways of a node to others, and back."""
    ways = ({"from": one, "to": list(others)}, {"from": list(others), "to": one})
    return [{"at": at, "cut": way, "for": lasts} for way in ways]


# n1 has s1, s2 and s3; another contender can get s3, s4 and s5, if s3 forgets.
_N1_HAS_THREE = [
    {"at": "0s", "pause": ["n2", "n3"], "for": "5s"},
    *_cut("n1", "s4", "s5"),
    *_cut("n2", "s1", "s2", at="6s"),
]
_RESTART = {"at": "8s", "crash": "s3", "restart_after": "50ms"}


def _meanwhile(fault: dict[str, Any]) -> dict[str, Any]:
    return {"faults": [*_N1_HAS_THREE, fault], "duration": "13s"}


# n1 owns with the acceptors n1 and n2; n2 forgets, and grants the lease to n3.
_TWO_OF_THREE = {
    "faults": [
        *_cut("n1", "n3"),
        *_cut("n2", "n3", lasts="5s"),
        *_cut("n1", "n2", at="5900ms"),
        {"at": "6s", "crash": "n2", "restart_after": "10ms"},
    ],
    "duration": "14s",
}
# n1 and n2 have half of four nodes each.
_HALVES = [*_cut("n1", "s3", "s4"), *_cut("n2", "s1", "s2")]
# n1 can lock s1 and s2 only, n2 all but s5: it needs what n1 keeps.
_CONTENTION = [*_cut("n1", "s3", "s4", "s5"), *_cut("n2", "s5")]
_SLOW_N1 = [
    {"from": "n1", "to": "servers", "latency": "400ms"},
    {"from": "servers", "to": "n1", "latency": "400ms"},
]

QUORUMS: dict[str, Mutant] = {
    "L09r": Mutant(
        "deletes the key whatever its value (distlock: 'signed' with a random string)",
        "redlock",
        dual_belief,
        {"duration": "10s"},
        redlock.make_spec("L09r", server=DeletesAnything),
    ),
    "L10": Mutant(
        "SETNX, then EXPIRE: a crash between leaves a lock for ever",
        "redlock",
        stuck,
        {"faults": [{"when": {"event": "leader_elected"}, "crash": "that node"}], "duration": "60s"},
        redlock.make_spec("L10", SetThenExpire, SetWithoutExpiry),
    ),
    "L11": Mutant(
        "a node restarts without persistence (distlock documentation)",
        "redlock",
        dual_belief,
        _meanwhile(_RESTART),
        mistake={"restart_wait": False},
    ),
    "L12": Mutant(
        "a node restarts without the last second (fsync every second)",
        "redlock",
        dual_belief,
        _meanwhile({**_RESTART, "at": "220ms"}),
        mistake={"restart_wait": False, "persistence": "everysec"},
    ),
    "L14": Mutant(
        "the validity ignores the time that locking took",
        "redlock",
        dual_belief,
        {
            "network": {"links": _SLOW_N1},
            "faults": [
                {"at": "0s", "pause": ["n2", "n3"], "for": "10s"},
                {"at": "20s", "partition": [["leader"], ["servers"]]},
            ],
            "duration": "50s",
        },
        mistake={"count_elapsed": False},
        settings={"node_timeout": "1s"},
    ),
    "L15": Mutant(
        "half of the nodes are enough",
        "redlock",
        dual_belief,
        {"faults": _HALVES, "duration": "10s"},
        mistake={"servers": 4, "quorum": 2},
        settings={"nodes": 2},
    ),
    "L16": Mutant(
        "a client that failed keeps what it locked: all wait for the end of the lease",
        "redlock",
        _late_leader,
        {"faults": _CONTENTION, "duration": "30s"},
        settings={"nodes": 2},
        mistake={"release_failed": False},
        seeds=(1, 2, 3, 4, 5),
    ),
    "L22": Mutant(
        "the owner's timer starts when the proposal is accepted",
        "paxos-lease",
        dual_belief,
        {
            "faults": [
                {"at": "5s", "degrade": {"from": "followers", "to": "leader", "latency": "2s"}, "for": "30s"},
                {"at": "20s", "partition": [["leader"], ["others"]]},
            ],
            "duration": "40s",
        },
        paxos_lease.make_spec("L22", TimerAfterPropose),
        settings={"round_timeout": "5s"},
        seeds=tuple(range(1, 11)),
    ),
    "L23": Mutant(
        "a restarted acceptor speaks at once",
        "paxos-lease",
        dual_belief,
        _TWO_OF_THREE,
        mistake={"silent_restart": False},
        seeds=tuple(range(1, 11)),
    ),
    "L24": Mutant(
        "a lease is longer than a restarted acceptor is silent",
        "paxos-lease",
        dual_belief,
        _TWO_OF_THREE,
        mistake={"max_lease": "1s"},
        seeds=tuple(range(1, 11)),
    ),
}
