"""The parts of a report on one run, as plain values for the template."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

from analysis.incidents import incidents
from analysis.plots.bands import bands
from analysis.plots.style import duration
from analysis.report.timeline import packed, timeline
from analysis.rundata import RunData
from analysis.verdict import Verdict
from analysis.world import started
from sim.metrics import METRICS
from sim.records import Message, Violated


def of_run(run: RunData, number: int) -> dict[str, Any]:
    """Return everything that the template says of a run, whatever it comes from."""
    begun = started(run.records)
    any_run: Any = run
    told: Mapping[str, Any] = any_run.as_dict() if hasattr(run, "as_dict") else {}
    scenario = getattr(run, "scenario", None)
    return {
        "number": number,
        "name": begun.scenario,
        "protocol": begun.protocol,
        "seed": begun.seed,
        "about": getattr(run, "about", "") or getattr(scenario, "about", ""),
        "digest": told.get("digest", ""),
        "verdict": told.get("verdict", "") or "not judged",
        "reasons": _reasons(run),
        "expectations": told.get("expectations", []),
        "violations": [_violation(r, number) for r in run.records if type(r) is Violated],
        "incidents": [_incident(found, number) for found in incidents(run.records)],
        "faults": [_fault(band, number) for band in bands(run.records)],
        "groups": _groups(told.get("metrics", {})),
        "drawn": dict(getattr(run, "drawn", {})),
        "replay": getattr(run, "replay", ""),
        "plots": list(_plots(run)),
        "has_messages": any(type(r) is Message for r in run.details),
        "timeline": packed(timeline(run)),
    }


def moment(number: int, at_ns: int) -> str:
    """Return the fragment of a link to an instant of a run's diagram."""
    return f"r{number}-t{at_ns / 1e9:.9f}".rstrip("0").rstrip(".")


def _reasons(run: RunData) -> Sequence[str]:
    verdict = getattr(run, "verdict", None)
    return verdict.reasons if isinstance(verdict, Verdict) else ()


def _violation(record: Violated, number: int) -> dict[str, Any]:
    return {
        "property": record.property,
        "at": f"{record.at_ns / 1e9:.6f} s",
        "nodes": ", ".join(record.nodes),
        "evidence": record.evidence,
        "outside": record.outside_envelope,
        "link": moment(number, record.at_ns),
    }


def _incident(found: Any, number: int) -> dict[str, Any]:
    return {
        "level": found.level.replace("_", " "),
        "at": f"{found.from_ns / 1e9:.6f} s",
        "length": duration(found.length_ns / 1e9),
        "nodes": ", ".join(found.nodes),
        "epochs": ", ".join(map(str, found.epochs)),
        "cause": found.cause,
        "detail": found.detail,
        "link": moment(number, found.from_ns),
    }


def _fault(band: Any, number: int) -> dict[str, Any]:
    return {
        "number": band.number,
        "about": band.about,
        "targets": ", ".join(band.targets),
        "at": f"{band.from_ns / 1e9:.6f} s",
        "length": duration((band.to_ns - band.from_ns) / 1e9),
        "link": moment(number, band.from_ns),
    }


def _groups(metrics: Mapping[str, Any]) -> dict[str, list[tuple[str, str, str]]]:
    """Return (name, value, meaning) of the metrics that measured something, by the first part of the name."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for name, value in metrics.items():
        if value is not None:
            doc = METRICS[name].doc if name in METRICS else ""
            found.setdefault(name.partition(".")[0], []).append((name, shown(name, value), doc))
    return found


def shown(name: str, value: float) -> str:
    """Return a metric's value in its unit, as people read it."""
    unit = METRICS[name].unit if name in METRICS else "count"
    if unit == "seconds":
        return duration(value)
    return f"{value:.3%}" if unit == "share" else f"{value:,.6g}"


def _plots(run: RunData) -> Iterator[dict[str, str]]:
    from analysis import plots

    yield _picture("Who led when", lambda: plots.lanes(run))
    yield _picture("When there was service", lambda: plots.availability_over_time(run))
    yield _picture("Where each fail-over spent its time", lambda: plots.failover_waterfall(run, by=None))
    yield _picture("How long elections took, until the first commit", lambda: plots.election_cdf(run))
    if incidents(run.records):
        yield _picture("When there were two leaders", lambda: plots.split_brain(run))
    if any(type(record) is Message for record in run.details):
        yield _picture("Messages by type", lambda: plots.message_cost(run))


def _picture(title: str, draw: Callable[[], Any]) -> dict[str, str]:
    return {"title": title, "source": svg_uri(draw())}


def svg_uri(ax: Any) -> str:
    """Return the figure of `ax` as an SVG for the `src` of an image."""
    from analysis.plots import save

    into = BytesIO()
    save(ax, into, kind="svg")
    return "data:image/svg+xml;base64," + base64.b64encode(into.getvalue()).decode()
