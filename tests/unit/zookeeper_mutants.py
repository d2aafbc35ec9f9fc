"""Known mistakes in ensembles, each as a variant of one rule; their numbers are those of the catalogue.

What each breaks is told by the property that fires, or by a leader that is missing at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from protocols.api import Entry, ProtocolSpec
from protocols.zookeeper import make_ensemble, make_spec
from protocols.zookeeper.election import FastLeaderElection
from protocols.zookeeper.follower import Follower
from protocols.zookeeper.history import History
from protocols.zookeeper.leader import Leader
from protocols.zookeeper.learner import Learner
from protocols.zookeeper.messages import Ack, Diff, NewLeader, Proposal, Trunc, UpToDate
from protocols.zookeeper.requests import RequestServer
from protocols.zookeeper.server import ZooKeeperServer
from protocols.zookeeper.session_roles import SessionLeader
from protocols.zookeeper.tree import DataTree, Outcome
from protocols.zookeeper.votes import Vote


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken variant, and what it is caught by: a property, "no leader" or "a leader too many"."""

    spec: ProtocolSpec
    caught_by: tuple[str, ...]
    story: str


class _SelfOnly(FastLeaderElection):
    @staticmethod
    def better(new: Vote, old: Vote) -> bool:
        return new.leader > old.leader


class _DeadLeader(FastLeaderElection):
    def start(self, zxid: int, peer_epoch: int) -> None:
        super().start(zxid, peer_epoch)
        if self.proposal.leader != self._voters:
            self._initial = Vote(self._voters, 1 << 50, 1 << 20, self.round)
            self._propose(self._initial)
            self._wait_or_finish()


class _ForgottenPromise(History):
    def accept(self, epoch: int) -> None:
        self.accepted_epoch = epoch
        self._host.note("epoch_seen", epoch)


class _NotApplied(History):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.committed = self.log.last_index


class _LateLog(Follower):
    """Acknowledges NEWLEADER, and logs what came before it only when it is up to date."""

    _held: tuple[Entry, ...] = ()

    def _on_diff(self, diff: Diff) -> None:
        self._held = diff.entries

    def _on_new_leader(self, new_leader: NewLeader) -> None:
        self.send(Ack(new_leader.zxid))
        self.history.enter(self.epoch)

    def _on_proposal(self, proposal: Proposal) -> None:
        self._flush()
        super()._on_proposal(proposal)

    def _on_up_to_date(self, up_to_date: UpToDate) -> None:
        self._flush()
        super()._on_up_to_date(up_to_date)

    def _flush(self) -> None:
        held, self._held = self._held, ()
        self.history.append(held)


class _EagerAck(Follower):
    def _on_proposal(self, proposal: Proposal) -> None:
        self.send(Ack(proposal.entry.command.zxid))
        self.history.append((proposal.entry,))


class _KeepsTail(Follower):
    def _on_trunc(self, trunc: Trunc) -> None:
        pass


class _EarlyNewLeader(Leader):
    def _synchronise(self, learner: Learner) -> None:
        learner.connection.send(NewLeader(self.new_leader_zxid))
        super()._synchronise(learner)


class _NoQuorum(Leader):
    def _quorum_zxid(self) -> int:
        return max(self._acked.values(), default=0)


class _Undead(DataTree):
    def _remove(self, path: str, zxid: int) -> tuple[tuple[str, str], ...]:
        node = self.nodes[path]
        return () if node.owner and node.owner not in self.sessions else super()._remove(path, zxid)


class _AllEphemerals(DataTree):
    def _close_session(self, txn: Any) -> Outcome:
        for session in tuple(self.ephemerals):
            if session != txn.session:
                for path in tuple(self.ephemerals[session]):
                    self._remove(path, txn.zxid)
                    return Outcome(events=(("deleted", path),))
        return super()._close_session(txn)


class _WallClock(SessionLeader):
    def clock(self) -> int:
        return self.host.wall()


def _server(**parts: Any) -> ProtocolSpec:
    return make_ensemble(
        server=type("Mutant", (RequestServer,), {f"{name}_class": p for name, p in parts.items()})
    )


def _history(tree: type[DataTree]) -> type[History]:
    return type("MutantHistory", (History,), {"tree_class": tree})


def _with_clients(**parts: Any) -> ProtocolSpec:
    return make_spec(
        server=type("Mutant", (ZooKeeperServer,), {f"{name}_class": p for name, p in parts.items()})
    )


ENSEMBLES: dict[str, Mutant] = {
    "Z14": Mutant(
        _server(election=_SelfOnly), ("no leader",), "votes are compared by server, whatever their histories"
    ),
    "Z17": Mutant(_server(history=_ForgottenPromise), ("election_safety",), "acceptedEpoch is not saved"),
    "Z18": Mutant(
        _server(follower=_LateLog), ("commit_on_quorum",), "NEWLEADER is acknowledged before the log"
    ),
    "Z18b": Mutant(
        _server(follower=_EagerAck), ("commit_on_quorum",), "a proposal is acknowledged before fsync"
    ),
    "Z19": Mutant(_server(leader=_EarlyNewLeader), ("commit_on_quorum",), "NEWLEADER overtakes the history"),
    "Z19b": Mutant(_server(leader=_NoQuorum), ("commit_on_quorum",), "one acknowledgement is enough"),
    "Z20": Mutant(
        _server(history=_NotApplied), ("state_machine_safety",), "the log is not applied at a restart"
    ),
    "Z21": Mutant(
        _server(follower=_KeepsTail),
        ("log_matching", "state_machine_safety"),
        "TRUNC fails, and the server goes on",
    ),
    "Z24": Mutant(_server(election=_DeadLeader), ("no leader",), "votes for the leader that is dead"),
}

CLIENTS: dict[str, Mutant] = {
    "Z11": Mutant(
        _with_clients(history=_history(_Undead)),
        ("ephemeral_lifetime",),
        "ephemeral nodes survive their session",
    ),
    "Z11b": Mutant(
        _with_clients(history=_history(_AllEphemerals)),
        ("ephemeral_lifetime",),
        "another's node dies with a session",
    ),
    "Z13": Mutant(
        _with_clients(leader=_WallClock), ("a change too many",), "sessions expire by the wall clock"
    ),
}
