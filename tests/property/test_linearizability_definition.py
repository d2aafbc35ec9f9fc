"""The search agrees with the definition on small random histories, and its evidence holds."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from analysis.linearizability import MODELS, Check, Conventions, History, Operation, check
from analysis.linearizability.operations import Status
from tests.unit.linearizability_cases import by_definition, is_legal, parts, start, up_to

FAST, SOAK = 5_000, 100_000
SIZE_MAX = 6
STATUSES: tuple[Status, ...] = ("ok", "ok", "ok", "ok", "ok", "pending", "unknown", "fail")
INITIAL: dict[str, Any] = {"register": 0, "cas-register": None, "kv-append": "", "mutex": False, "set": []}


def random_history(draw: random.Random) -> History:
    """Return a history of up to six operations on one object, right about as often as wrong."""
    model = draw.choice(list(MODELS))
    size = draw.randint(1, SIZE_MAX)
    instants = draw.sample(range(2 * size), 2 * size)
    if draw.random() < 0.3:
        instants = [draw.randrange(2 * size) for _ in instants]  # with coincidences
    operations = [
        random_operation(draw, model, process, *sorted(instants[2 * process : 2 * process + 2]))
        for process in range(size)
    ]
    return History("random", model, tuple(operations), INITIAL[model])


def random_operation(draw: random.Random, model: str, process: int, call: int, end: int) -> Operation:
    """Return an operation of the model."""
    f = draw.choice(list(MODELS[model].effects))
    argument, result = random_values(draw, model, f)
    status = draw.choice(STATUSES)
    return Operation(process, f, argument, result, status, call, None if status == "pending" else end)


def random_values(draw: random.Random, model: str, f: str) -> tuple[Any, Any]:
    """Return argument and result, from so few values that they often fit."""
    value, other, coin = draw.randrange(3), draw.randrange(3), draw.random() < 0.6
    values: dict[str, tuple[Any, Any]] = {
        "read": (None, draw.choice([None, 0, 1, 2])),
        "write": (value, None),
        "cas": ([value, other], coin),
        "get": (None, "".join(draw.choice("ab") for _ in range(draw.randint(0, 3)))),
        "put": (draw.choice("ab"), None),
        "append": (draw.choice("ab"), None),
        "acquire": (None, draw.choice([None, True, False])),
        "release": (None, draw.choice([None, True, False])),
        "add": (value, None),
        "remove": (value, None),
        "contains": (value, coin),
    }
    if model == "set" and f == "read":
        return None, [each for each in range(3) if draw.random() < 0.5]
    return values[f]


def random_conventions(draw: random.Random) -> Conventions:
    """Return any of the eight."""
    return Conventions(
        failed=draw.choice(["observed", "dropped"]),
        nil_reads=draw.choice(["absence", "legal"]),
        unknown=draw.choice(["open", "interval"]),
    )


def assert_agreement(checked: History, conventions: Conventions) -> bool:
    """Compare the search with the definition, and look at its evidence; return what both say."""
    found = check(checked, conventions)
    expected = by_definition(start(checked, conventions), parts(checked, conventions))

    assert found.verdict == ("linearizable" if expected else "not"), (checked, conventions)
    if expected:
        assert_order_explains(checked, conventions, found)
    else:
        assert_stuck_is_where_the_order_ends(checked, conventions, found)
    return expected


def assert_order_explains(checked: History, conventions: Conventions, found: Check) -> None:
    """Every completed operation is in the order, each once, and the order is legal."""
    by_number = {id(part.operation): part for part in parts(checked, conventions)}
    certain = {number for number, part in by_number.items() if not part.optional}
    order = [id(operation) for _, order in found.orders for operation in order]

    assert len(order) == len({*order})
    assert certain <= {*order}
    assert is_legal(start(checked, conventions), tuple(by_number[number] for number in order))


def assert_stuck_is_where_the_order_ends(checked: History, conventions: Conventions, found: Check) -> None:
    """There is an order of everything up to the return of the operation, and with it there is none."""
    assert found.stuck is not None
    assert found.stuck.certain
    last = found.stuck.operation
    all_parts = parts(checked, conventions)
    by_number = {id(part.operation): part for part in all_parts}
    prefix = tuple(by_number[id(operation)] for operation in found.stuck.prefix)
    initial = start(checked, conventions)

    assert is_legal(initial, prefix)
    ends = [part.end for part in all_parts if part.end is not None]
    if len(ends) == len({*ends}):  # otherwise one of those that return at that instant is named
        assert not by_definition(initial, up_to(all_parts, last, with_return=True)), (checked, conventions)
        assert by_definition(initial, up_to(all_parts, last, with_return=False)), (checked, conventions)


def assert_all_agree(seed: int, count: int) -> None:
    """Try so many histories; both verdicts must come up for every model, or nothing was compared."""
    draw = random.Random(seed)
    seen: Counter[tuple[str, bool]] = Counter()
    for _ in range(count):
        checked, conventions = random_history(draw), random_conventions(draw)
        seen[checked.model, assert_agreement(checked, conventions)] += 1

    assert min(seen[model, expected] for model in MODELS for expected in (True, False)) > count // 50


@pytest.mark.slow
def test_search_agrees_with_the_definition() -> None:
    """Every order that respects real time is tried, for thousands of histories of all models."""
    assert_all_agree(seed=1, count=FAST)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_search_agrees_with_the_definition_at_length(seed: int) -> None:
    """A hundred thousand histories."""
    assert_all_agree(seed=100 + seed, count=SOAK // 10)
