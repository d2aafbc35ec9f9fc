"""One self-contained HTML file that shows results: no network, no server, no other file."""

from __future__ import annotations

from analysis.report.card import card
from analysis.report.page import report

__all__ = ["card", "report"]
