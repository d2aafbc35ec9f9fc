"""What the records of a run say: elections, split brain, availability, numbers and a verdict.

Reads traces and tallies only, never the engine. `analysis.frames` hands everything out as
DataFrames; what it needs (pandas) is imported when it is asked, not before.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Election": "analysis.elections",
    "Incident": "analysis.incidents",
    "Leadership": "analysis.leaderships",
    "Metrics": "analysis.metrics",
    "Outage": "analysis.availability",
    "Outcome": "analysis.verdict",
    "RunData": "analysis.rundata",
    "Verdict": "analysis.verdict",
    "judge": "analysis.verdict",
}
__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Return one of the public names, importing its module only now: a plain run needs few of them."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'analysis' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
