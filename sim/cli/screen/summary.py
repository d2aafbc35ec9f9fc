"""Many runs on a terminal: a line for each, and one for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.cli.console import Look
from sim.cli.units import metric

if TYPE_CHECKING:
    from sim.result import Result

KEY_FIGURES = {
    # What the line calls it: the metric.
    "election": "election_time.belief.max",
    "system": "availability.system",
    "client": "availability.client",
    "violations": "violations",
}
_SGR = {"pass": "32", "fail": "1;31", "inconclusive": "33"}


@dataclass(frozen=True, slots=True)
class Widths:
    """Of the columns that differ from campaign to campaign."""

    scenario: int
    protocol: int
    seed: int


def line(result: Result, widths: Widths, look: Look) -> str:
    """Return one run on one line: verdict, scenario, protocol, seed and the key figures."""
    status = result.verdict.status
    figures = "  ".join(f"{label} {_figure(result.metrics, name)}" for label, name in KEY_FIGURES.items())
    return (
        f"{painted(status.ljust(12), status, look)}  {result.name.ljust(widths.scenario)}  "
        f"{result.protocol.ljust(widths.protocol)}  seed {str(result.seed).ljust(widths.seed)}  {figures}"
    ).rstrip() + "\n"


def painted(text: str, status: str, look: Look) -> str:
    """Return `text` in the colour of a status."""
    return f"\x1b[{_SGR[status]}m{text}\x1b[0m" if look.color else text


def closing(counts: Mapping[str, int], planned: int) -> str:
    """Return how the runs ended: `12 runs: 10 pass, 1 fail, 1 inconclusive`.

    Those that did not come to an end are named too.
    """
    done = sum(counts.values())
    parts = [f"{count} {status}" for status, count in counts.items() if count]
    if done < planned:
        parts.append(f"{planned - done} not run")
    return f"{planned} run{'s' * (planned != 1)}: {', '.join(parts)}\n"


def _figure(values: Mapping[str, float | int | None], name: str) -> str:
    value = values[name]
    bound = getattr(values, "at_least", lambda _: None)(name) if value is None else None
    text = metric(name, value) if bound is None else ">" + metric(name, bound)
    return text.ljust(7) if name != "violations" else text
