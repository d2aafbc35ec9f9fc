"""Models of what was measured of etcd: members that lose their leader, and a lock that loses its holder.

Nothing is fitted: the presets have the product's settings, and each group of trials says what was set
otherwise. A run of members has as many trials as were measured in a row. A process keeps the phase of its
ticks for all of them, and has another one when it was started again.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sim.calibration.real import numbers
from sim.calibration.real.hits import hit_of
from sim.calibration.real.model import Acceptance, Model, Quantity
from sim.calibration.real.table import Group, Trial, column

_MEASURES = "sim.calibration.real.in_a_row"
_KNOWN = ("heartbeat_ms", "election_ms", "pre_vote", numbers.DELAY)
AWAY = 5
"""A leader that was hit is back after so many election timeouts: by then there is another one."""
_KNOWN_OF_LOCKS = (*_KNOWN, "ttl_s", "contenders")


def _timeouts_ms(group: Group) -> tuple[float, float]:
    """Return heartbeat interval and election timeout, as etcd accepts them (embed.Config, Validate)."""
    heartbeat = numbers.number(group, "heartbeat_ms", 100)
    election = numbers.number(group, "election_ms", 1000)
    if election < 5 * heartbeat:
        raise ValueError(
            f"etcd refuses election_ms={election:g} with heartbeat_ms={heartbeat:g}, it wants 5 heartbeats"
        )
    return heartbeat, election


def _raft(group: Group) -> tuple[str, ...]:
    """Return how Raft is set; etcd counts its timeouts in heartbeats (bootstrap.go: ElectionTicks)."""
    heartbeat, election = _timeouts_ms(group)
    pre_vote = numbers.switch(group, "pre_vote")
    return (
        f"protocol.preset={_preset(group.version)}",
        f"protocol.tick={numbers.ms(heartbeat)}",
        f"protocol.election_ticks={int(election / heartbeat)}",
        *(() if pre_vote is None else (f"protocol.pre_vote={str(pre_vote).lower()}",)),
        numbers.network(group),
    )


def raft_settings(group: Group) -> tuple[str, ...]:
    """Return how members alone are set, whose leader is hit some timeouts after it was elected.

    Raises:
        ValueError: a setting is not known, or is wrong.
    """
    numbers.check(group, "etcd", _KNOWN)
    heartbeat, election = _timeouts_ms(group)
    hit = hit_of(group.fault)
    # When a cut heals, whoever was cut off deposes the leader with its higher term: one election more.
    cut = hit is not None and hit.action == "cut"
    ends = "for" if cut or (hit is not None and hit.action == "pause") else "restart_after"
    lasts: tuple[str, ...] = (f"faults.0.{ends}={numbers.ms(AWAY * election)}",)
    if hit is not None and hit.direction == "in":
        round_trip = 2 * numbers.number(group, numbers.DELAY, 0)
        lasts += (f"faults.0.silent_after={numbers.ms(numbers.silent_after_ms(heartbeat, round_trip))}",)
    return (
        f"protocol.nodes={group.members}",
        *_raft(group),
        # One trial after the other, each when somebody has led long enough for all to be well again.
        f"duration={numbers.ms((len(group.trials) * (3 if cut else 2) * AWAY + 20) * election)}",
        "stop_when={event: leader_elected, nth: 1000000}",
        f"faults.0.when={{event: leader_elected, lasting: {numbers.ms((AWAY + 1) * election)}}}",
        f"faults.0.times={max(1, len(group.trials))}",
        "faults.0.delay=0ms",
        f"faults.0.jitter={numbers.ms(2 * election)}",
        *lasts,
    )


def lock_settings(group: Group) -> tuple[str, ...]:
    """Return how a lock is set: the holder is hit at any age of its last keep-alive.

    Raises:
        ValueError: a setting is not known, or is wrong.
    """
    numbers.check(group, "etcd lock", _KNOWN_OF_LOCKS)
    ttl = numbers.number(group, "ttl_s", 60)
    _, election = _timeouts_ms(group)
    when = f"when: {{event: leader_elected}}, delay: {ttl + 3:g}s, jitter: {max(4, ttl):g}s"
    hit = hit_of(group.fault)
    whom = "[leader, service leader]" if hit is not None and hit.service_too else "leader"
    what = (
        f"pause: {whom}, for: {10 * ttl:g}s"
        if hit is not None and hit.action == "pause"
        else f"crash: {whom}"
    )
    return (
        *_raft(group),
        f"protocol.servers={group.members}",
        f"protocol.nodes={numbers.number(group, 'contenders', 3):g}",
        f"protocol.ttl={ttl:g}s",
        f"duration={max(40, 6 * ttl) + 10 * election / 1000:g}s",
        f"faults.0={{{when}, {what}}}",
    )


def _preset(version: str) -> str:
    found = re.search(r"3\.(\d+)", version)
    return "etcd-3.5" if found and int(found[1]) >= 5 else "etcd-3.4"


# What is measured ----------------------------------------------------------------------------------


def _of(name: str) -> Callable[[Trial], float | None]:
    return lambda trial: column(name, trial)


def _several(trial: Trial) -> float | None:
    text = trial.get("campaigns", "")
    return float(float(text) > 1) if text else None


def _overlap(trial: Trial) -> float | None:
    down, led = column("old_leader_step_down_ms", trial), column("leader_ms", trial)
    return None if down is None or led is None else max(0.0, down - led)


def _leader(accept: Acceptance, measures: str = _MEASURES) -> Quantity:
    return Quantity("leader", "ms", _of("leader_ms"), f"{measures}:leader_ms", accept)


LEADER = _leader(Acceptance(p_value=0.01, median=0.10))
LOCK = _leader(Acceptance(p_value=0.01, median=0.05), "sim.calibration.real.measures")
CAMPAIGNS = Quantity(
    "more than one campaign",
    "share",
    _several,
    f"{_MEASURES}:several_campaigns",
    Acceptance(p_value=None, points=0.06),
)
STEP_DOWN = Quantity(
    "old leader steps down", "ms", _of("old_leader_step_down_ms"), f"{_MEASURES}:step_down_ms"
)
OVERLAP = Quantity("two leaders", "ms", _overlap, f"{_MEASURES}:overlap_ms")
WRITES = Quantity(
    "writes acknowledged by the old leader",
    "writes",
    # No column: the trials were watched for it, and there was none (README of the table).
    lambda trial: None if _overlap(trial) is None else 0.0,
    f"{_MEASURES}:writes_while_cut",
    Acceptance(p_value=None, longest=0.0),
    trace="summary",
)
# Two round trips of 0.5 ms and an fsync of 0.8 ms at the worst; what a process takes is not modelled.
HAND_OVER = _leader(Acceptance(p_value=None, longest=2 * 0.5 + 0.8))

_SOURCE = "failover.csv: etcd 3.4.23 on one host"


def _members(fault: str, scenario: str, *quantities: Quantity, trials: int = 2000) -> Model:
    return Model(
        "etcd", fault, f"calibration/{scenario}", raft_settings, quantities, _SOURCE, trials, in_a_row=True
    )


ETCD: tuple[Model, ...] = (
    _members("kill -9 leader", "etcd-kill", LEADER, CAMPAIGNS),
    # Of 40 trials with the same three phases the share of several campaigns says little.
    _members("SIGSTOP leader", "etcd-pause", LEADER),
    _members("SIGTERM leader (graceful transfer)", "etcd-stop", HAND_OVER),
    _members("leader cut off, both directions", "etcd-cut", STEP_DOWN, OVERLAP, WRITES, trials=500),
    _members("leader cut off, incoming", "etcd-cut-in", LEADER, STEP_DOWN, OVERLAP, trials=500),
    _members("leader cut off, outgoing", "etcd-cut-out", LEADER, STEP_DOWN, OVERLAP, trials=500),
    *(
        Model("etcd-lock", fault, "calibration/etcd-lock", lock_settings, (LOCK,), _SOURCE)
        for fault in ("kill -9 lock holder", "SIGSTOP lock holder", "kill -9 lock holder and etcd leader")
    ),
)
