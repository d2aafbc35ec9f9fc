"""What is compared: protocols, and what one would do about each of their weaknesses."""

from __future__ import annotations

from dataclasses import dataclass

SEEDS = range(3)


@dataclass(frozen=True, slots=True)
class Setting:
    """A protocol with some of its parameters set; `what` says it in words."""

    protocol: str
    what: str
    overrides: tuple[str, ...] = ()


def _with(protocol: str, what: str, **parameters: str) -> Setting:
    return Setting(protocol, what, tuple(f"protocol.{name}={value}" for name, value in parameters.items()))


# All that matters is said: a setting must mean the same in every scenario.
SETTINGS = (
    _with("raft", "timeouts of 150 to 300 ms"),
    _with("raft", "half of that", election_timeout="[75ms, 150ms]", heartbeat_interval="25ms"),
    _with("raft", "pre-vote and CheckQuorum", pre_vote="true", check_quorum="true"),
    _with("multi-paxos", "as it comes"),
    _with("viewstamped-replication", "as it comes"),
    _with("zookeeper", "sessions of 10 s", session_timeout="10s"),
    _with("zookeeper", "sessions of 4 s", session_timeout="4s"),
    _with("etcd", "sessions of 10 s", ttl="10s"),
    _with("etcd", "sessions of 5 s", ttl="5s"),
    _with("lock-server", "lease of 10 s, clocks within 1 %", ttl="10s", rate_bound="1%"),
    _with("lock-server", "lease of 3 s, clocks within 1 %", ttl="3s", rate_bound="1%"),
    _with("lock-server", "lease of 10 s, a margin for 30 %", ttl="10s", rate_bound="30%"),
    _with("replicated-lock", "lease of 10 s, clocks within 1 %", ttl="10s", rate_bound="1%"),
    _with("database-row", "lease of 10 s", ttl="10s", renew_interval="3s"),
    _with("kubernetes", "lease of 15 s, renewed within 10 s"),
    _with("redlock", "as it comes"),
    _with("paxos-lease", "as it comes"),
    _with("bully", "as it comes: no quorum"),
    _with("ring", "as it comes: no quorum"),
)

BROKEN = (
    _with("etcd-naive-blind-put", "a put without a comparison"),
    _with("zk-naive-create", "create, and never look again"),
)
"""Recipes with a known mistake: a test is worth something if it finds them."""
