"""From YAML text to plain values, each with its place in the text.

YAML 1.2 core rules, and less than YAML: no anchors, aliases, merge keys or tags, one document, keys
are text. `on`, `no` and `1:30` are therefore the strings that they look like. Numbers that mean
different things to different readers (`010`, `0x10`) are refused, as are NaN and infinity.

The text is read as a stream of events rather than composed, so that a file which nests a thousand
lists is refused at the 21st and not after the parser's stack has run out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from sim.errors import Problem, ScenarioError
from sim.scenario.scalars import ScalarError, plain

SIZE_MAX = 1 << 20
DEPTH_MAX = 20

Path = tuple[str | int, ...]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TOO_DEEP = f"found nesting deeper than the limit of {DEPTH_MAX}"
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: line and column from 1, of its key and of itself.

    `source` is the `--set` argument that it came from, or "" for the file itself.
    """

    line: int
    column: int
    value_line: int
    value_column: int
    source: str = ""


@dataclass(slots=True)
class Document:
    """A mapping, the place of everything in it, and the mistakes found so far.

    `refused` are the paths whose values could not be read, so that nobody complains of them twice.
    Lists are tuples.
    """

    name: str
    values: dict[str, Any]
    places: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    refused: set[Path] = field(default_factory=set)

    def place(self, path: Path) -> Place:
        """Return the place of `path`, or of the nearest thing around it that is in the file."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(1, 1, 1, 1))

    def line(self, path: Path) -> int:
        """Return the line of `path`, from 1; 0 if nothing is known of it."""
        place = self.places.get(path)
        return place.line if place else 0


def parse(text: str, name: str) -> Document:
    """Return the document in `text`; it may carry problems.

    Raises:
        ScenarioError: the text is not YAML, or not one mapping, so that there is nothing to go on with.
    """
    document = Document(name, {})
    values = parse_value(text, document)
    if not isinstance(values, dict):
        what = "an empty file" if values is None else "no mapping at the top"
        message = f"found {what}, expected keys such as `name:`"
        raise ScenarioError([*document.problems, Problem(name, 1, 1, "", message)])
    document.values = values
    return document


def parse_value(text: str, document: Document) -> Any:
    """Return any value in `text`, None for empty text; its places and problems go to `document`."""
    _check_text(text, document.name)
    try:
        return _Builder(document, yaml.parse(text, Loader=_Loader)).build()
    except yaml.MarkedYAMLError as error:
        raise ScenarioError([*document.problems, _syntax_problem(error, text, document.name)]) from None


def decode(data: bytes, name: str) -> str:
    """Return the text of a file; refuse what is too large or not UTF-8, with the place."""
    if len(data) > SIZE_MAX:
        message = f"found {len(data)} bytes, more than the limit of {SIZE_MAX} (1 MiB)"
        raise ScenarioError([Problem(name, 1, 1, "", message)])
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = position(before, len(before))
        message = f"found the byte 0x{data[error.start]:02x}, which is not UTF-8; expected text in UTF-8"
        raise ScenarioError([Problem(name, line, column, "", message)]) from None


def of_mapping(values: Mapping[str, Any], name: str) -> Document:
    """Return a document for values that come from no file; every place is line 1."""
    return Document(name, {str(key): _frozen(value) for key, value in values.items()})


def position(text: str, index: int) -> tuple[int, int]:
    """Return the line and column, from 1, of a character of `text`."""
    breaks = [match.end() for match in _LINE_BREAK.finditer(text, 0, index)]
    return len(breaks) + 1, index - (breaks[-1] if breaks else 0) + 1


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _frozen(item) for key, item in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _check_text(text: str, name: str) -> None:
    if len(text) > SIZE_MAX:
        message = f"found {len(text)} characters, more than the limit of {SIZE_MAX}"
        raise ScenarioError([Problem(name, 1, 1, "", message)])
    match = _UNPRINTABLE.search(text, 1 if text.startswith("\ufeff") else 0)
    if match:
        line, column = position(text, match.start())
        message = f"found the character U+{ord(match[0]):04X}, expected printable text"
        raise ScenarioError([Problem(name, line, column, "", message)])


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, name: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    lines = _LINE_BREAK.split(text)
    line, column = (mark.line, mark.column) if mark else (0, 0)
    if line >= len(lines):  # libyaml counts one line more at the end of a text without a line break
        line, column = len(lines) - 1, len(lines[-1])
    message = f"not YAML: {error.problem or error.context}"
    if "maximum nesting depth" in message:  # newer parsers have a limit of their own, and look far ahead
        message = _TOO_DEEP
    if lines[line][column : column + 1] == "\t":
        message = "found a tab, expected spaces for indentation"
    return Problem(name, line + 1, column + 1, "", message)


class _Builder:
    """Builds the values of one document from its events; refusals go to the document's problems."""

    def __init__(self, document: Document, events: Iterable[Any]) -> None:
        self._document = document
        self._events = iter(events)

    def build(self) -> Any:
        """Return the value of the document, None if there is none."""
        values: Any = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents == 2:
                    self._refuse(event, (), "found a second document, expected one scenario per file")
                    break
            elif isinstance(event, yaml.NodeEvent):
                values = self._node(event, (), event)
        return values

    def _node(self, event: Any, path: Path, key: Any) -> Any:
        mark, own = key.start_mark, event.start_mark
        self._document.places[path] = Place(mark.line + 1, mark.column + 1, own.line + 1, own.column + 1)
        if isinstance(event, yaml.AliasEvent):
            self._document.refused.add(path)
            return self._refuse(event, path, f"found the alias *{event.anchor}; write the value out")
        self._check_properties(event, path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if len(path) >= DEPTH_MAX:
            self._refuse(event, path, _TOO_DEEP)
            raise ScenarioError(self._document.problems)
        return self._mapping(path) if isinstance(event, yaml.MappingStartEvent) else self._sequence(path)

    def _check_properties(self, event: Any, path: Path) -> None:
        if event.anchor is not None:
            self._refuse(event, path, f"found the anchor &{event.anchor}; anchors are not supported")
        if event.tag is not None:
            self._refuse(event, path, f"found the tag {event.tag}; put text that begins with ! in quotes")

    def _scalar(self, event: Any, path: Path) -> Any:
        if not event.implicit[0]:
            return str(event.value)
        try:
            return plain(event.value)
        except ScalarError as error:
            self._document.refused.add(path)
            return self._refuse(event, path, str(error))

    def _sequence(self, path: Path) -> tuple[Any, ...]:
        items: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, (*path, len(items)), event))
        return tuple(items)

    def _mapping(self, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, path)
            inner = (*path, key)
            if key in values:
                self._duplicate(event, path, inner)
            else:
                values[key] = self._node(next(self._events), inner, event)
        return values

    def _key(self, event: Any, path: Path) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(event, path, "found a key that is not text; expected `key: value`")
            raise ScenarioError(self._document.problems)
        self._check_properties(event, path)
        if event.value == "<<" and event.implicit[0]:
            self._refuse(event, path, "found the merge key <<; write the values out")
            self._document.refused.add((*path, "<<"))
        return str(event.value)

    def _duplicate(self, event: Any, path: Path, inner: Path) -> None:
        first = self._document.places[inner]
        where = f"line {first.line}, column {first.column}"
        self._refuse(event, inner, f"found a second key '{event.value}'; the first is at {where}")
        self._skip(next(self._events), inner)

    def _skip(self, event: Any, path: Path) -> None:
        """Read past a value; it may not nest for ever either."""
        depth = 0
        while True:
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if not depth:
                return
            event = next(self._events)

    def _refuse(self, event: Any, path: Path, message: str) -> None:
        mark = event.start_mark
        dotted = ".".join(map(str, path))
        problem = Problem(self._document.name, mark.line + 1, mark.column + 1, dotted, message)
        self._document.problems.append(problem)
