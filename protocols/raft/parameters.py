"""What a scenario can set of Raft, and the rules between the settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.api import parameter

MS = 1_000_000


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


def check(parameters: RaftParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break."""
    shortest, longest = parameters.election_timeout
    if shortest <= 0:
        yield f"election_timeout must begin above 0, not at {shortest} ns"
    if longest < shortest:
        yield f"election_timeout ends ({longest} ns) before it begins ({shortest} ns)"
    if parameters.heartbeat_interval >= shortest:
        yield (
            f"heartbeat_interval ({parameters.heartbeat_interval} ns) must be shorter than the shortest "
            f"election_timeout ({shortest} ns), or followers campaign against a healthy leader"
        )
