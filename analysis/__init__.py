"""What the records of a run say: elections, split brain, availability, numbers and a verdict.

    import analysis
    analysis.elections(result)            # a DataFrame; also of a path, of a sweep, or of a list
    analysis.quantiles("sweep", by="protocol")

Reads traces and tables only, never the engine. What the tables need (pandas, scipy) is imported when
one is asked for, not before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.frames import availability as availability
    from analysis.frames import elections as elections
    from analysis.frames import incidents as incidents
    from analysis.frames import leaderships as leaderships

_PUBLIC = {
    "Election": "analysis.elections",
    "Incident": "analysis.incidents",
    "Leadership": "analysis.leaderships",
    "Metrics": "analysis.metrics",
    "Outage": "analysis.availability",
    "Outcome": "analysis.verdict",
    "RunData": "analysis.rundata",
    "Verdict": "analysis.verdict",
    "compare": "analysis.frames",
    "damage": "analysis.frames",
    "election_times": "analysis.frames",
    "events": "analysis.frames",
    "judge": "analysis.verdict",
    "ledger": "analysis.frames",
    "messages": "analysis.frames",
    "nines": "analysis.frames",
    "operations": "analysis.frames",
    "outages": "analysis.frames",
    "phases": "analysis.frames",
    "quantiles": "analysis.frames",
    "read": "analysis.frames",
    "runs": "analysis.frames",
    "survival": "analysis.frames",
    "waterfall": "analysis.frames",
}
_CALLED = ("availability", "elections", "incidents", "leaderships")
"""Modules that are tables too: see `analysis.table_module`."""

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Return one of the public names, importing its module only now: a plain run needs few of them."""
    if name in _CALLED:
        return import_module(f"analysis.{name}")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'analysis' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
