"""The errors of the simulator.

    LeadersimError
    +-- UserError          the input is at fault: one clear line, exit code 2, no traceback
    |   +-- ScenarioError  a scenario file, with one `Problem` per mistake
    |   +-- TraceError     a trace file that cannot be read
    +-- SimulatorError     this cannot happen: our own bug, exit code 70

A protocol that violates a property is not an error but a `Violation` in the verdict.
"""

from __future__ import annotations

from dataclasses import dataclass


class LeadersimError(Exception):
    """Base of all errors raised on purpose."""


class UserError(LeadersimError):
    """The input is at fault; the message says where, what was found and what was expected."""


class TraceError(UserError):
    """A trace file is truncated, damaged, or newer than this reader."""


class SimulatorError(LeadersimError):
    """A rule of the simulator itself was broken; please report it."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a file; line and column count from 1."""

    file: str
    line: int
    column: int
    path: str  # "faults.2.crash"; "" for the file as a whole
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.path}: {self.message}" if self.path else f"{where}: {self.message}"


class ScenarioError(UserError):
    """A scenario cannot be used; `problems` has every mistake found, in file order."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, sorted(problems))))
        self.problems = sorted(problems)
