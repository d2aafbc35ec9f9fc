"""The objects that can be checked: what each operation of a history does to their state.

A model turns an operation into an effect, or into None where the operation says nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from analysis.linearizability.effects import (
    Add,
    Append,
    Differ,
    Effect,
    Holds,
    Observe,
    Remove,
    State,
    Swap,
    Write,
)
from analysis.linearizability.operations import Conventions, HistoryError, Initial, Operation

Reader = Callable[[Operation, Conventions], Effect | None]


@dataclass(frozen=True, slots=True)
class Model:
    """One kind of object.

    `initial` turns the initial value of a history into a state, `effects` each operation, by its
    name, into what it does.
    """

    name: str
    initial: Callable[[Any], State]
    effects: Mapping[str, Reader]

    def effect(self, operation: Operation, conventions: Conventions) -> Effect | None:
        """Return what the operation does; None if nothing, or nothing that anyone could tell.

        Raises:
            HistoryError: the model has no such operation, or not with such an argument or result.
        """
        reader = self.effects.get(operation.f)
        if reader is None:
            raise HistoryError(f"f: found {operation.f!r}, expected one of {', '.join(self.effects)}")
        return None if operation.status == "fail" else reader(operation, conventions)


def value_of(value: Any) -> Hashable:
    """Return the value as one that can be compared and hashed; true is not 1, a list not a string."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list | tuple):
        return ("list", *map(value_of, value))
    if isinstance(value, dict):
        return ("dict", *sorted((str(key), value_of(item)) for key, item in value.items()))
    if not isinstance(value, Hashable):
        raise HistoryError(f"found {value!r}, which cannot be compared")
    return value


# Registers -------------------------------------------------------------------------------------


def _read(operation: Operation, conventions: Conventions) -> Effect | None:
    if _is_silent(operation, conventions):
        return None
    return Observe(value_of(operation.result))


def _is_silent(operation: Operation, conventions: Conventions) -> bool:
    """Whether what a read returned says nothing."""
    return operation.status != "ok" or (operation.result is None and conventions.nil_reads == "legal")


def _write(operation: Operation, conventions: Conventions) -> Effect | None:
    return Write(value_of(operation.argument))


def _cas(operation: Operation, conventions: Conventions) -> Effect | None:
    if not isinstance(operation.argument, list | tuple) or len(operation.argument) != 2:
        raise HistoryError(f"arg: found {operation.argument!r}, expected [from, to]")
    old, new = map(value_of, operation.argument)
    if _has_succeeded(operation):
        return Swap(old, new)
    return Differ(old) if conventions.failed == "observed" else None


def _has_succeeded(operation: Operation) -> bool:
    """Whether the operation did what it was to do, if it did anything.

    One that completed without a result has: where logs say so of each operation, they give no result.
    """
    if operation.status == "ok" and not isinstance(operation.result, bool | None):
        raise HistoryError(f"ret: found {operation.result!r}, expected true, false or null")
    return operation.status != "ok" or operation.result is not False


# Strings to append to --------------------------------------------------------------------------


def _get(operation: Operation, conventions: Conventions) -> Effect | None:
    if _is_silent(operation, conventions):
        return None
    return Observe("" if operation.result is None else _text(operation.result, "ret"))


def _put(operation: Operation, conventions: Conventions) -> Effect | None:
    return Write(_text(operation.argument, "arg"))


def _append(operation: Operation, conventions: Conventions) -> Effect | None:
    return Append(_text(operation.argument, "arg"))


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise HistoryError(f"{what}: found {value!r}, expected a string")
    return value


def _initial_text(value: Any) -> State:
    return _text("" if value is None else value, "init")


# A lock ----------------------------------------------------------------------------------------


def _acquire(operation: Operation, conventions: Conventions) -> Effect | None:
    if _has_succeeded(operation):
        return Swap(False, True)
    return Observe(True) if conventions.failed == "observed" else None


def _release(operation: Operation, conventions: Conventions) -> Effect | None:
    if _has_succeeded(operation):
        return Swap(True, False)
    return Observe(False) if conventions.failed == "observed" else None


def _initial_lock(value: Any) -> State:
    if value not in (None, False, True):
        raise HistoryError(f"init: found {value!r}, expected true (held), false or null")
    return bool(value)


# Sets ------------------------------------------------------------------------------------------


def _add(operation: Operation, conventions: Conventions) -> Effect | None:
    return Add(value_of(operation.argument))


def _remove(operation: Operation, conventions: Conventions) -> Effect | None:
    return Remove(value_of(operation.argument))


def _contains(operation: Operation, conventions: Conventions) -> Effect | None:
    if operation.status != "ok":
        return None
    if not isinstance(operation.result, bool):
        raise HistoryError(f"ret: found {operation.result!r}, expected true or false")
    return Holds(value_of(operation.argument), operation.result)


def _read_set(operation: Operation, conventions: Conventions) -> Effect | None:
    if _is_silent(operation, conventions):
        return None
    elements = _elements(operation.result, "ret")
    seen = frozenset(elements)
    # No set has an element twice: such a list stays one, and equals no state.
    return Observe(seen if len(seen) == len(elements) else tuple(elements))


def _elements(value: Any, what: str) -> list[Hashable]:
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise HistoryError(f"{what}: found {value!r}, expected a list")
    return [value_of(element) for element in value]


def _initial_set(value: Any) -> State:
    return frozenset(_elements(value, "init"))


# All of them -----------------------------------------------------------------------------------

_MODELS = (
    Model("register", value_of, {"read": _read, "write": _write}),
    Model("cas-register", value_of, {"read": _read, "write": _write, "cas": _cas}),
    Model("kv-append", _initial_text, {"get": _get, "put": _put, "append": _append}),
    Model("mutex", _initial_lock, {"acquire": _acquire, "release": _release}),
    Model("set", _initial_set, {"add": _add, "read": _read_set, "remove": _remove, "contains": _contains}),
)
MODELS: Final[Mapping[str, Model]] = MappingProxyType({model.name: model for model in _MODELS})
"""The models by name."""


def model_named(name: str) -> Model:
    """Return the model; HistoryError if there is none of that name."""
    if name not in MODELS:
        raise HistoryError(f"model: found {name!r}, expected one of {', '.join(MODELS)}")
    return MODELS[name]


def initial_state(model: Model, initial: Any, conventions: Conventions) -> State:
    """Return the state in which the object begins; HistoryError if the model has no such value."""
    chosen = initial if conventions.initial is Initial.FROM_HISTORY else conventions.initial
    return model.initial(chosen)
