"""What ZooKeeper 3.8 ships with, each number with its source."""

from __future__ import annotations

from protocols.presets import Preset, Setting

MS = 1_000_000

_SERVERS = {
    "tick_time": Setting(2000 * MS, "conf/zoo_sample.cfg: tickTime=2000"),
    "init_limit": Setting(10, "conf/zoo_sample.cfg: initLimit=10"),
    "sync_limit": Setting(5, "conf/zoo_sample.cfg: syncLimit=5"),
    "finalize_wait": Setting(200 * MS, "FastLeaderElection.java: finalizeWait = 200"),
    "notification_min": Setting(200 * MS, "FastLeaderElection.java: minNotificationInterval = finalizeWait"),
    "notification_max": Setting(60_000 * MS, "FastLeaderElection.java: maxNotificationInterval = 60000"),
    "connect_retry": Setting(100 * MS, "Learner.java: zookeeper.leaderConnectDelayDuringRetryMs = 100"),
    "connect_tries": Setting(5, "Learner.java: LeaderConnector tries 5 times"),
    "commit_log": Setting(500, "ZKDatabase.java: DEFAULT_COMMIT_LOG_COUNT = 500"),
    "warm_step": Setting(
        (2 * MS, 8 * MS),
        "measured (real/failover.csv, zk_stop_tick2000): 25 to 40 ms beside finalizeWait in five steps",
    ),
    "cold_step": Setting(
        (12 * MS, 32 * MS),
        "measured (real/failover.csv, zk_tick2000_b): 60 ms more than finalizeWait and one retry; a "
        "server that was restarted has not run its leader's code before",
    ),
}

_CLIENTS = {
    "session_timeout": Setting(10_000 * MS, "kazoo/client.py: KazooClient(timeout=10.0)"),
    "reconnect_delay": Setting((0, 1000 * MS), "ClientCnxn.java, startConnect: sleeps up to 1000 ms"),
}

ENSEMBLE_PRESETS = (Preset("zookeeper-3.8", "the sample configuration of ZooKeeper 3.8", _SERVERS),)
PRESETS = (
    Preset(
        "zookeeper-3.8", "the sample configuration of ZooKeeper 3.8, and its clients", _SERVERS | _CLIENTS
    ),
)
