"""What stands above and below the lanes: the faults, and the time. Pure text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sim.cli.screen.lanes import Scale
from sim.cli.units import duration
from sim.records import FaultEnded, FaultStarted, Record

ROWS_MAX = 4
KEYS_MAX = 12
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Span:
    """One application of a fault; `until_ns` is None if nothing undid it."""

    fault: int
    at_ns: int
    until_ns: int | None
    text: str

    @property
    def letter(self) -> str:
        """The mark of the fault, the same each time it strikes."""
        return LETTERS[self.fault] if self.fault < len(LETTERS) else "*"


def spans(records: Sequence[Record]) -> list[Span]:
    """Return every application of a fault, in order of its start."""
    found: list[Span] = []
    open_spans: dict[tuple[int, tuple[str, ...]], list[int]] = {}
    for record in records:
        if isinstance(record, FaultStarted):
            open_spans.setdefault((record.fault, record.targets), []).append(len(found))
            found.append(Span(record.fault, record.at_ns, None, _described(record)))
        elif isinstance(record, FaultEnded):
            waiting = open_spans.get((record.fault, record.targets))
            if waiting:
                index = waiting.pop(0)
                found[index] = replace(found[index], until_ns=record.at_ns)
    return found


def _described(record: FaultStarted) -> str:
    what = " ".join([record.action, *([", ".join(record.targets)] if record.targets else [])])
    return f"{what} ({record.about})" if record.about and record.about != what else what


def fault_rows(found: Sequence[Span], scale: Scale, lasts: str) -> list[str]:
    """Return rows with a letter where each fault began, and `lasts` as long as it lasted.

    Faults that would cover each other go to further rows, to the last of four if need be.
    """
    rows: list[list[str]] = []
    for span in found:
        first = scale.column(span.at_ns)
        last = first if span.until_ns is None else scale.column(max(span.at_ns, span.until_ns - 1))
        row = _free_row(rows, first, last, scale.columns)
        row[first : last + 1] = [span.letter, *lasts * (last - first)]
    return ["".join(row) for row in rows]


def _free_row(rows: list[list[str]], first: int, last: int, columns: int) -> list[str]:
    for row in rows:
        if all(cell == " " for cell in row[first : last + 1]):
            return row
    if len(rows) < ROWS_MAX:
        rows.append([" "] * columns)
    return rows[-1]


def fault_keys(found: Sequence[Span]) -> list[str]:
    """Return a line per fault of the scenario: its letter, when, for how long, and what."""
    by_fault: dict[int, list[Span]] = {}
    for span in found:
        by_fault.setdefault(span.fault, []).append(span)
    keys = [_key(by_fault[fault]) for fault in sorted(by_fault)]
    hidden = len(keys) - KEYS_MAX
    return keys if hidden <= 0 else [*keys[:KEYS_MAX], f"and {hidden} more faults"]


def _key(of_one_fault: list[Span]) -> str:
    first = of_one_fault[0]
    lasted = "" if first.until_ns is None else f" for {duration(first.until_ns - first.at_ns)}"
    times = f"{len(of_one_fault)} times, first " if len(of_one_fault) > 1 else ""
    return f"{first.letter}  {times}at {duration(first.at_ns)}{lasted}: {first.text}"


def time_axis(scale: Scale) -> str:
    """Return a ruler: a bar at round times, each followed by its time."""
    step = _step(scale)
    ruler = [" "] * scale.columns
    for at_ns in range(0, scale.end_ns + 1, step):
        label = "|" + duration(at_ns)
        start = scale.column(at_ns)
        if start + len(label) <= scale.columns:
            ruler[start : start + len(label)] = label
    return "".join(ruler).rstrip()


def _step(scale: Scale) -> int:
    """Return the smallest of 1, 2, 5, 10, 20 ... ns whose labels do not touch."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if _labels_fit(factor * power, scale):
                return factor * power
        power *= 10


def _labels_fit(step: int, scale: Scale) -> bool:
    ticks = scale.end_ns // step
    if ticks > scale.columns:
        return False
    widest = max(len(duration(tick * step)) for tick in range(ticks + 1)) + len("| ")
    return step * scale.columns >= widest * scale.end_ns
