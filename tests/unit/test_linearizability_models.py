"""Each model and each convention, on histories small enough to be judged by eye."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.linearizability import (
    KNOSSOS,
    PORCUPINE,
    Budget,
    Conventions,
    History,
    HistoryError,
    Operation,
    check,
)
from tests.unit.linearizability_cases import history, op

LINEARIZABLE: dict[str, History] = {
    "a read of the initial value": history("register", op("read", None, 0, 0, 1), initial=0),
    "a read concurrent to a write sees the old value": history(
        "register", op("write", 1, None, 0, 3), op("read", None, 0, 1, 2), initial=0
    ),
    "a read concurrent to a write sees the new value": history(
        "register", op("write", 1, None, 0, 3), op("read", None, 1, 1, 2), initial=0
    ),
    "what touches at one instant overlaps": history(
        "register", op("write", 1, None, 0, 1), op("read", None, 0, 1, 2), initial=0
    ),
    "a write that never returned may take effect late": history(
        "register",
        op("write", 1, None, 0, None, "pending"),
        op("read", None, 0, 1, 2),
        op("read", None, 1, 3, 4),
        initial=0,
    ),
    "a write that never returned may have no effect": history(
        "register", op("write", 1, None, 0, None, "pending"), op("read", None, 0, 1, 2), initial=0
    ),
    "what failed for certain did nothing": history(
        "register", op("write", 1, None, 0, 1, "fail"), op("read", None, 0, 2, 3), initial=0
    ),
    "a swap that succeeded": history(
        "cas-register", op("cas", [0, 1], True, 0, 1), op("read", None, 1, 2, 3), initial=0
    ),
    "a swap that completed without a result succeeded": history(
        "cas-register", op("cas", [0, 1], None, 0, 1), op("read", None, 1, 2, 3), initial=0
    ),
    "a swap from absence": history(
        "cas-register", op("cas", [None, 1], True, 0, 1), op("read", None, 1, 2, 3)
    ),
    "appends in the order in which they were seen": history(
        "kv-append",
        op("append", "a", None, 0, 3),
        op("append", "b", None, 1, 2),
        op("get", None, "ba", 4, 5),
    ),
    "a put forgets what was appended": history(
        "kv-append", op("append", "a", None, 0, 1), op("put", "c", None, 2, 3), op("get", None, "c", 4, 5)
    ),
    "keys are independent": history(
        "kv-append",
        op("append", "a", None, 0, 1, key="x"),
        op("get", None, "", 2, 3, key="y"),
        op("get", None, "a", 4, 5, key="x"),
    ),
    "a lock passed on": history(
        "mutex",
        op("acquire", None, None, 0, 3),
        op("release", None, None, 2, 4),
        op("acquire", None, None, 1, 5),
    ),
    "an acquire that was refused while the lock was held": history(
        "mutex", op("acquire", None, True, 0, 1), op("acquire", None, False, 2, 3)
    ),
    "a lock that is held from the start": history("mutex", op("release", None, None, 0, 1), initial=True),
    "a set read in any order": history(
        "set", op("add", 1, None, 0, 1), op("add", 2, None, 2, 3), op("read", None, [2, 1], 4, 5)
    ),
    "an element removed": history(
        "set",
        op("add", 1, None, 0, 1),
        op("remove", 1, None, 2, 3),
        op("contains", 1, False, 4, 5),
        op("read", None, [], 6, 7),
    ),
    "an addition in doubt that was seen": history(
        "set", op("add", 1, None, 0, None, "pending"), op("contains", 1, True, 1, 2)
    ),
}
NOT: dict[str, History] = {
    "a read of what nobody wrote": history("register", op("read", None, 7, 0, 1), initial=0),
    "a stale read": history("register", op("write", 1, None, 0, 1), op("read", None, 0, 2, 3), initial=0),
    "new, then old": history(
        "register",
        op("write", 1, None, 0, 5),
        op("read", None, 1, 1, 2),
        op("read", None, 0, 3, 4),
        initial=0,
    ),
    "seen before it was called": history(
        "register", op("read", None, 1, 0, 1), op("write", 1, None, 2, None, "pending"), initial=0
    ),
    "true is not 1": history("register", op("read", None, True, 0, 1), initial=1),
    "two swaps from one value": history(
        "cas-register", op("cas", [0, 1], True, 0, 2), op("cas", [0, 2], True, 1, 3), initial=0
    ),
    "a swap that failed though nothing else was there": history(
        "cas-register", op("cas", [0, 1], False, 0, 1), initial=0
    ),
    "absence after a write": history(
        "cas-register", op("write", 1, None, 0, 1), op("read", None, None, 2, 3)
    ),
    "a lost append": history(
        "kv-append", op("append", "a", None, 0, 1), op("append", "b", None, 2, 3), op("get", None, "b", 4, 5)
    ),
    "an append twice": history("kv-append", op("append", "a", None, 0, 1), op("get", None, "aa", 2, 3)),
    "wrong for one of two keys": history(
        "kv-append",
        op("append", "a", None, 0, 1, key="x"),
        op("get", None, "a", 2, 3, key="y"),
        op("get", None, "a", 4, 5, key="x"),
    ),
    "a lock held twice": history("mutex", op("acquire", None, None, 0, 2), op("acquire", None, None, 1, 3)),
    "released twice": history(
        "mutex",
        op("acquire", None, None, 0, 1),
        op("release", None, None, 2, 3),
        op("release", None, None, 4, 5),
    ),
    "an element missing": history("set", op("add", 1, None, 0, 1), op("read", None, [], 2, 3)),
    "an element twice": history("set", op("add", 1, None, 0, 1), op("read", None, [1, 1], 2, 3)),
    "an element seen, then not": history(
        "set", op("add", 1, None, 0, 5), op("contains", 1, True, 1, 2), op("read", None, [], 3, 4)
    ),
}


@pytest.mark.parametrize("case", LINEARIZABLE.values(), ids=LINEARIZABLE)
def test_linearizable_history_is_found_so(case: History) -> None:
    """The checker stays quiet where there is an order."""
    assert check(case).verdict == "linearizable"


@pytest.mark.parametrize("case", NOT.values(), ids=NOT)
def test_impossible_history_is_found_so(case: History) -> None:
    """The checker fires where there is none."""
    assert check(case).verdict == "not"


FAILED_SWAP = history("cas-register", op("cas", [0, 1], False, 0, 1), initial=0)
REFUSED_ACQUIRE = history("mutex", op("acquire", None, False, 0, 1))
NIL_READ = history("register", op("write", 1, None, 0, 1), op("read", None, None, 2, 3))
LATE_EFFECT = history(
    "register",
    op("write", 1, None, 0, 1, "unknown"),
    op("read", None, 0, 2, 3),
    op("read", None, 1, 4, 5),
    initial=0,
)
NO_EFFECT = history("register", op("write", 1, None, 0, 1, "unknown"), op("read", None, 0, 2, 3), initial=0)


@pytest.mark.parametrize(
    ("case", "conventions", "expected"),
    [
        (FAILED_SWAP, PORCUPINE, "not"),
        (FAILED_SWAP, KNOSSOS, "linearizable"),
        (FAILED_SWAP, Conventions(failed="dropped"), "linearizable"),
        (REFUSED_ACQUIRE, PORCUPINE, "not"),
        (REFUSED_ACQUIRE, KNOSSOS, "linearizable"),
        (NIL_READ, PORCUPINE, "not"),
        (NIL_READ, KNOSSOS, "linearizable"),
        (NIL_READ, Conventions(nil_reads="legal"), "linearizable"),
        (LATE_EFFECT, PORCUPINE, "linearizable"),
        (LATE_EFFECT, Conventions(unknown="interval"), "not"),
        (NO_EFFECT, PORCUPINE, "linearizable"),
        (NO_EFFECT, Conventions(unknown="interval"), "linearizable"),
        (NO_EFFECT, Conventions(initial=1), "not"),
        (NO_EFFECT, Conventions(initial=None), "not"),
    ],
)
def test_convention_decides(case: History, conventions: Conventions, expected: str) -> None:
    """Each convention turns the verdict on a history that only it explains."""
    assert check(case, conventions).verdict == expected


@pytest.mark.parametrize(
    ("model", "operation", "message"),
    [
        ("register", op("cas", [0, 1], True, 0, 1), "f: found 'cas', expected one of read, write"),
        ("cas-register", op("cas", 1, True, 0, 1), "arg: found 1, expected [from, to]"),
        ("cas-register", op("cas", [0, 1], 1, 0, 1), "ret: found 1, expected true, false or null"),
        ("kv-append", op("put", 1, None, 0, 1), "arg: found 1, expected a string"),
        ("kv-append", op("get", None, 1, 0, 1), "ret: found 1, expected a string"),
        ("set", op("read", None, 1, 0, 1), "ret: found 1, expected a list"),
        ("set", op("contains", 1, None, 0, 1), "ret: found None, expected true or false"),
        ("register", op("write", 1, None, 5, 4), "end: found 4, expected at least call, 5"),
        (
            "register",
            op("write", 1, None, 5, None),
            "end: found null, expected a position, since status is 'ok'",
        ),
        (
            "queue",
            op("write", 1, None, 0, 1),
            "model: found 'queue', expected one of register, cas-register, kv-append, mutex, set",
        ),
    ],
)
def test_operation_that_the_model_has_not_is_refused(model: str, operation: Operation, message: str) -> None:
    """A history that makes no sense gets no verdict, but the reason."""
    with pytest.raises(HistoryError) as refused:
        check(history(model, operation))

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("model", "initial", "operation"),
    [
        ("mutex", 3, op("acquire", None, None, 0, 1)),
        ("kv-append", 0, op("put", "a", None, 0, 1)),
        ("set", 1, op("add", 1, None, 0, 1)),
    ],
)
def test_initial_value_that_the_model_has_not_is_refused(
    model: str, initial: Any, operation: Operation
) -> None:
    """An initial value is checked even if there is no operation to see it."""
    with pytest.raises(HistoryError, match="init: found"):
        check(history(model, operation, initial=initial))


def test_history_without_operations_is_linearizable() -> None:
    """Nothing happened, and nothing of it is wrong."""
    assert check(history("register")).verdict == "linearizable"


# Hard on purpose: many swaps in doubt lead to 0 in ever new ways, and 9, which comes about once, is needed
# twice, which the search notices only in the end.
HARD = history(
    "cas-register",
    *(op("cas", [i % 7, (i * i + 1) % 7], None, i, None, "pending") for i in range(60)),
    *(op("cas", [i % 7, (i + 1) % 7], True, 60 + i, 200 + i) for i in range(12)),
    op("cas", [0, 9], True, 230, 240),
    op("cas", [9, 8], True, 232, 233),
    op("cas", [9, 7], True, 234, 235),
    initial=0,
)


def test_verdict_is_unknown_when_memory_runs_out() -> None:
    """One configuration is not enough for a history that needs two; a clock is not needed."""
    found = check(HARD, budget=Budget(configurations=5))

    assert (found.verdict, found.reason, found.stuck) == ("unknown", "memory", None)


def test_verdict_is_unknown_when_time_runs_out() -> None:
    """The clock is asked when the search begins and from time to time; here it jumps."""
    ticks = iter(range(0, 1000, 10))
    found = check(HARD, budget=Budget(seconds=5, clock=lambda: float(next(ticks))))

    assert (found.verdict, found.reason, found.stuck) == ("unknown", "time", None)


def test_verdict_that_is_certain_survives_a_budget_that_ran_out() -> None:
    """One object that fails decides, though another one could not be searched."""
    hard = [
        Operation(o.process, o.f, o.argument, o.result, o.status, o.call, o.end, "hard")
        for o in HARD.operations
    ]
    wrong = op("read", None, 5, 0, 1, key="wrong")
    found = check(history("cas-register", *hard, wrong, initial=0), budget=Budget(configurations=5))

    assert (found.verdict, found.stuck and found.stuck.operation) == ("not", wrong)
