"""The properties that are checked while a run goes on: one property, one file, one citation.

Those in `ALL` are generic. Those about logs see nothing in a protocol that reports no log notes; the one
about exclusive belief applies only to protocols that promise it. Those in `PROMISED` are of protocols that
name them in `ProtocolSpec.promises`.
"""

from __future__ import annotations

from collections.abc import Callable

from protocols.api import ProtocolSpec
from sim.invariants.base import Handler, Invariant, Report, View
from sim.invariants.commit_on_quorum import CommitOnQuorum
from sim.invariants.committed_immutable import CommittedImmutable
from sim.invariants.dual_effect import DualEffect
from sim.invariants.election_safety import ElectionSafety
from sim.invariants.ephemeral_lifetime import EphemeralLifetime
from sim.invariants.exclusive_belief import ExclusiveBelief
from sim.invariants.fencing import Fencing
from sim.invariants.history import JUDGED, History
from sim.invariants.leader_append_only import LeaderAppendOnly
from sim.invariants.leader_completeness import LeaderCompleteness
from sim.invariants.log_matching import LogMatching
from sim.invariants.monotone_commit import MonotoneCommit
from sim.invariants.monotone_epoch import MonotoneEpoch
from sim.invariants.primary_order import PrimaryOrder
from sim.invariants.state_machine_safety import StateMachineSafety

__all__ = ["ALL", "PROMISED", "Invariant", "Report", "View", "applicable", "attach", "watch"]

Listen = Callable[[str, Handler], None]

ALL: tuple[type[Invariant], ...] = (
    ElectionSafety, LeaderAppendOnly, LogMatching, LeaderCompleteness, StateMachineSafety,
    CommittedImmutable, CommitOnQuorum, MonotoneEpoch, MonotoneCommit,
    ExclusiveBelief, DualEffect, Fencing,
)  # fmt: skip

PROMISED: tuple[type[Invariant], ...] = (PrimaryOrder, EphemeralLifetime)


def applicable(spec: ProtocolSpec) -> tuple[type[Invariant], ...]:
    """Return the properties that a protocol promises, in the order of `ALL`, then of `PROMISED`."""
    generic = tuple(cls for cls in ALL if cls is not ExclusiveBelief or spec.exclusive_belief)
    return generic + tuple(cls for cls in PROMISED if cls.name in spec.promises)


def attach(view: View, listen: Listen, report: Report, spec: ProtocolSpec) -> tuple[Invariant, ...]:
    """Let the properties that the protocol promises watch a run, from its beginning.

    `listen(kind, handler)` must call the handlers of a kind in the order in which they came.
    """
    return watch(applicable(spec), view, listen, report)


def watch(
    classes: tuple[type[Invariant], ...], view: View, listen: Listen, report: Report
) -> tuple[Invariant, ...]:
    """Let fresh invariants of these classes watch; they share one history."""
    history = History(view)
    invariants = tuple(cls(view, report, history) for cls in classes)
    # The history comes first, since the invariants ask it about the event that they handle.
    for kind, handler in history.handlers().items():
        listen(kind, handler)
    for invariant in invariants:
        for kind, handler in invariant.handlers().items():
            (history.judge if kind in JUDGED else listen)(kind, handler)
    return invariants
