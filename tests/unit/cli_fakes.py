"""Hand-made runs for the tests of the command line: real results, but nothing was simulated."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sim.cli import engine
from sim.conditions import Condition
from sim.records import (
    Campaigned,
    Crashed,
    Followed,
    LeaderKnown,
    Led,
    Record,
    RunEnded,
    RunStarted,
    Served,
    Started,
    Violated,
)
from sim.result import Result
from sim.tally import Costs, OperationTally

S = 1_000_000_000
NODES = ("n1", "n2", "n3")


@dataclass(frozen=True)
class FakeProtocol:
    """What the command line reads of a scenario's protocol."""

    name: str = "raft"


@dataclass(frozen=True)
class FakeScenario:
    """What the command line reads of a scenario."""

    name: str = "toy"
    about: str = "A toy."
    seed: int = 7
    protocol: FakeProtocol = field(default_factory=FakeProtocol)
    dropped: tuple[str, ...] = ()


def begun(seed: int = 7, duration_ns: int = 10 * S, nodes: tuple[str, ...] = NODES) -> RunStarted:
    """Return the first record of a run of so many nodes."""
    return RunStarted(0, "toy", "raft", seed, duration_ns, nodes, nodes, ("c1",), (), S)


def all_started(nodes: Sequence[str] = NODES) -> list[Record]:
    """Return that every node started at once."""
    return [Started(0, node, 0) for node in nodes]


def leader_crash() -> list[Record]:
    """Return ten seconds: n1 campaigns at 1 s, leads from 2 s, crashes at 5 s; n2 leads from 7 s."""
    return [
        begun(),
        *all_started(),
        Campaigned(1 * S, "n1", 1),
        Led(2 * S, "n1", 1),
        LeaderKnown(2 * S, "n2", "n1", 1),
        Served(2 * S, "n1", 1),
        Followed(5 * S, "n1", 1, "crashed"),
        Crashed(5 * S, "n1", "fault 0", True),
        Campaigned(6 * S, "n2", 2),
        Led(7 * S, "n2", 2),
        Served(7 * S, "n2", 2),
        LeaderKnown(8 * S, "n3", "n2", 2),
        RunEnded(10 * S, "duration"),
    ]


BAD = Violated(8 * S, "election_safety", ("n1", "n2"), "both led in epoch 2", "")


def violated(*, outside: str = "") -> list[Record]:
    """Return the same ten seconds, with a violation at 8 s."""
    records = leader_crash()
    return [*records[:-1], Violated(8 * S, BAD.property, BAD.nodes, BAD.evidence, outside), records[-1]]


def result(
    records: list[Record] | None = None,
    *,
    seed: int = 7,
    reach: tuple[Condition, ...] = (),
    expect: tuple[Condition, ...] = (),
    scenario: Any = None,
    drawn: dict[str, str] | None = None,
) -> Result:
    """Return the result of a run in which those milestones happened, and no client took part."""
    return Result(
        name="toy" if scenario is None else scenario.name,
        protocol="raft",
        seed=seed,
        digest="d1" * 16,
        records=leader_crash() if records is None else records,
        details=[],
        tally=OperationTally(S),
        costs=Costs(messages=1234),
        effects_accepted=0,
        drawn=drawn or {},
        reach=reach,
        expect=expect,
        scenario=scenario or FakeScenario(),
    )


NO_VIOLATION = Condition("violations", "==", 0, "0")
TWO_CHANGES = Condition("leader_changes", ">=", 2, ">= 2")


def passing(scenario: Any, seed: int) -> Result:
    """Return a run that passes."""
    return result(seed=seed, expect=(NO_VIOLATION,), scenario=scenario)


def failing(scenario: Any, seed: int) -> Result:
    """Return a run in which a property was violated."""
    return result(violated(), seed=seed, scenario=scenario)


def inconclusive(scenario: Any, seed: int) -> Result:
    """Return a run that had one change of leader where two were to be reached."""
    return result(seed=seed, reach=(TWO_CHANGES,), scenario=scenario)


Execute = Callable[[Any, int], Result]


def install(
    patch: pytest.MonkeyPatch, execute: Execute, scenarios: Sequence[FakeScenario] = (FakeScenario(),)
) -> None:
    """Let the commands find these scenarios, whatever they look for, and run them so."""
    files = {Path(f"{number}-{each.name}.yaml"): each for number, each in enumerate(scenarios)}
    patch.setattr(engine, "find", lambda arguments: list(files))
    patch.setattr(engine, "load", lambda path, overrides=(), protocol=None: files[path])
    patch.setattr(engine, "execute", lambda scenario, seed, trace: execute(scenario, seed))


def words(command: str) -> list[str]:
    """Return a command line as the program gets it, without the program."""
    return shlex.split(command)
