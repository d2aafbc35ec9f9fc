"""The split-brain ledger: every incident as an interval, with its nodes, epochs and cause."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.causes import causes_at
from analysis.leaderships import Leadership, leaderships
from analysis.table_module import TableModule
from sim.metrics import LOST_STATE as LOST_STATE
from sim.records import EffectJudged, Record, Violated


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident; `level` is a key of `sim.metrics.SPLIT_BRAIN`.

    An incident at one instant (dual_effect, lost_state) has from_ns = to_ns. nodes and epochs belong
    together in dual_belief, same_epoch and dual_effect; a lost state names no epochs. `detail` says
    what else is known.
    """

    level: str
    from_ns: int
    to_ns: int
    nodes: tuple[str, ...]
    epochs: tuple[int, ...]
    cause: str
    detail: str = ""

    @property
    def length_ns(self) -> int:
        """How long it lasted."""
        return self.to_ns - self.from_ns


def incidents(records: Sequence[Record], led: Sequence[Leadership] | None = None) -> list[Incident]:
    """Return all incidents in order of their beginning, with the cause of each (see `causes_at`).

    A dual effect is due to what made the dual belief, if any, that its leader took part in. `led` are the
    leaderships of the records, if they are known already.
    """
    if led is None:
        led = leaderships(records)
    found = [*dual_beliefs(led), *same_epochs(led), *dual_effects(records), *lost_states(records)]
    found.sort(key=lambda incident: incident.from_ns)
    causes = causes_at(records, [incident.from_ns for incident in found])
    deposed: dict[tuple[str, int], str] = {}
    for i, (incident, cause) in enumerate(zip(found, causes, strict=True)):
        leaders = list(zip(incident.nodes, incident.epochs, strict=False))
        if incident.level == "dual_belief":
            deposed |= dict.fromkeys(leaders, cause)
        elif incident.level == "dual_effect":
            cause = deposed.get(leaders[0], cause)
        found[i] = replace(incident, cause=cause)
    return found


def dual_beliefs(led: Sequence[Leadership]) -> list[Incident]:
    """Return SB1: each maximal interval in which nodes believe that they lead under different epochs.

    Legal in Raft, which lets a deposed leader believe until it hears of the new one. nodes and epochs
    are those of all believers of the interval, in order of epoch.
    """
    led = [one for one in led if one.from_ns < one.to_ns]
    if not _overlap(led):
        return []
    found: list[Incident] = []
    edges = sorted({at_ns for one in led for at_ns in (one.from_ns, one.to_ns)})
    believing: list[Leadership] = []
    waiting = list(reversed(led))
    open_since, involved = -1, dict[Leadership, None]()
    for at_ns in edges:
        believing = [one for one in believing if one.to_ns > at_ns]
        while waiting and waiting[-1].from_ns == at_ns:
            believing.append(waiting.pop())
        if len({one.epoch for one in believing}) > 1:
            open_since = at_ns if open_since < 0 else open_since
            involved |= dict.fromkeys(believing)
        elif open_since >= 0:
            found.append(_incident("dual_belief", open_since, at_ns, involved))
            open_since, involved = -1, {}
    return found


def _overlap(led: Sequence[Leadership]) -> bool:
    busy_until = -1
    for one in led:
        if one.from_ns < busy_until:
            return True
        busy_until = max(busy_until, one.to_ns)
    return False


def _incident(level: str, from_ns: int, to_ns: int, involved: dict[Leadership, None]) -> Incident:
    pairs = sorted({(one.epoch, one.node) for one in involved})
    return Incident(level, from_ns, to_ns, tuple(n for _, n in pairs), tuple(e for e, _ in pairs), "")


def same_epochs(led: Sequence[Leadership]) -> list[Incident]:
    """Return SB2: one incident for each epoch in which two or more nodes led, at once or not.

    From when the second node begins to lead in that epoch until nobody ever leads in it again.
    """
    by_epoch: dict[int, list[Leadership]] = {}
    for one in led:
        by_epoch.setdefault(one.epoch, []).append(one)
    found: list[Incident] = []
    for together in by_epoch.values():
        second = next((one for one in together if one.node != together[0].node), None)
        if second is not None:
            to_ns = max(one.to_ns for one in together)
            found.append(_incident("same_epoch", second.from_ns, to_ns, dict.fromkeys(together)))
    return found


def dual_effects(records: Sequence[Record]) -> list[Incident]:
    """Return SB3: each effect that a resource accepted under a lower epoch than one it had accepted."""
    return [
        Incident(
            "dual_effect", record.at_ns, record.at_ns, (record.node,), (record.epoch,), "",
            f"{record.resource} had seen epoch {record.highest}",
        )
        for record in records
        if type(record) is EffectJudged and record.accepted and record.epoch < record.highest
    ]  # fmt: skip


def lost_states(records: Sequence[Record]) -> list[Incident]:
    """Return SB4: each violation of a property in `LOST_STATE`, within the envelope or not."""
    return [
        Incident(
            "lost_state", record.at_ns, record.at_ns, record.nodes, (), "",
            f"{record.property}: {record.evidence}",
        )
        for record in records
        if type(record) is Violated and record.property in LOST_STATE
    ]  # fmt: skip


sys.modules[__name__].__class__ = TableModule
