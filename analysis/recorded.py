"""Runs that were written to files, as the analysis sees them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any

from analysis.metrics import Metrics
from analysis.world import started
from sim.errors import TraceError
from sim.records import (
    BY_KIND,
    MILESTONES,
    EffectJudged,
    Message,
    Noted,
    Operation,
    Record,
    Saved,
    Synced,
    TimerFired,
)
from sim.tally import Costs, OperationTally
from sim.trace_files import read as read_records

TRACES = ("trace.jsonl", "trace.parquet")
_FULL = (Message, Saved, Synced, TimerFired, Noted)


@dataclass(eq=False)
class Recorded:
    """One run from files. `told` is what its result.json says, {} if there is none beside the trace.

    Without result.json the sums over client operations are those of the operations in the trace: all of
    them at level `summary` and up, none below.
    """

    records: Sequence[Record]
    details: Sequence[Record]
    told: Mapping[str, Any]
    tally: OperationTally
    costs: Costs
    effects_accepted: int
    drawn: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the scenario."""
        return started(self.records).scenario

    @property
    def protocol(self) -> str:
        """The name of the protocol."""
        return started(self.records).protocol

    @property
    def seed(self) -> int:
        """The seed."""
        return started(self.records).seed

    @property
    def level(self) -> str:
        """The trace level, as far as the records show it: digest, summary or full."""
        told = self.told.get("level")
        if told in ("off", "digest", "summary", "full"):
            return str(told)
        kinds = set(map(type, self.details))
        return "full" if kinds & set(_FULL) else "summary" if kinds else "digest"

    @property
    def about(self) -> str:
        """What the scenario says that it shows; "" if that is not known."""
        return str(self.told.get("about", ""))

    @property
    def replay(self) -> str:
        """The command that runs it again; "" if that is not known."""
        return str(self.told.get("replay", ""))

    @cached_property
    def metrics(self) -> Mapping[str, Any]:
        """Every metric by name, computed from the records and sums."""
        return Metrics(self)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: verdict, leadership lanes, a few metrics."""
        from analysis.report import card

        return card(self)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as `leadersim run --json` prints it; verdict "" if nobody judged it."""
        unjudged = {
            "scenario": self.name,
            "protocol": self.protocol,
            "seed": self.seed,
            "digest": "",
            "verdict": "",
            "metrics": dict(self.metrics),
            "expectations": [],
            "violations": [],
        }
        return {name: self.told.get(name, value) for name, value in unjudged.items()}


def read_run(path: Path, leave_out: Collection[str] = ()) -> Recorded:
    """Return the run in a directory that `leadersim run --out` left, or of a trace file.

    The result.json beside the trace is read too, if it is of the same run. `leave_out` names kinds of records
    that are not wanted, which saves time.

    Raises:
        TraceError: with file and record, if a file is missing, damaged, truncated or newer.
    """
    trace = (
        path if path.is_file() else next((path / name for name in TRACES if (path / name).is_file()), None)
    )
    if trace is None:
        raise TraceError(f"{path}: neither a trace file nor a directory with {' or '.join(TRACES)}")
    found = read_records(trace, leave_out)
    if type(found[0]) is not BY_KIND["run_started"]:
        raise TraceError(f"{trace}: the first record is not run_started")
    kept = frozenset(MILESTONES)
    records = [record for record in found if type(record) in kept and not _is_detail(record)]
    details = [record for record in found if type(record) not in kept or _is_detail(record)]
    told = _told(trace.with_name("result.json"), records)
    return _assembled(trace, records, details, told)


def _is_detail(record: Record) -> bool:
    return type(record) is EffectJudged and record.accepted and record.epoch >= record.highest


def _told(path: Path, records: Sequence[Record]) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise TraceError(f"{path}: not the result of a run: {error}") from error
    begun = started(records)
    same = {"scenario": begun.scenario, "protocol": begun.protocol, "seed": begun.seed}
    if not isinstance(told, dict) or any(told.get(name) != value for name, value in same.items()):
        return {}
    return told


def _assembled(
    trace: Path, records: Sequence[Record], details: Sequence[Record], told: dict[str, Any]
) -> Recorded:
    sums = told.get("sums")
    if sums is None:
        effects = sum(type(record) is EffectJudged and record.accepted for record in (*records, *details))
        return Recorded(records, details, told, tally_of(records, details), Costs(), effects)
    try:
        return Recorded(
            records,
            details,
            told,
            OperationTally.from_dict(sums["tally"]),
            Costs(**sums["costs"]),
            int(sums["effects_accepted"]),
            dict(told.get("drawn", {})),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TraceError(f"{trace.with_name('result.json')}: sums: not as written: {error!r}") from error


def tally_of(records: Sequence[Record], details: Sequence[Record]) -> OperationTally:
    """Return the sums over the client operations that a trace has, as the run counted them."""
    tally = OperationTally(started(records).bound_ns)
    for operation, slot in list(_invoked(tally, details)):
        tally.attempts += operation.attempts
        if operation.completed_at_ns >= 0:
            tally.completed(slot, operation.completed_at_ns, operation.outcome)
    tally.finish(records[-1].at_ns)
    return tally


def _invoked(tally: OperationTally, details: Sequence[Record]) -> Iterator[tuple[Operation, list[int]]]:
    operations = [record for record in details if type(record) is Operation]
    for operation in sorted(operations, key=attrgetter("at_ns")):
        yield operation, tally.invoked(operation.at_ns)
