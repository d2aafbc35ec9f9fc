"""Known mistakes in fast leader election, each as a variant of one rule, and a play that tells it apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from protocols.recording import RecordingHost
from protocols.zookeeper.election import FastLeaderElection
from protocols.zookeeper.messages import Notification
from protocols.zookeeper.parameters import MS, ZabParameters
from protocols.zookeeper.votes import FOLLOWING, Vote, supporters


class Looking:
    """Server 2 of several, whose zxid is 10 in epoch 5, looking for a leader."""

    def __init__(
        self, voters: int = 3, election: type[FastLeaderElection] = FastLeaderElection, **settings: Any
    ) -> None:
        self.host = RecordingHost("n2")
        self.sent: list[tuple[int, Notification]] = []
        self.elected: list[Vote] = []
        parameters = replace(ZabParameters(nodes=voters), **settings)
        self.election = election(
            self.host, 2, voters, parameters, lambda *sent: self.sent.append(sent), self.elected.append
        )
        self.election.start(10, 5)

    def hear(self, source: int, vote: Vote, number: int = 1) -> None:
        """Take a notification."""
        self.election.on_notification(source, Notification(vote, number))

    def fire(self, timer: str) -> None:
        """Let a timer come up."""
        self.host.timers[timer].fire()

    def take(self) -> list[tuple[int, Vote]]:
        """Return what was sent since the last time, to whom."""
        sent, self.sent = self.sent, []
        return [(server, notification.vote) for server, notification in sent]


class AnyRound(FastLeaderElection):
    """Z15: whoever is followed leads, in whatever round that was (ZOOKEEPER-1514)."""

    def _established(self, votes: dict[int, Vote], vote: Vote) -> bool:
        if vote.leader == self.me:
            return supporters(votes.values(), vote) > self._voters // 2
        return super()._established(votes, vote)


class TakesTheirWord(FastLeaderElection):
    """Z16: a quorum that follows somebody is enough; whether that one leads is not asked (ZOOKEEPER-975)."""

    def _established(self, votes: dict[int, Vote], vote: Vote) -> bool:
        return supporters(votes.values(), vote) > self._voters // 2


class Hurried(FastLeaderElection):
    """Z22: no wait for a better vote."""

    def _wait_or_finish(self) -> None:
        if self._has_quorum():
            self._finish(self.proposal)
        else:
            super()._wait_or_finish()


class Patient(FastLeaderElection):
    """Z23: pauses between repetitions grow without end (ZOOKEEPER-822, -3756)."""

    def _on_silence(self) -> None:
        self.notify()
        self._timeout_ns *= 2
        self._poll.set(self._timeout_ns)


def is_taken_for_an_old_leader(election: type[FastLeaderElection]) -> bool:
    """Return whether a server leads because two others still follow it from an older round."""
    server = Looking(election=election)
    for other in (1, 3):
        server.hear(other, Vote(2, 10, 5, 9, FOLLOWING), 9)
    return bool(server.elected)


def follows_the_dead(election: type[FastLeaderElection]) -> bool:
    """Return whether a server follows one of which only others say that it leads."""
    server = Looking(5, election)
    for other in (1, 3, 4):
        server.hear(other, Vote(5, 10, 6, 3, FOLLOWING), 3)
    return bool(server.elected)


def the_best_vote_is_late(election: type[FastLeaderElection]) -> int:
    """Return who is elected when the best vote comes last, within finalizeWait."""
    server = Looking(5, election)
    for other in (1, 4):
        server.hear(other, Vote(2, 10, 5, 1))
    for other in (3, 1):
        server.hear(other, Vote(3, 11, 5, 1))
    if server.host.timers["finalize"].after_ns is not None:
        server.fire("finalize")
    return server.elected[0].leader


def the_others_are_away(election: type[FastLeaderElection]) -> bool:
    """Return whether a server still asks every minute after an hour of silence."""
    server = Looking(election=election)
    waited = 0
    while waited < 3_600_000 * MS:
        after = server.host.timers["notification"].after_ns
        assert after is not None
        waited += after
        server.fire("notification")
    return server.host.timers["notification"].after_ns == 60_000 * MS


@dataclass(frozen=True, slots=True)
class Mistake:
    """An election, a play, and what comes of it and of the right one."""

    wrong: type[FastLeaderElection]
    play: Callable[[type[FastLeaderElection]], Any]
    of_wrong: Any
    of_right: Any


MISTAKES: dict[str, Mistake] = {
    "Z15": Mistake(AnyRound, is_taken_for_an_old_leader, True, False),
    "Z16": Mistake(TakesTheirWord, follows_the_dead, True, False),
    "Z22": Mistake(Hurried, the_best_vote_is_late, 2, 3),
    "Z23": Mistake(Patient, the_others_are_away, False, True),
}
