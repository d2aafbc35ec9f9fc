"""Runs in the formats of other tools."""

from __future__ import annotations

from analysis.exports.mermaid import mermaid as to_mermaid
from analysis.exports.ndjson import ndjson as to_ndjson
from analysis.exports.perfetto import perfetto as to_perfetto
from analysis.exports.shiviz import shiviz as to_shiviz

EXPORTS = {"shiviz": to_shiviz, "perfetto": to_perfetto, "mermaid": to_mermaid, "ndjson": to_ndjson}
"""By name: functions of a run and a window in ns that return text."""

__all__ = ["EXPORTS", "to_mermaid", "to_ndjson", "to_perfetto", "to_shiviz"]
