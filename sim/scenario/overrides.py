"""What the command line changes in a scenario: `--set path=value` and `--protocol NAME`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.scenario.document import Document, Path, Place, parse_value
from sim.scenario.units import found

_OPERATOR = re.compile(r"\s*(?:[<>]|[!=]=)")
_FLAT = ("expect",)  # its keys are metrics, whose names have dots


class OverrideProblem(Problem):
    """A mistake on the command line, shown with the argument in place of file, line and column."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return `--set path=value: path: message`."""
        return f"{self.file}: {self.path}: {self.message}" if self.path else f"{self.file}: {self.message}"

    def __lt__(self, other: Problem) -> bool:
        """Sort with the problems of a file, by what is shown."""
        return _order(self) < _order(other)

    def __gt__(self, other: Problem) -> bool:
        """Sort with the problems of a file, by what is shown."""
        return _order(self) > _order(other)


def problem(document: Document, path: Path, message: str, at_key: bool = True) -> Problem:
    """Return the problem of what is at `path`, with its place in the file or its argument."""
    place = document.place(path)
    line, column = (place.line, place.column) if at_key else (place.value_line, place.value_column)
    dotted = ".".join(map(str, path))
    if place.source:
        return OverrideProblem(place.source, line, column, dotted, message)
    return Problem(document.name, line, column, dotted, message)


def apply(document: Document, overrides: Sequence[str]) -> None:
    """Apply each `path=value` in order; a later one wins.

    The path has dots and list indices (`faults.0.at`); the value is YAML, under the rules of a file.
    Mappings on the way are made; whether their keys exist is the schema's question.

    What is no `path=value`, has a value that is not YAML, or leads through something that has no
    parts becomes a problem of the document, and changes nothing else.
    """
    for text in overrides:
        try:
            _apply(document, text)
        except ScenarioError as error:
            document.problems.extend(error.problems)


def switch_protocol(document: Document, name: str, known: Sequence[str]) -> tuple[str, ...]:
    """Replace the protocol by `name`, whose keys are `known`; return the parameters left out."""
    block = document.values.get("protocol")
    kept = block if isinstance(block, Mapping) else {}
    dropped = tuple(key for key in kept if key not in known)
    parameters = {key: value for key, value in kept.items() if key in known and key != "name"}
    document.values["protocol"] = {"name": name, **parameters}
    argument = f"--protocol {name}"
    document.places[("protocol", "name")] = Place(1, 1, 1, 12, argument)
    document.places.setdefault(("protocol",), Place(1, 1, 1, 1, argument))
    document.refused.discard(("protocol",))
    document.refused.discard(("protocol", "name"))
    return dropped


def _order(shown: Problem) -> tuple[str, int, int, str, str]:
    return shown.file, shown.line, shown.column, shown.path, shown.message


def _apply(document: Document, text: str) -> None:
    dotted, equals, written = text.partition("=")
    argument = f"--set {text}"
    path = _split(dotted.strip())
    if not equals or "" in path:
        raise ScenarioError([OverrideProblem(argument, 1, 1, "", "expected path=value, such as seed=7")])
    column = len("--set ") + len(dotted) + 2
    value, places = _value(written, argument, path, column)
    document.values = _with(document.values, path, 0, value, argument)
    _forget(document, path)
    for length in range(1, len(path)):
        document.places.setdefault(path[:length], Place(1, 7, 1, column, argument))
    document.places.update(places)


def _split(dotted: str) -> Path:
    first, _, rest = dotted.partition(".")
    if first in _FLAT and rest:
        return first, rest
    return tuple(int(part) if re.fullmatch("[0-9]{1,9}", part) else part or "" for part in dotted.split("."))


def _value(written: str, argument: str, path: Path, column: int) -> tuple[Any, dict[Path, Place]]:
    """Return the value of an argument, and the places of its parts."""
    fragment = Document(argument, {})
    fragment.places[()] = Place(1, column, 1, column)
    value: Any = written.strip() if _OPERATOR.match(written) else None
    if value is None:
        try:
            value = parse_value(written, fragment)
        except ScenarioError as error:
            fragment.problems = error.problems
    if fragment.problems:
        raise ScenarioError([_shown(each, argument, path) for each in fragment.problems])
    places = {
        path + inner: Place(1, 7, 1, column + place.value_column - 1, argument)
        for inner, place in fragment.places.items()
    }
    return value, places


def _shown(each: Problem, argument: str, path: Path) -> Problem:
    dotted = ".".join(map(str, path)) + (f".{each.path}" if each.path else "")
    return OverrideProblem(argument, each.line, each.column, dotted, each.message)


def _with(container: Any, path: Path, depth: int, value: Any, argument: str) -> Any:
    """Return `container` with `value` at `path[depth:]`."""
    if depth == len(path):
        return value
    step = path[depth]
    if isinstance(container, tuple):
        index = _index(container, path, depth, argument)
        inner = _with(container[index], path, depth + 1, value, argument)
        return (*container[:index], inner, *container[index + 1 :])
    if container is None:
        container = {}
    if not isinstance(container, Mapping):
        message = f"found {found(container)} there, which has no parts; set the whole of it"
        raise ScenarioError([OverrideProblem(argument, 1, 7, ".".join(map(str, path[:depth])), message)])
    key = str(step)
    return {**container, key: _with(container.get(key), path, depth + 1, value, argument)}


def _index(container: tuple[Any, ...], path: Path, depth: int, argument: str) -> int:
    step = path[depth]
    if isinstance(step, int) and step < len(container):
        return step
    have = f"0 to {len(container) - 1}" if container else "none: it is empty"
    message = f"found the index {step}, expected one of the list's ({have})"
    raise ScenarioError([OverrideProblem(argument, 1, 7, ".".join(map(str, path[:depth])), message)])


def _forget(document: Document, path: Path) -> None:
    """Forget the places of what is replaced."""
    length = len(path)
    document.places = {at: place for at, place in document.places.items() if at[:length] != path}
    document.refused = {at for at in document.refused if at[:length] != path}
