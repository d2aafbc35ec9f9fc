"""Pictures: one function per figure, which draws on the axes it is given, or on new ones, and returns them.

Every function takes a *source* as the tables do (see `analysis.frames`); `lanes` takes one run. Nothing is
shown or waited for: `ax.figure.savefig(...)`, or, in a notebook, the figure shows itself.
"""

from __future__ import annotations

from analysis.plots.availability import availability_over_time
from analysis.plots.failovers import failover_waterfall
from analysis.plots.forest import comparison_forest
from analysis.plots.grids import heat_map
from analysis.plots.incidents import split_brain
from analysis.plots.lanes import lanes
from analysis.plots.messages import latency_matrix, message_cost
from analysis.plots.style import save
from analysis.plots.times import election_cdf, survival_tail

__all__ = [
    "availability_over_time",
    "comparison_forest",
    "election_cdf",
    "failover_waterfall",
    "heat_map",
    "lanes",
    "latency_matrix",
    "message_cost",
    "save",
    "split_brain",
    "survival_tail",
]
