"""How etcd and its client are set by default, each number with its source."""

from __future__ import annotations

from protocols.presets import Setting
from protocols.raft.presets import ETCD_3_4, ETCD_3_5, extended

SECOND = 1_000_000_000

_CLIENT = {
    "ttl": Setting(60 * SECOND, "etcd client/v3/concurrency/session.go: defaultSessionTTL 60"),
    "recheck_key": Setting(False, "etcd client/v3/concurrency/election.go: Campaign does not"),
    "deadline": Setting("reply", "etcd client/v3/lease.go, recvKeepAlive"),
    "request_timeout": Setting(5 * SECOND, "etcdctl: --command-timeout 5s"),
    "keep_alive_time": Setting(10 * SECOND, "etcdctl: --keepalive-time 2s, which gRPC raises to 10 s"),
    "keep_alive_timeout": Setting(6 * SECOND, "etcdctl: --keepalive-timeout 6s"),
    "lease_checkpoint_interval": Setting(0, "etcd: --experimental-enable-lease-checkpoint false"),
}

PRESETS = (
    extended(
        ETCD_3_4,
        {
            **_CLIENT,
            "ensure_leadership": Setting(False, "etcd 15247, fixed in 3.4.28: not in those measured"),
        },
    ),
    extended(
        ETCD_3_5,
        {**_CLIENT, "ensure_leadership": Setting(True, "etcd 15247, fixed in 3.5.10 (PR 16822)")},
    ),
)
