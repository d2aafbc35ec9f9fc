"""The model of the row lease that was measured on PostgreSQL: the holder is killed, the others poll."""

from __future__ import annotations

from sim.calibration.real.model import Acceptance, Model, Quantity
from sim.calibration.real.table import Group, column

_KNOWN = ("ttl_s", "renew_s", "poll_s", "contenders")


def settings(group: Group) -> tuple[str, ...]:
    """Return how the lease is set, from a group's settings.

    Raises:
        ValueError: a setting is not known, or is no number.
    """
    unknown = [name for name in group.settings if name not in _KNOWN]
    if unknown:
        raise ValueError(f"row lease: the setting {', '.join(unknown)} is not modelled")
    ttl, renew, poll, contenders = (
        float(group.settings.get(name, usual)) for name, usual in zip(_KNOWN, (3, 1, 0.25, 3), strict=True)
    )
    return (
        f"protocol.nodes={contenders:g}",
        f"protocol.ttl={1000 * ttl:g}ms",
        f"protocol.renew_interval={1000 * renew:g}ms",
        f"protocol.poll_interval={1000 * poll:g}ms",
        f"duration={max(30, 8 * ttl):g}s",
        f"faults.0.delay={ttl + 2:g}s",
        f"faults.0.jitter={max(3, renew):g}s",
    )


ROW_LEASE = Model(
    "postgres-row-lease",
    "kill -9 holder",
    "calibration/row-lease-kill",
    settings,
    (
        Quantity(
            "leader",
            "ms",
            lambda trial: column("leader_ms", trial),
            "sim.calibration.real.measures:leader_ms",
            Acceptance(p_value=0.01, median=0.10),
        ),
    ),
    "failover.csv: PostgreSQL 15 on one host",
)
