"""What a scenario can set of Raft: the core's settings, and a switch for each extension."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from functools import lru_cache

from protocols.api import parameter

MS = 1_000_000
NO_RANGE = (0, 0)

READS = ("log", "read_index", "lease", "unsafe_lease")
MEMBERSHIPS = ("fixed", "single", "joint")


@dataclass(frozen=True, slots=True)
class RaftParameters:
    """The settings of one cluster; all servers share them."""

    nodes: int = parameter(5, "count", "Number of servers.", minimum=1)
    election_timeout: tuple[int, int] = parameter(
        (150 * MS, 300 * MS),
        "duration_range",
        "A server that hears nothing from a leader for this long campaigns; drawn anew at each reset.",
    )
    heartbeat_interval: int = parameter(
        50 * MS, "duration", "The leader sends to every follower at least this often.", minimum=1
    )
    max_entries_per_message: int = parameter(
        100, "count", "An AppendEntries carries at most so many entries.", minimum=1
    )
    snapshot_entries: int = parameter(
        1000, "count", "Compact the log when it grew by so many applied entries; 0: never.", minimum=0
    )
    overlap_own_vote: bool = parameter(
        True, "flag", "A candidate asks for votes while its own is still being written to its disk."
    )
    announce_commits: bool = parameter(
        False, "flag", "The leader says at once what it committed; otherwise with its next message."
    )
    # Timers ----------------------------------------------------------------------------------------
    candidate_timeout: tuple[int, int] = parameter(
        NO_RANGE, "duration_range", "How long a candidate waits for votes; 0: as election_timeout says."
    )
    tick: int = parameter(
        0, "duration", "Timers count ticks of this length, as in etcd; 0: they are continuous.", minimum=0
    )
    election_ticks: int = parameter(
        10, "count", "With tick: time out after so many ticks and up to as many less one more.", minimum=1
    )
    heartbeat_ticks: int = parameter(1, "count", "With tick: heartbeats come every so many ticks.", minimum=1)
    polled_contact: bool = parameter(
        False, "flag", "Timers are not reset at each contact; when one is due, the last contact's age counts."
    )
    # Elections -------------------------------------------------------------------------------------
    pre_vote: bool = parameter(False, "flag", "A server asks whether it could win before it campaigns.")
    check_quorum: bool = parameter(
        False, "flag", "A leader that hears from no majority for an election timeout steps down."
    )
    leader_lease_timeout: int = parameter(
        0, "duration", "With check_quorum: step down when no majority was heard for so long; 0: as etcd does."
    )
    voter_stickiness: bool = parameter(
        False, "flag", "A server that heard from a leader within an election timeout ignores votes."
    )
    priorities: str = parameter(
        "", "text", "Per server, such as '3 1 1 0'; lower ones time out later, 0 never; empty: all alike."
    )
    # Reads, and who leads --------------------------------------------------------------------------
    reads: str = parameter(
        "log",
        "text",
        "How a read is answered: log, read_index, lease, or unsafe_lease (etcd's, which asks no clock).",
    )
    clock_drift_bound: float = parameter(
        1.02, "ratio", "For lease: no clock runs more than so many times as fast as another.", minimum=1
    )
    leadership_transfer: bool = parameter(
        False, "flag", "Leadership can be handed over: on order, and before a server stops."
    )
    # Members ---------------------------------------------------------------------------------------
    membership: str = parameter(
        "fixed", "text", "How members change: fixed (never), single (one voter at a time), or joint."
    )
    voters: int = parameter(0, "count", "The first so many servers have a vote at first; 0: all others.")
    learners: int = parameter(0, "count", "The next so many get entries and have no vote at first.")
    # Sending ---------------------------------------------------------------------------------------
    pipeline: int = parameter(
        1, "count", "So many messages with entries may be under way to a follower.", minimum=1
    )
    batch_delay: int = parameter(
        0, "duration", "The leader collects commands for so long and appends them together; 0: one by one."
    )


CORE = (
    "nodes", "election_timeout", "heartbeat_interval", "max_entries_per_message", "snapshot_entries",
    "overlap_own_vote", "clock_drift_bound",
)  # fmt: skip
_SWITCHES = tuple(
    (each.name, each.default)
    for each in fields(RaftParameters)
    if each.name not in CORE and each.default is not MISSING
)


@lru_cache(maxsize=64)
def is_plain(parameters: RaftParameters) -> bool:
    """Return whether no extension is switched on: then the core runs alone, as fast as ever."""
    return all(getattr(parameters, name) == default for name, default in _SWITCHES)


def timeouts(parameters: RaftParameters) -> tuple[int, int]:
    """Return the shortest and the longest election timeout in nanoseconds, of ticks or not."""
    if parameters.tick:
        shortest = parameters.tick * parameters.election_ticks
        return shortest, 2 * shortest - parameters.tick
    return parameters.election_timeout


def heartbeat(parameters: RaftParameters) -> int:
    """Return the interval of heartbeats in nanoseconds, of ticks or not."""
    if parameters.tick:
        return parameters.tick * parameters.heartbeat_ticks
    return parameters.heartbeat_interval


def priority_of(parameters: RaftParameters, number: int) -> int:
    """Return the priority of the server of that number, from 0; 1 where none is given."""
    given = parameters.priorities.split()
    return int(given[number]) if number < len(given) else 1


def initial_members(
    parameters: RaftParameters, servers: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the voters and the learners at the beginning; the other servers wait to be added."""
    voters = parameters.voters or len(servers) - parameters.learners
    return servers[:voters], servers[voters : voters + parameters.learners]
