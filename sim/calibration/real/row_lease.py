"""The model of the row lease that was measured on PostgreSQL: the holder is killed, the others poll."""

from __future__ import annotations

from sim.calibration.real import numbers
from sim.calibration.real.hits import hit_of
from sim.calibration.real.model import Acceptance, Model, Quantity
from sim.calibration.real.table import Group, column

_KNOWN = ("ttl_s", "renew_s", "poll_s", "contenders", numbers.DELAY)


def settings(group: Group) -> tuple[str, ...]:
    """Return how the lease is set, from a group's settings.

    Raises:
        ValueError: a setting is not known, or is no number.
    """
    numbers.check(group, "row lease", _KNOWN)
    ttl, renew, poll, contenders = (
        numbers.number(group, name, usual) for name, usual in zip(_KNOWN, (3, 1, 0.25, 3), strict=False)
    )
    when = f"when: {{event: leader_elected}}, delay: {ttl + 2:g}s, jitter: {max(3, renew):g}s"
    hit = hit_of(group.fault)
    what = (
        f"pause: leader, for: {10 * ttl:g}s" if hit is not None and hit.action == "pause" else "crash: leader"
    )
    return (
        f"protocol.nodes={contenders:g}",
        f"protocol.ttl={1000 * ttl:g}ms",
        f"protocol.renew_interval={1000 * renew:g}ms",
        f"protocol.poll_interval={1000 * poll:g}ms",
        f"duration={max(30, 8 * ttl):g}s",
        numbers.network(group),
        f"faults.0={{{when}, {what}}}",
    )


LEADER = Quantity(
    "leader",
    "ms",
    lambda trial: column("leader_ms", trial),
    "sim.calibration.real.measures:leader_ms",
    Acceptance(p_value=0.01, median=0.10),
)

ROW_LEASE: tuple[Model, ...] = tuple(
    Model(
        "postgres-row-lease",
        fault,
        "calibration/row-lease-kill",
        settings,
        (LEADER,),
        "failover.csv: PostgreSQL 15 on one host",
    )
    for fault in ("kill -9 holder", "SIGSTOP holder")
)
