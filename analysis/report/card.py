"""A result at a glance, for the cell of a notebook."""

from __future__ import annotations

from typing import Any

from analysis.report.page import render
from analysis.report.sections import shown
from analysis.states import end_ns, nodes_of, stays
from analysis.world import started

SHOWN = (
    "election_time.belief.p50",
    "election_time.service.max",
    "leader_changes",
    "split_brain.dual_belief.total",
    "split_brain.same_epoch",
    "split_brain.dual_effect",
    "availability.system",
    "availability.client",
    "outages.unjustified",
    "violations",
)
WIDTH, LANE = 720, 16


def card(run: Any) -> str:
    """Return HTML with the verdict of a run, its leadership lanes and a few metrics; no script."""
    begun = started(run.records)
    length = max(1, end_ns(run.records))
    nodes = nodes_of(run.records)
    told = run.as_dict()
    return render(
        "card.html",
        name=begun.scenario,
        protocol=begun.protocol,
        seed=begun.seed,
        verdict=told["verdict"] or "not judged",
        reasons=list(getattr(getattr(run, "verdict", None), "reasons", ())),
        nodes=nodes,
        width=WIDTH,
        lane=LANE,
        seconds=f"{length / 1e9:g}",
        bars=[
            {
                "x": round(WIDTH * stay.from_ns / length, 2),
                "width": round(WIDTH * (stay.to_ns - stay.from_ns) / length, 2),
                "y": nodes.index(stay.node) * LANE,
                "state": stay.state,
                "epoch": stay.epoch,
            }
            for stay in stays(run.records)
        ],
        metrics=[
            (name, shown(name, told["metrics"][name]))
            for name in SHOWN
            if told["metrics"].get(name) is not None
        ],
    )
