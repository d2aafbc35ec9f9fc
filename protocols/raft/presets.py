"""How products that are built on Raft set it by default, each number with its source."""

from __future__ import annotations

from typing import Any

from protocols.presets import Preset, Setting

MS = 1_000_000
SECOND = 1_000_000_000

_RAFT_GO = "etcd server/etcdserver/bootstrap.go, raft.Config"
_CONFIG = "etcd server/embed/config.go"

ETCD: dict[str, Setting] = {
    "tick": Setting(100 * MS, f"{_CONFIG}: TickMs 100; the heartbeat interval is one tick"),
    "election_ticks": Setting(10, f"{_CONFIG}: ElectionMs 1000; drawn from 10 to 19 ticks (etcd raft.go)"),
    "heartbeat_ticks": Setting(1, f"{_RAFT_GO}: HeartbeatTick 1"),
    "check_quorum": Setting(True, f"{_RAFT_GO}: CheckQuorum true, not to be switched off"),
    "voter_stickiness": Setting(True, "etcd raft.go, Step: comes with CheckQuorum (inLease)"),
    "reads": Setting("read_index", f"{_RAFT_GO}: ReadOnlyOption is ReadOnlySafe"),
    "leadership_transfer": Setting(True, "etcd server.go, TryTransferLeadershipOnShutdown"),
    "announce_commits": Setting(True, "etcd raft.go: bcastAppend after maybeCommit"),
}
"""What all releases of etcd have in common."""

_SNAPSHOTS = "etcd server.go: DefaultSnapshotCount 100000"

ETCD_3_4 = Preset(
    "etcd-3.4",
    "etcd 3.4: 100 ms ticks, CheckQuorum, no pre-vote",
    {
        **ETCD,
        "pre_vote": Setting(False, f"{_CONFIG} of release 3.4: PreVote false"),
        "snapshot_entries": Setting(100_000, _SNAPSHOTS),
    },
)
ETCD_3_5 = Preset(
    "etcd-3.5",
    "etcd 3.5: as 3.4, with pre-vote",
    {
        **ETCD,
        "pre_vote": Setting(True, f"{_CONFIG} of release 3.5: PreVote true"),
        "snapshot_entries": Setting(100_000, _SNAPSHOTS),
    },
)

_HASHICORP = "hashicorp/raft config.go, DefaultConfig"
_RANDOM = "drawn from one to two times that (randomTimeout)"

HASHICORP_1_7 = Preset(
    "hashicorp-raft-1.7",
    "hashicorp/raft 1.7: a second of silence, leader lease of half a second, pre-vote",
    {
        "tick": Setting(0, "hashicorp/raft raft.go: timers are continuous"),
        "election_timeout": Setting(
            (SECOND, 2 * SECOND), f"{_HASHICORP}: HeartbeatTimeout 1000 ms, {_RANDOM}"
        ),
        "candidate_timeout": Setting(
            (SECOND, 2 * SECOND), f"{_HASHICORP}: ElectionTimeout 1000 ms, {_RANDOM}"
        ),
        "heartbeat_interval": Setting(
            150 * MS,
            "hashicorp/raft replication.go: HeartbeatTimeout / 10, drawn anew from 100 to 200 ms; the mean",
        ),
        "polled_contact": Setting(
            True, "hashicorp/raft raft.go, runFollower: LastContact when the timer fires"
        ),
        "pre_vote": Setting(True, "hashicorp/raft 1.7.0: PreVoteDisabled is false"),
        "check_quorum": Setting(True, "hashicorp/raft raft.go, checkLeaderLease"),
        "leader_lease_timeout": Setting(500 * MS, f"{_HASHICORP}: LeaderLeaseTimeout 500 ms"),
        "voter_stickiness": Setting(
            True, "hashicorp/raft raft.go, requestVote: refused while a leader is known"
        ),
        "leadership_transfer": Setting(True, "hashicorp/raft api.go, LeadershipTransfer"),
        "snapshot_entries": Setting(8192, f"{_HASHICORP}: SnapshotThreshold 8192"),
    },
)

PRESETS = (ETCD_3_4, ETCD_3_5, HASHICORP_1_7)


def extended(preset: Preset, settings: dict[str, Any]) -> Preset:
    """Return a preset of Raft with what a service on top adds."""
    return Preset(preset.name, preset.summary, {**preset.settings, **settings})
