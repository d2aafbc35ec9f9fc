"""From a file, a text or a mapping to a `Scenario`, or to the list of everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from sim.errors import Problem, ScenarioError
from sim.scenario import document as documents
from sim.scenario import overrides as command_line
from sim.scenario.choices import known_keys
from sim.scenario.document import Document
from sim.scenario.model import Scenario
from sim.scenario.shapes import Context


def load(path: str | Path, overrides: Sequence[str] = (), protocol: str | None = None) -> Scenario:
    """Return the scenario in a file; files that it names are relative to it.

    `overrides` are `path=value` as with `--set`; `protocol` replaces `protocol.name`, and what the
    new protocol has no parameter for is left out and listed in `Scenario.dropped`.

    Raises:
        ScenarioError: with one `Problem` for every mistake, in the order of the file.
    """
    name = str(path)
    text = documents.decode(_read(Path(path)), name)
    return _build(documents.parse(text, name), Path(path).parent, overrides, protocol)


def loads(
    text: str, name: str = "<string>", overrides: Sequence[str] = (), protocol: str | None = None
) -> Scenario:
    """Return the scenario in a text; files that it names are relative to the working directory.

    Raises:
        ScenarioError: with one `Problem` for every mistake; `name` stands for the file.
    """
    return _build(documents.parse(text, name), Path(), overrides, protocol)


def from_dict(
    values: Mapping[str, Any],
    name: str = "<mapping>",
    overrides: Sequence[str] = (),
    protocol: str | None = None,
) -> Scenario:
    """Return the scenario in a mapping of the shape of a file.

    Raises:
        ScenarioError: with one `Problem` for every mistake, all of them in line 1.
    """
    return _build(documents.of_mapping(values, name), Path(), overrides, protocol)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # One byte more than allowed is enough to know, and a device file never ends.
            return file.read(documents.SIZE_MAX + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ScenarioError([Problem(str(path), 1, 1, "", f"cannot be read: {reason}")]) from None


def _build(document: Document, folder: Path, overrides: Sequence[str], protocol: str | None) -> Scenario:
    dropped = () if protocol is None else _switch(document, protocol)
    command_line.apply(document, overrides)
    context = Context(document, folder)
    try:
        scenario = Scenario.model_validate(document.values, context=context)
    except ValidationError as error:
        raise ScenarioError(_problems(error, document)) from None
    if document.problems:
        raise ScenarioError(document.problems)
    scenario._dropped = dropped
    scenario._source = document.name
    return scenario


def _switch(document: Document, protocol: str) -> tuple[str, ...]:
    try:
        known = known_keys(protocol)
    except PydanticCustomError as error:
        wrong = command_line.OverrideProblem(f"--protocol {protocol}", 1, 12, "", error.message())
        raise ScenarioError([*document.problems, wrong]) from None
    return command_line.switch_protocol(document, protocol, known)


# How messages begin that are about a key and not about its value.
_ABOUT_THE_KEY = ("unknown key", "unknown metric", "unknown distribution", "found nothing after this key")


def _problems(error: ValidationError, document: Document) -> list[Problem]:
    """Return the document's own problems, and those of the schema that do not repeat one."""
    problems = dict.fromkeys(document.problems)
    for each in error.errors(include_url=False, include_input=False):
        path, there = _in_document(each["loc"], document)
        if there not in document.refused:
            at_key = path != there or each["msg"].startswith(_ABOUT_THE_KEY)
            problems[command_line.problem(document, path, each["msg"], at_key)] = None
    return list(problems)


def _in_document(location: Sequence[str | int], document: Document) -> tuple[documents.Path, documents.Path]:
    """Return the path of an error, and how much of it is in the document.

    Names of alternatives in `location`, which no file has, are in angle brackets.
    """
    value: Any = document.values
    there: documents.Path = ()
    for step in location:
        if isinstance(step, str) and step.startswith("<"):
            continue
        if not _has(value, step):
            return (*there, step), there
        value = value[step]
        there = (*there, step)
    return there, there


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, tuple):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, Mapping) and step in value
