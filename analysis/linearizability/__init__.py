"""Linearizability: whether every operation can have taken effect at one instant between call and return.

    history = analysis.linearizability.read_histories(path)[0].history
    found = analysis.linearizability.check(history)

The verdict has three values; it is "unknown" when a budget runs out, and never wrong otherwise.
"""

from __future__ import annotations

from analysis.linearizability.budget import Budget
from analysis.linearizability.check import Check, Stuck, Verdict, check
from analysis.linearizability.drawing import draw
from analysis.linearizability.models import MODELS
from analysis.linearizability.operations import (
    KNOSSOS,
    PORCUPINE,
    Conventions,
    History,
    HistoryError,
    Operation,
)
from analysis.linearizability.reading import conventions_from, read_histories
from analysis.linearizability.runs import check_run, from_operations

__all__ = [
    "KNOSSOS",
    "MODELS",
    "PORCUPINE",
    "Budget",
    "Check",
    "Conventions",
    "History",
    "HistoryError",
    "Operation",
    "Stuck",
    "Verdict",
    "check",
    "check_run",
    "conventions_from",
    "draw",
    "from_operations",
    "read_histories",
]
