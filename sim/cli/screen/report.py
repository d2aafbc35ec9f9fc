"""One run on a terminal: lanes, metrics, expectations, violations, digest, replay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.cli.console import Look
from sim.cli.screen.axis import fault_keys, fault_rows, spans, time_axis
from sim.cli.screen.lanes import Lane, lanes, scale_of, violations
from sim.cli.screen.states import ABSENT, FAULT_LASTS, STATES
from sim.cli.screen.tables import Section, expected, in_unit, measured, sections, shown_bound
from sim.cli.units import duration, instant

if TYPE_CHECKING:
    from analysis.bounds import BoundHeld
    from analysis.verdict import Outcome
    from sim.result import Result

LANES_MAX = 40
NAME_WIDTH = 27
COLUMNS_MIN, COLUMNS_MAX = 20, 400
DRAWN_MAX = 12
VIOLATIONS_MAX = 10
STATUS_STYLE = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow"}
_MARKS = {True: ("ok", "green"), False: ("FAILED", "bold red"), None: ("NOTHING TO COMPARE", "yellow")}


def report(result: Result, look: Look, replay: str) -> str:
    """Return the whole report of one run, ready to print; `replay` reproduces the run."""
    buffer = StringIO()
    console = Console(
        file=buffer,
        width=look.width,
        force_terminal=look.color,
        no_color=not look.color,
        color_system="standard" if look.color else None,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )
    for block in (_header, _lanes, _metrics, _envelope, _conditions, _violations):
        for part in block(result, look):
            console.print(part)
        console.print()
    for part in _verdict(result, replay):
        # Never wrapped: these lines are copied and searched for.
        console.print(part, soft_wrap=True)
    lines = (line.rstrip() for line in buffer.getvalue().splitlines())
    return _without_double_blanks(lines)


def _without_double_blanks(lines: Iterator[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept) + "\n"


def _header(result: Result, look: Look) -> Iterator[Text]:
    yield Text.assemble((result.name, "bold"), f"   {result.protocol}, seed {result.seed}")
    about = " ".join(str(getattr(result.scenario, "about", "") or "").split())
    if about:
        yield Text(about)
    yield from (Text(line, "dim") for line in (*_drawn(result.drawn), *_fence(result.scenario)))


def _fence(scenario: Any) -> Iterator[str]:
    """Yield how the leader's resources are fenced, if they are."""
    from sim.workloads.fence import fence_for

    workload = getattr(scenario, "workload", None)
    if workload is None or not getattr(workload.parameters, "fenced", False):
        return
    protocol = scenario.protocol.spec
    if workload.spec.resources(workload.parameters, protocol):
        yield f"fence {fence_for(True, protocol.ordered_epochs).meaning}"


def _drawn(drawn: Mapping[str, str]) -> Iterator[str]:
    """Yield a line per quantity that was drawn: `drawn clock drift: n1 +12 ppm, n2 -3 ppm`."""
    by_quantity: dict[str, list[str]] = {}
    for name, value in drawn.items():
        node, _, quantity = name.partition(" ")
        by_quantity.setdefault(quantity, []).append(f"{node} {value}")
    for quantity, values in by_quantity.items():
        more = f" and {len(values) - DRAWN_MAX} more" if len(values) > DRAWN_MAX else ""
        yield f"drawn {quantity}: {', '.join(values[:DRAWN_MAX])}{more}"


def _lanes(result: Result, look: Look) -> Iterator[Text]:
    records = result.records
    begun = records[0]
    names = [*begun.contenders, *begun.servers, "faults"]
    margin = max(map(len, names)) + 2
    scale = scale_of(records, min(COLUMNS_MAX, max(COLUMNS_MIN, look.width - margin - 1)))
    drawn = lanes(records, scale)
    faults = spans(records)
    for number, row in enumerate(fault_rows(faults, scale, FAULT_LASTS[not look.unicode])):
        yield Text.assemble(("" if number else "faults").ljust(margin), (row, "yellow"))
    yield Text(" " * margin + time_axis(scale), "dim")
    for lane in drawn[:LANES_MAX]:
        yield Text.assemble(lane.node.ljust(margin), *_painted(lane, look))
    if len(drawn) > LANES_MAX:
        yield Text(f"and {len(drawn) - LANES_MAX} more nodes")
    columns = violations(records, scale)
    if columns:
        marks = "".join("!" if column in columns else " " for column in range(scale.columns))
        yield Text.assemble("broken".ljust(margin), (marks, "bold red"))
    present = [
        state for state in STATES if state is not ABSENT and any(state in lane.states for lane in drawn)
    ]
    yield Text()
    legend = "   ".join(f"{state.symbol if look.unicode else state.plain} {state.name}" for state in present)
    yield Text(legend, "dim")
    yield Text(f"A column is {duration(scale.slice_ns)} and shows the first of these that was in it.", "dim")
    yield from (Text(f"  {key}") for key in fault_keys(faults))


