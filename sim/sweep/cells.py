"""What a sweep runs: the cross product of scenarios, protocols and varied values, as cells."""

from __future__ import annotations

import json
import pickle
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import Problem, ScenarioError, UserError

if TYPE_CHECKING:
    from sim.scenario import Scenario

Source = str | Path | Mapping[str, Any]
"""A path, the name of a shipped scenario, or a mapping of the shape of a file."""
Varied = tuple[tuple[str, str], ...]
"""Paths and the values they have in a cell, as text: (("network.loss", "5%"),)."""
Refused = tuple[str, Varied, str]
"""A combination that a scenario does not allow: its protocol ("": the file's own), values, and the reason."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination; `payload` is its pickled scenario, `source` the file that it came from."""

    scenario: str
    protocol: str
    varied: Varied
    source: str
    flags: tuple[str, ...]
    payload: bytes
    text: str  # of the file

    @property
    def key(self) -> tuple[str, ...]:
        """What the cell's rows begin with: scenario, protocol, varied values."""
        return self.scenario, self.protocol, *(value for _, value in self.varied)

    @property
    def label(self) -> str:
        """The cell in words: `leader-crash raft network.loss=5%`."""
        return " ".join([self.scenario, self.protocol, *(f"{path}={value}" for path, value in self.varied)])

    def replay(self, seed: int) -> str:
        """Return the command that runs one seed of this cell again, for a shell."""
        return shlex.join(["leadersim", "run", self.source, "--seed", str(seed), *self.flags])


def split_vary(argument: str) -> tuple[str, tuple[str, ...]]:
    """Return path and values of `path=v1,v2`; commas inside brackets and quotes do not separate.

    >>> split_vary("protocol.election_timeout=[1s, 2s],[2s, 4s]")
    ('protocol.election_timeout', ('[1s, 2s]', '[2s, 4s]'))

    Raises:
        UserError: there is no path, no value, an empty value, or one value twice.
    """
    path, equals, written = argument.partition("=")
    values = tuple(_split(written))
    if not equals or not path.strip() or "" in values:
        raise UserError(f"--vary {argument}: expected path=value,value such as network.loss=0%,5%")
    if len(set(values)) < len(values):
        raise UserError(f"--vary {argument}: one value stands there twice")
    return path.strip(), values


def _split(written: str) -> Iterator[str]:
    depth, quote, part = 0, "", ""
    for letter in written:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and not depth and not quote:
            yield part.strip()
            part = ""
        else:
            part += letter
    yield part.strip()


def cells(
    scenarios: Iterable[Source],
    protocols: Sequence[str] = (),
    vary: Mapping[str, Sequence[str]] | None = None,
    overrides: Sequence[str] = (),
    refused: list[Refused] | None = None,
) -> tuple[Cell, ...]:
    """Return the cells in order: scenario by scenario, protocol by protocol, the last path varying fastest.

    With a list `refused`, combinations that are not valid go there, as long as any other is.

    Raises:
        ScenarioError: with every mistake of every cell.
        UserError: the cross product is empty, or two of its cells would have one name.
    """
    found: list[Cell] = []
    problems: dict[Problem, None] = {}
    for source in _files(scenarios):
        for protocol, varied in _combinations(protocols, vary or {}):
            try:
                found.append(_cell(source, protocol, varied, overrides))
            except ScenarioError as error:
                problems |= dict.fromkeys(_as_vary(each, varied) for each in error.problems)
                if refused is not None:
                    refused.append((protocol or "", varied, error.problems[0].message))
    if problems and (refused is None or not found):
        raise ScenarioError(list(problems))
    _check(found)
    return tuple(found)


def _files(scenarios: Iterable[Source]) -> list[Source]:
    from sim.scenario import find

    found: list[Source] = []
    for each in scenarios:
        found += [each] if isinstance(each, Mapping) else find([each])
    return found


def _combinations(
    protocols: Sequence[str], vary: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str | None, Varied]]:
    empty = next((path for path, values in vary.items() if not values), None)
    if empty is not None:
        raise UserError(f"--vary {empty}: no values, so there is nothing to run")
    for protocol in protocols or (None,):
        for values in product(*vary.values()):
            yield protocol, tuple(zip(vary, values, strict=True))


def _cell(source: Source, protocol: str | None, varied: Varied, overrides: Sequence[str]) -> Cell:
    settings = [*overrides, *(f"{path}={value}" for path, value in varied)]
    scenario = _load(source, settings, protocol)
    flags = ("--protocol", protocol) if protocol else ()
    return Cell(
        scenario=scenario.name,
        protocol=scenario.protocol.name,
        varied=varied,
        source=_shown(source),
        flags=(*flags, *(part for each in settings for part in ("--set", each))),
        payload=pickle.dumps(scenario),
        text=_text(source),
    )


def _load(source: Source, settings: Sequence[str], protocol: str | None) -> Scenario:
    from sim.scenario import from_dict, load

    if isinstance(source, Mapping):
        return from_dict(source, overrides=settings, protocol=protocol)
    return load(source, settings, protocol)


def _shown(source: Source) -> str:
    if isinstance(source, Mapping):
        return "<mapping>"
    path = Path(source)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return str(path)


def _as_vary(problem: Problem, varied: Varied) -> Problem:
    """Name the option that was given, where a value of `--vary` is at fault."""
    wrong = {f"--set {path}={value}" for path, value in varied}
    if problem.file not in wrong:
        return problem
    return replace(problem, file="--vary" + problem.file.removeprefix("--set"))


def _check(found: Sequence[Cell]) -> None:
    if not found:
        raise UserError("the cross product of scenarios, protocols and values is empty")
    keys = [cell.key for cell in found]
    twice = next((cell for cell in found if keys.count(cell.key) > 1), None)
    if twice is not None:
        raise UserError(f"two cells would be named {twice.label}; their rows could not be told apart")


def _text(source: Source) -> str:
    if isinstance(source, Mapping):
        return json.dumps(source, sort_keys=True, default=str)
    return Path(source).read_text("utf-8")
