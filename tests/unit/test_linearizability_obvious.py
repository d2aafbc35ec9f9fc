"""What is found without a search is right, and what is hard for one search is not for another."""

from __future__ import annotations

import time

import pytest

from analysis.linearizability import Budget, check
from analysis.linearizability.models import model_named
from analysis.linearizability.obvious import impossible
from analysis.linearizability.operations import PORCUPINE, History, Operation
from analysis.linearizability.windows import windows_of
from sim.rng import Seed
from tests.unit.linearizability_cases import history, op


def found(*operations: Operation, initial: object = 0, model: str = "cas-register") -> int | None:
    """Return the window of the first impossible observation."""
    return impossible(windows_of(operations, model_named(model), initial, PORCUPINE))


def test_a_value_that_nobody_wrote_cannot_be_read() -> None:
    assert found(op("read", None, 7, 0, 1)) == 0
    assert found(op("write", 7, None, 0, 1), op("read", None, 7, 2, 3)) is None


def test_a_value_is_not_read_before_it_is_written() -> None:
    assert found(op("read", None, 7, 0, 1), op("write", 7, None, 2, 3)) == 0
    assert found(op("read", None, 7, 0, 3), op("write", 7, None, 2, 4)) is None


def test_a_value_is_not_read_after_it_was_overwritten() -> None:
    """Unless the writes overlap, or the older one may still take effect."""
    new = op("write", 8, None, 2, 3)

    assert found(op("write", 7, None, 0, 1), new, op("read", None, 7, 4, 5)) == 2
    assert found(op("write", 7, None, 0, 6), new, op("read", None, 7, 4, 5)) is None
    assert found(op("write", 7, None, 0, None, "pending"), new, op("read", None, 7, 4, 5)) is None
    assert found(new, op("read", None, 0, 4, 5)) == 1


def test_a_swap_does_not_explain_what_it_found() -> None:
    assert found(op("cas", [7, 7], True, 0, 1)) == 0


def test_other_models_are_left_to_the_search() -> None:
    assert found(op("add", 7, None, 0, 1), op("read", None, [8], 2, 3), initial=[], model="set") is None


def test_an_earlier_contradiction_is_named_before_an_obvious_one() -> None:
    """The swap at 4 needs what another one took; the read at 9 saw what was never written."""
    swaps = [op("write", 1, None, 0, 8), op("cas", [1, 2], True, 1, 3), op("cas", [1, 3], True, 2, 4)]
    late = op("read", None, 99, 9, 10)
    result = check(history("cas-register", *swaps, late, initial=0))

    assert result.verdict == "not"
    assert result.stuck is not None
    assert result.stuck.operation == swaps[2]


def overlapping(seed: int, clients: int = 30, each: int = 20, values: int = 10) -> History:
    """Return what clients saw that have always an operation open, on a register with few values."""
    stream = Seed(seed).stream("overlapping")
    spans = []
    for client in range(clients):
        at = stream.random()
        for _ in range(each):
            end = at + 0.1 + 2 * stream.random()
            spans.append((at + stream.random() * (end - at), at, end, client))
            at = end + 0.001
    value, done = 0, []
    for _, begun, end, client in sorted(spans):
        reads = stream.random() < 0.5
        value = value if reads else stream.randrange(0, values)
        done.append((client, reads, value, begun, end))
    places = {at: place for place, at in enumerate(sorted(t for one in done for t in one[3:]))}
    operations = (
        Operation(client, "read", None, value, "ok", places[begun], places[end])
        if reads
        else Operation(client, "write", value, None, "ok", places[begun], places[end])
        for client, reads, value, begun, end in done
    )
    return History("overlapping", "register", tuple(operations), 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_thirty_clients_that_always_overlap_are_decided(seed: int) -> None:
    """One wrong turn near the beginning would cost everything; the search begins anew and finds an order."""
    result = check(overlapping(seed), budget=Budget(seconds=30, clock=time.monotonic))

    assert result.verdict == "linearizable"


def test_the_same_history_is_searched_the_same_way() -> None:
    """Also where the search begins anew."""
    counts = {check(overlapping(1, clients=20)).configurations for _ in range(2)}

    assert len(counts) == 1