def _painted(lane: Lane, look: Look) -> Iterator[tuple[str, str]]:
    """Yield stretches of one state, and their colour."""
    for state, cells in groupby(lane.states):
        symbol = state.symbol if look.unicode else state.plain
        yield symbol * len(list(cells)), state.style


def _metrics(result: Result, look: Look) -> Iterator[Text | Table]:
    for section in sections(result.metrics):
        yield Text(section.title, "bold")
        if section.table:
            yield _matrix(section)
        if section.facts:
            yield _facts(section.facts, look)


def _matrix(section: Section) -> Table:
    table = _plain_table()
    table.add_column(min_width=NAME_WIDTH)
    for _ in section.table[0][1:]:
        table.add_column(justify="right", min_width=8)
    table.add_row(*section.table[0], style="dim")
    for row in section.table[1:]:
        table.add_row(*row)
    return table


def _facts(facts: Sequence[tuple[str, str]], look: Look) -> Table:
    """Return names and values side by side, read down the columns."""
    pairs = max(1, look.width // 40)
    table = _plain_table()
    for number in range(pairs):
        table.add_column(min_width=0 if number else NAME_WIDTH, no_wrap=True)
        table.add_column(justify="right", min_width=8)
        table.add_column()
    height = -(-len(facts) // pairs)
    for number in range(height):
        cells = [cell for name, value in facts[number::height] for cell in (name, value, "")]
        table.add_row(*cells)
    return table


def _plain_table() -> Table:
    return Table(box=None, show_header=False, padding=(0, 0, 0, 1), pad_edge=True)


def _envelope(result: Result, look: Look) -> Iterator[Text | Table]:
    """What the protocol bears, what the scenario grants, and how far the run went."""
    from analysis.bounds import bounds

    found = bounds(result.records)
    if found:
        yield Text("Envelope", "bold")
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 1))
        table.add_row("", f"{result.protocol} bears", "granted", "the worst", style="dim")
        for bound in found:
            table.add_row(bound.bound, *map(str, shown_bound(bound)), _beyond(bound))
        yield table


def _beyond(bound: BoundHeld) -> Text:
    if bound.exceeded_by is None:
        return Text("")
    return Text(f"{in_unit(bound.exceeded_by, bound.unit)} too much", "yellow")


def _conditions(result: Result, look: Look) -> Iterator[Text | Table]:
    verdict = result.verdict
    if verdict.reach or verdict.expectations:
        yield Text("Expectations", "bold")
        table = Table(box=None, show_header=False, padding=(0, 1, 0, 1))
        for label, outcomes in (("reach", verdict.reach), ("expect", verdict.expectations)):
            for outcome in outcomes:
                table.add_row(label, *_outcome(outcome))
        yield table


def _outcome(outcome: Outcome) -> tuple[str, str, Text]:
    condition = outcome.condition
    mark, style = _MARKS[outcome.ok]
    found = measured(condition.metric, outcome.measured, outcome.at_least)
    return expected(condition.metric, condition.text), found, Text(mark, style)


def _violations(result: Result, look: Look) -> Iterator[Text]:
    found = result.verdict.violations
    if found:
        yield Text("Violations", "bold red")
    for each in found[:VIOLATIONS_MAX]:
        yield Text.assemble(f" {instant(each.at_ns)}  ", (each.property, "red"), f"  {', '.join(each.nodes)}")
        yield Text(f"   {each.evidence}")
        if each.outside_envelope:
            yield Text(f"   outside the protocol's envelope: {each.outside_envelope}", "yellow")
    if len(found) > VIOLATIONS_MAX:
        yield Text(f" and {len(found) - VIOLATIONS_MAX} more (all are in the files of --out)")


def _verdict(result: Result, replay: str) -> Iterator[Text]:
    verdict = result.verdict
    yield Text.assemble((verdict.status.upper(), STATUS_STYLE[verdict.status]))
    yield from (Text(f" {reason}") for reason in verdict.reasons[:VIOLATIONS_MAX])
    outside = {each.property: each.outside_envelope for each in verdict.violations if each.outside_envelope}
    for name, why in outside.items():
        yield Text(f" {name} is broken outside the envelope of {result.protocol}: {why}", "yellow")
    yield Text(f"digest: {result.digest or 'none at trace level off'}", "dim")
    if verdict.status != "pass":
        yield Text(f"replay: {replay}")
