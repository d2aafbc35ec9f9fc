"""What `tune` found, on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf
from typing import TYPE_CHECKING

from rich.table import Table

from sim.cli.console import Look
from sim.cli.screen.cells import printed
from sim.cli.units import duration, metric
from sim.sweep.tuning import Edge, edges, slack

if TYPE_CHECKING:
    from sim.sweep.measures import Measure
    from sim.sweep.tuning import Goal, Judged

_STYLES = {"safe": "green", "unsure": "yellow", "unsafe": "red", "refused": "dim"}


def report(judged: Sequence[Judged], chosen: Judged | None, goal: Goal, look: Look) -> str:
    """Return a row for each setting, and what to say of the best."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="dim" if look.color else "")
    for name in ("", "protocol", *(path for path, _ in judged[0].setting.varied), "safety"):
        made.add_column(name, overflow="fold")
    for name in (goal.metric, *(f"{each.metric} {each.text}" for each in goal.constraints)):
        made.add_column(name, justify="right", overflow="fold")
    tried = [each for each in judged if each.safety != "refused"]
    for each in tried:
        made.add_row(*_row(each, each is chosen, goal), style=_STYLES[each.safety] if look.color else "")
    refused = [
        f"refused: {', '.join(value for _, value in each.setting.varied)}: {each.setting.reason}\n"
        for each in judged
        if each not in tried
    ]
    return "".join([printed(made, look), *refused, "\n", _conclusion(judged, chosen, goal)])


def _row(each: Judged, is_best: bool, goal: Goal) -> list[str]:
    setting = each.setting
    first = ["*" if is_best else "", setting.protocol, *(value for _, value in setting.varied), each.safety]
    names = (goal.metric, *(condition.metric for condition in goal.constraints))
    return first + [shown(name, m) for name, m in zip(names, (each.objective, *each.measured), strict=True)]


def shown(name: str, measure: Measure) -> str:
    """Return a metric over many runs: `213ms [201ms, 230ms]`; without the interval where it has none."""
    text = _value(name, measure.value)
    if measure.value is None or measure.low == measure.high:
        return text
    return f"{text} [{_value(name, measure.low)}, {_value(name, measure.high)}]"


def _value(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    if isinf(value):
        return "not reached"
    return ("-" if value < 0 else "") + metric(name, abs(value))


def _conclusion(judged: Sequence[Judged], chosen: Judged | None, goal: Goal) -> str:
    if chosen is None:
        unsure = sum(each.safety == "unsure" for each in judged)
        more = f"; {unsure} are unsure, and more seeds would tell" if unsure else ""
        return f"No setting is safe{more}.\n"
    setting = chosen.setting
    values = ", ".join(f"{path}={value}" for path, value in setting.varied)
    lines = [f"Best safe setting (*): {setting.protocol} {values}"]
    lines.append(f"  {goal.metric}: {shown(goal.metric, chosen.objective)}")
    for condition, measure in zip(goal.constraints, chosen.measured, strict=True):
        left = slack(condition, measure)
        room = "" if left is None else f", {_value(condition.metric, left)} to spare"
        lines.append(f"  {condition.metric} {condition.text}: {shown(condition.metric, measure)}{room}")
    lines += [f"  {_edge(each)}" for each in edges(chosen, judged)]
    assert setting.cell is not None
    return "\n".join([*lines, f"  try it: {setting.cell.replay(0)}"]) + "\n"


def _edge(edge: Edge) -> str:
    if edge.margin_ns is None:
        return f"{edge.path}: no value tried beyond {edge.value} was unsafe in that direction"
    return f"{edge.path}: {duration(edge.margin_ns)} from {edge.unsafe_at}, which is {edge.why}"
