"""Scenarios that are told as transcripts. Timers are so long that nothing happens but what is ordered."""

from __future__ import annotations

from typing import Any

SLOW = {"name": "raft", "election_timeout": ("10s", "20s"), "heartbeat_interval": "5s"}
"""No timer fires within the story."""


def story(faults: list[dict[str, Any]], duration: str, **parts: Any) -> dict[str, Any]:
    """Return a scenario on a network that takes 2 ms each way; `parts` replace its keys."""
    return {
        "schema": 1,
        "name": "story",
        "about": "A story.",
        "duration": duration,
        "protocol": {**SLOW, **parts.pop("protocol", {})},
        "network": {"latency": "2ms"},
        "faults": faults,
        **parts,
    }


def cut(at: str, source: str, to: Any, length: str) -> dict[str, Any]:
    """Return a one-way cut: what is under way arrives, what is sent later does not."""
    return {"at": at, "cut": {"from": source, "to": to}, "for": length}


# Elections ----------------------------------------------------------------------------------------------

ELECTION = story([{"at": "0s", "campaign": "n1"}], "20ms", protocol={"nodes": 3})

SPLIT_VOTE = story(
    [{"at": "0s", "campaign": ["n1", "n2"]}],
    "900ms",
    protocol={"nodes": 4, "election_timeout": ("150ms", "300ms"), "heartbeat_interval": "140ms"},
    # Each of the two is heard first by one of the others.
    network={
        "latency": "2ms",
        "links": [
            {"from": "n1", "to": "n4", "latency": "3ms"},
            {"from": "n2", "to": "n3", "latency": "3ms"},
        ],
    },
    stop_when={"event": "leader_elected", "lasting": "7ms"},
)

PRE_VOTE = story(
    [
        {"at": "0s", "campaign": "n1"},
        {"at": "10ms", "isolate": "n3", "direction": "in", "for": "600ms"},
    ],
    "620ms",
    protocol={
        "nodes": 3,
        "pre_vote": True,
        "election_timeout": ("150ms", "300ms"),
        "heartbeat_interval": "100ms",
    },
)

CHECK_QUORUM = story(
    [{"at": "0s", "campaign": "n1"}, {"at": "40ms", "isolate": "n1", "for": "600ms"}],
    "660ms",
    protocol={
        "nodes": 3,
        "check_quorum": True,
        "election_timeout": ("150ms", "300ms"),
        "heartbeat_interval": "100ms",
    },
)

# Logs ---------------------------------------------------------------------------------------------------

_FIGURE_8: list[dict[str, Any]] = [
    # (a) n1 leads in term 2 and its entry reaches n2 only.
    {"at": "0s", "campaign": "n1"},
    cut("1ms", "n1", ["n3", "n4", "n5"], "9ms"),
    {"at": "10ms", "crash": "n1", "restart_after": "25ms"},
    # (b) n5 leads in term 3, elected by n3 and n4, and its entry reaches nobody.
    {"at": "20ms", "campaign": "n5"},
    cut("21ms", "n5", ["n1", "n2", "n3", "n4"], "9ms"),
    {"at": "30ms", "crash": "n5", "restart_after": "31ms"},
    # (c) n1 is back, learns of term 3, and leads in term 4.
    {"at": "40ms", "campaign": "n1"},
    {"at": "46ms", "campaign": "n1"},
    cut("47ms", "n1", "n4", "40ms"),
]

FIGURE_8_OVERWRITTEN = story(
    [
        *_FIGURE_8,
        # Its entry of term 2 gets to n3, and so to a majority; that of term 4 gets to n2 only.
        cut("56ms", "n1", "n3", "40ms"),
        {"at": "60ms", "crash": "n1"},
        # (d) n5 is back, learns of term 4, and leads in term 5: the entry of term 2 is overwritten.
        {"at": "65ms", "campaign": "n5"},
        {"at": "71ms", "campaign": "n5"},
    ],
    "90ms",
    protocol={"nodes": 5, "max_entries_per_message": 1},
    initial={"log_lengths": (1, 1, 1, 1, 1)},
)

FIGURE_8_COMMITTED = story(
    [
        *_FIGURE_8,
        # (e) Its entry of term 4 gets to n3 too, and is committed with all before it; n5 cannot win.
        {"at": "66ms", "crash": "n1"},
        {"at": "68ms", "campaign": "n5"},
        {"at": "74ms", "campaign": "n5"},
    ],
    "90ms",
    protocol={"nodes": 5, "max_entries_per_message": 1},
    initial={"log_lengths": (1, 1, 1, 1, 1)},
)

CONFLICT = story(
    [
        {"at": "0s", "campaign": "n1"},
        # What n1 appends alone in term 2 ...
        cut("1ms", "n1", ["n2", "n3"], "20ms"),
        {"at": "10ms", "crash": "n1", "restart_after": "20ms"},
        # ... n2 replaces by its own of term 3.
        {"at": "15ms", "campaign": "n2"},
        {"at": "35ms", "transfer": "n2", "to": "n3"},
    ],
    "60ms",
    protocol={"nodes": 3, "leadership_transfer": True},
    initial={"log_lengths": (1, 1, 1)},
)

INSTALL_SNAPSHOT = story(
    [{"at": "0s", "campaign": "n1"}, {"at": "5ms", "isolate": "n3", "for": "250ms"}],
    "330ms",
    protocol={"nodes": 3, "snapshot_entries": 3, "heartbeat_interval": "300ms"},
    workload={"name": "database-primary", "rate": "20/s", "clients": 1, "keys": 1, "arrival": "steady"},
)

# Orders -------------------------------------------------------------------------------------------------

TRANSFER = story(
    [
        {"at": "0s", "campaign": "n1"},
        # n2 lacks an entry when the order comes, and is brought up to date first.
        cut("3ms", "n1", "n2", "7ms"),
        {"at": "20ms", "transfer": "n1", "to": "n2"},
    ],
    "70ms",
    protocol={"nodes": 3, "leadership_transfer": True, "heartbeat_interval": "30ms"},
    initial={"log_lengths": (1, 1, 1)},
)

JOINT_MEMBERSHIP = story(
    [
        {"at": "0s", "campaign": "n1"},
        {"at": "20ms", "members": {"voters": "n4", "remove": "n2"}},
    ],
    "45ms",
    protocol={"nodes": 4, "voters": 3, "membership": "joint", "heartbeat_interval": "30ms"},
)
