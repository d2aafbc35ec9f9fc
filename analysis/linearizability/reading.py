"""Files of histories, one JSON object a line, and conventions as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from analysis.linearizability.models import Model, initial_state, model_named
from analysis.linearizability.operations import (
    KNOSSOS,
    PORCUPINE,
    STATUSES,
    Conventions,
    History,
    HistoryError,
    Operation,
)
from analysis.linearizability.windows import effect_of

MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Line:
    """A history, and the line of the file that it stands in, from 1."""

    number: int
    history: History


def read_histories(
    lines: Iterable[str], name: str, model: str | None = None, conventions: Conventions = PORCUPINE
) -> list[Line]:
    """Return the histories of a file; empty lines are skipped.

    A line is `{id, model, init, linearizable, ops}`, an operation `{proc, f, arg, ret, status, call, end}`
    and perhaps `key`; what else there is does not matter. `call` and `end` are whole numbers, `end` is
    null for what never returned; `status` is one of "ok", "pending", "unknown" and "fail". `model`
    replaces that of the lines, `name` stands for the file in messages. What `conventions` make of the
    operations is tried, so that the histories can be checked without an error.

    Raises:
        HistoryError: `name:line: path: what was found, what was expected`.
    """
    found = []
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            found.append(Line(number, _history(_parse(text), f"line {number}", model, conventions)))
        except HistoryError as error:
            raise HistoryError(f"{name}:{number}: {error}") from None
    return found


def _parse(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise HistoryError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise HistoryError(f"found {_kind(value)}, expected an object")
    return value


def _history(
    value: Mapping[str, Any], default_id: str, model: str | None, conventions: Conventions
) -> History:
    name = model or _take(value, "model", str)
    chosen = model_named(name)
    initial_state(chosen, value.get("init"), conventions)
    operations = _take(value, "ops", list)
    return History(
        id=str(value.get("id", default_id)),
        model=name,
        operations=tuple(
            _operation(each, index, chosen, conventions) for index, each in enumerate(operations)
        ),
        initial=value.get("init"),
        linearizable=_take(value, "linearizable", bool | None, None),
    )


def _operation(value: Any, index: int, model: Model, conventions: Conventions) -> Operation:
    try:
        operation = _fields(value)
        effect_of(operation, model, conventions)
    except HistoryError as error:
        raise HistoryError(f"ops.{index}: {error}") from None
    return operation


def _fields(value: Any) -> Operation:
    if not isinstance(value, dict):
        raise HistoryError(f"found {_kind(value)}, expected an object")
    return Operation(
        process=_take(value, "proc", int | str),
        f=_take(value, "f", str),
        argument=value.get("arg"),
        result=value.get("ret"),
        status=_status(value),
        call=_take(value, "call", int),
        end=_take(value, "end", int | None, None),
        key=_take(value, "key", int | str | None, None),
    )


def _status(value: Mapping[str, Any]) -> Any:
    status = value.get("status")
    if status not in STATUSES:
        raise HistoryError(f"status: found {status!r}, expected one of {', '.join(STATUSES)}")
    return status


def _take(value: Mapping[str, Any], key: str, kind: Any, default: Any = MISSING) -> Any:
    found = value.get(key, default)
    if found is MISSING:
        raise HistoryError(f"{key}: missing")
    # For Python true is a number; here it is not one.
    if not isinstance(found, kind) or (isinstance(found, bool) and kind not in (bool, bool | None)):
        raise HistoryError(f"{key}: found {found!r}, expected {_expected(kind)}")
    return found


def _expected(kind: Any) -> str:
    names = {int: "a whole number", str: "a string", list: "a list", bool: "true or false"}
    kinds = getattr(kind, "__args__", (kind,))
    return " or ".join(names.get(each, "null") for each in kinds)


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


# Conventions -----------------------------------------------------------------------------------

PRESETS: Final = {"porcupine": PORCUPINE, "knossos": KNOSSOS}
CHOICES: Final = {
    "failed": ("observed", "dropped"),
    "nil-reads": ("absence", "legal"),
    "unknown": ("open", "interval"),
}


def conventions_from(text: str) -> Conventions:
    """Return the conventions: `porcupine`, `knossos`, `failed=dropped,nil-reads=legal`, in order.

    `initial=VALUE`, the value in JSON, comes last, since it may have commas.

    Raises:
        HistoryError: there is no such convention.
    """
    head, has_initial, initial = text.partition("initial=")
    chosen = PORCUPINE
    for part in filter(None, (each.strip() for each in head.split(","))):
        chosen = PRESETS[part] if part in PRESETS else replace(chosen, **_choice(part))
    return replace(chosen, initial=_initial(initial)) if has_initial else chosen


def _choice(part: str) -> dict[str, Any]:
    name, _, value = part.partition("=")
    if value not in CHOICES.get(name, ()):
        known = [*PRESETS, *(f"{key}={'|'.join(values)}" for key, values in CHOICES.items())]
        raise HistoryError(f"conventions: found {part!r}, expected {', '.join(known)} or initial=JSON")
    return {name.replace("-", "_"): value}


def _initial(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise HistoryError(f"conventions: initial: found {text!r}, expected JSON") from None
