"""The rules between the settings of Raft: what must hold for a cluster to make sense."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from protocols.raft.parameters import MEMBERSHIPS, READS, RaftParameters, heartbeat, timeouts


def check(parameters: RaftParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break."""
    for rule in _RULES:
        yield from rule(parameters)


def _ranges(parameters: RaftParameters) -> Iterator[str]:
    shortest, longest = parameters.election_timeout
    if shortest <= 0:
        yield f"election_timeout must begin above 0, not at {shortest} ns"
    if longest < shortest:
        yield f"election_timeout ends ({longest} ns) before it begins ({shortest} ns)"
    first, last = parameters.candidate_timeout
    if last < first:
        yield f"candidate_timeout ends ({last} ns) before it begins ({first} ns)"
    if first == 0 < last:
        yield "candidate_timeout must begin above 0, or be 0 altogether"


def _heartbeats(parameters: RaftParameters) -> Iterator[str]:
    interval, shortest = heartbeat(parameters), timeouts(parameters)[0]
    if interval >= shortest:
        yield (
            f"heartbeat_interval ({interval} ns) must be shorter than the shortest "
            f"election_timeout ({shortest} ns), or followers campaign against a healthy leader"
        )


def _timers(parameters: RaftParameters) -> Iterator[str]:
    if parameters.tick and parameters.polled_contact:
        yield "tick and polled_contact are two kinds of timers: choose one"
    if parameters.tick and parameters.candidate_timeout != (0, 0):
        yield "tick and candidate_timeout are two kinds of timers: choose one"


def _lease(parameters: RaftParameters) -> Iterator[str]:
    if parameters.leader_lease_timeout and not parameters.check_quorum:
        yield "leader_lease_timeout needs check_quorum"
    if parameters.leader_lease_timeout > timeouts(parameters)[0]:
        yield "leader_lease_timeout must not be longer than the shortest election_timeout"


def _reads(parameters: RaftParameters) -> Iterator[str]:
    if parameters.reads not in READS:
        yield f"reads is {', '.join(READS[:-1])} or {READS[-1]}, not {parameters.reads!r}"
    if parameters.reads == "lease" and not parameters.voter_stickiness:
        yield "reads: lease needs voter_stickiness, or voters elect another leader within the lease"
    if parameters.reads == "unsafe_lease" and not parameters.check_quorum:
        yield "reads: unsafe_lease needs check_quorum, or a leader that is cut off answers for ever"


def _members(parameters: RaftParameters) -> Iterator[str]:
    if parameters.membership not in MEMBERSHIPS:
        yield f"membership is {', '.join(MEMBERSHIPS)}, not {parameters.membership!r}"
    if parameters.membership == "fixed" and (parameters.voters or parameters.learners):
        yield "voters and learners need membership: single or joint"
    if parameters.voters + parameters.learners > parameters.nodes:
        yield f"there are {parameters.voters} voters and {parameters.learners} learners, and fewer nodes"
    if parameters.learners >= parameters.nodes:
        yield "somebody must have a vote"


def _priorities(parameters: RaftParameters) -> Iterator[str]:
    given = parameters.priorities.split()
    if any(not word.isdecimal() for word in given):
        yield f"priorities are numbers from 0 on with spaces between them, not {parameters.priorities!r}"
    elif len(given) > parameters.nodes:
        yield f"there are {len(given)} priorities and only {parameters.nodes} servers"
    elif len(given) == parameters.nodes and not any(map(int, given)):
        yield "somebody must have a priority above 0, or nobody ever campaigns"


_RULES: tuple[Callable[[RaftParameters], Iterator[str]], ...] = (
    _ranges,
    _heartbeats,
    _timers,
    _lease,
    _reads,
    _members,
    _priorities,
)
