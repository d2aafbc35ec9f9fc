"""The search agrees with a plain one on histories that came about, and on such with one false result.

Random results are soon impossible, whatever the order; these histories are wrong in one place at most.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from analysis.linearizability import Conventions, History, Operation, check
from analysis.linearizability.operations import Status
from tests.unit.linearizability_cases import by_plain_search, parts, start

FAST, SOAK = 2_000, 100_000
VALUES = 3
Execute = Callable[[Any, Any], tuple[Any, Any]]
"""Argument and state -> result and new state."""


@dataclass(frozen=True, slots=True)
class Object:
    """An object that executes operations, one after the other."""

    initial: Any
    execute: dict[str, Execute]
    argument: Callable[[random.Random, str], Any]


def _register(draw: random.Random, f: str) -> Any:
    argument: dict[str, Any] = {
        "write": draw.randrange(VALUES), "cas": (draw.randrange(VALUES), draw.randrange(VALUES))
    }  # fmt: skip
    return argument.get(f)


WRITES: dict[str, Execute] = {"read": lambda _, s: (s, s), "write": lambda a, _: (None, a)}
OBJECTS: dict[str, Object] = {
    "register": Object(0, WRITES, _register),
    "cas-register": Object(
        0,
        WRITES | {"cas": lambda a, s: (True, a[1]) if a[0] == s else (False, s)},
        _register,
    ),
    "kv-append": Object(
        "",
        {
            "get": lambda _, s: (s, s),
            "put": lambda a, _: (None, a),
            "append": lambda a, s: (None, s + a),
        },
        lambda draw, f: None if f == "get" else draw.choice("aab"),
    ),
    "mutex": Object(
        False,
        {"acquire": lambda _, s: (not s, True), "release": lambda _, s: (s, False)},
        lambda draw, f: None,
    ),
    "set": Object(
        (),
        {
            "read": lambda _, s: (s, s),
            "add": lambda a, s: (None, tuple(sorted({*s, a}))),
            "remove": lambda a, s: (None, tuple(each for each in s if each != a)),
            "contains": lambda a, s: (a in s, s),
        },
        lambda draw, f: None if f == "read" else draw.randrange(VALUES),
    ),
}


def executed(draw: random.Random, model: str) -> History:
    """Return a history of operations that took effect at instants between call and return, or never."""
    size = draw.randint(4, 11)
    names = draw.sample(list(OBJECTS[model].execute), draw.randint(2, len(OBJECTS[model].execute)))
    width = draw.choice([3, 6, 20])
    doubt = draw.choice([0.0, 0.2, 0.5, 0.7])
    operations = []
    for process in range(size):
        f, call = draw.choice(names), 10 * process
        status: Status = "ok" if draw.random() >= doubt else draw.choice(["pending", "unknown"])
        argument = OBJECTS[model].argument(draw, f)
        end = call + draw.randint(1, 10 * width)
        operations.append(
            Operation(process, f, argument, None, status, call, None if status == "pending" else end)
        )
    return replace_results(draw, model, operations)


def replace_results(draw: random.Random, model: str, operations: list[Operation]) -> History:
    """Execute the operations at random instants, and note what they return."""
    latest = 10 * len(operations)
    instants = []
    for number, operation in enumerate(operations):
        end = latest if operation.end is None else operation.end
        instants.append((draw.uniform(operation.call, max(end, operation.call)), number))
    state = OBJECTS[model].initial
    for _, number in sorted(instants):
        operation = operations[number]
        if operation.status == "ok" or draw.random() < 0.5:
            result, state = OBJECTS[model].execute[operation.f](operation.argument, state)
            if operation.status == "ok":
                operations[number] = replace(operation, result=result)
    return History("executed", model, tuple(operations), OBJECTS[model].initial)


def with_a_false_result(draw: random.Random, history: History) -> History:
    """Return the history with one result exchanged for that of another operation of the kind."""
    operations = list(history.operations)
    choices = [
        (number, other.result)
        for number, operation in enumerate(operations)
        for other in operations
        if (operation.f, operation.status, other.status) == (other.f, "ok", "ok")
        and operation.result != other.result
    ]
    if choices:
        number, result = draw.choice(choices)
        operations[number] = replace(operations[number], result=result)
    return replace(history, operations=tuple(operations))


def assert_all_agree(seed: int, count: int) -> None:
    """Try so many histories, each as it came about and with a false result."""
    draw = random.Random(seed)
    seen: Counter[tuple[str, str]] = Counter()
    for number in range(count):
        model = list(OBJECTS)[number % len(OBJECTS)]
        conventions = Conventions(unknown=draw.choice(["open", "interval"]))
        history = executed(draw, model)
        assert check(history, conventions).verdict == "linearizable", (history, conventions)

        changed = with_a_false_result(draw, history)
        expected = by_plain_search(start(changed, conventions), parts(changed, conventions))
        verdict = check(changed, conventions).verdict
        assert verdict == ("linearizable" if expected else "not"), (changed, conventions)
        seen[model, verdict] += 1

    assert (
        min(seen[model, verdict] for model in OBJECTS for verdict in ("linearizable", "not")) > count // 100
    )


@pytest.mark.slow
def test_search_agrees_with_a_plain_one() -> None:
    """What came about is linearizable, and a false result is found if and only if it is impossible."""
    assert_all_agree(seed=1, count=FAST)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_search_agrees_with_a_plain_one_at_length(seed: int) -> None:
    """A hundred thousand histories that came about."""
    assert_all_agree(seed=100 + seed, count=SOAK // 10)
