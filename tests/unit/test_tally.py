"""The tally of client operations, against slow and obvious definitions."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from sim.tally import OperationTally, three_digits

BOUND = 100


@dataclass(frozen=True, slots=True)
class Op:
    """One client operation; `ended_at` None: open at the end of the run."""

    invoked_at: int
    ended_at: int | None
    outcome: str


@st.composite
def _histories(draw: st.DrawFn) -> tuple[list[Op], int]:
    """Return operations in order of invocation, and the end of the run."""
    gaps = draw(st.lists(st.integers(0, 80), max_size=14))
    operations, now = [], 0
    for gap in gaps:
        now += gap
        length = draw(st.one_of(st.none(), st.integers(0, 250)))
        outcome = draw(st.sampled_from(["ok", "ok", "fail", "info"]))
        operations.append(Op(now, None if length is None else now + length, outcome))
    end = now + draw(st.integers(0, 250))
    open_at_end = [
        op if op.ended_at is None or op.ended_at <= end else Op(op.invoked_at, None, "") for op in operations
    ]
    return open_at_end, end


def _tally(operations: list[Op], end: int) -> OperationTally:
    """Feed the operations as a run would: every event at its time."""
    tally = OperationTally(BOUND)
    slots: dict[int, list[int]] = {}
    events = [(op.invoked_at, 0, index) for index, op in enumerate(operations)]
    events += [(op.ended_at, 1, index) for index, op in enumerate(operations) if op.ended_at is not None]
    for at, is_end, index in sorted(events):
        if is_end:
            tally.completed(slots[index], at, operations[index].outcome)
        else:
            slots[index] = tally.invoked(at)
    tally.finish(end)
    return tally


def _goodness(op: Op, end: int) -> bool | None:
    """Good: succeeded within the bound. None: at the end of the run one cannot tell yet."""
    if op.ended_at is None:
        return None if end - op.invoked_at <= BOUND else False
    return op.outcome == "ok" and op.ended_at - op.invoked_at <= BOUND


def _outages(operations: list[Op], end: int) -> list[tuple[int, int]]:
    """From the first bad operation to the next good one, in order of invocation."""
    judged = [(op.invoked_at, _goodness(op, end)) for op in operations]
    known = [(at, good) for at, good in judged if good is not None]
    found = []
    for index, (at, good) in enumerate(known):
        if not good and (index == 0 or known[index - 1][1]):
            found.append((at, next((later for later, ok in known[index:] if ok), end)))
    return found


@given(_histories())
def test_outages_are_those_of_the_definition(history: tuple[list[Op], int]) -> None:
    """Whatever overlaps, ends late or stays open."""
    operations, end = history

    assert _outages(operations, end) == _tally(operations, end).outages


@given(_histories())
def test_counts_are_those_of_the_definition(history: tuple[list[Op], int]) -> None:
    """An operation that is open for longer than the bound is unknown; for less long, it is not counted."""
    operations, end = history
    tally = _tally(operations, end)
    ended = [op for op in operations if op.ended_at is not None]
    lost = sum(op.ended_at is None and end - op.invoked_at > BOUND for op in operations)
    by_outcome = {kind: sum(op.outcome == kind for op in ended) for kind in ("ok", "fail", "info")}

    assert (by_outcome["ok"], by_outcome["fail"], by_outcome["info"] + lost) == (
        tally.ok,
        tally.fail,
        tally.info,
    )
    assert sum(_goodness(op, end) is True for op in operations) == tally.good
    assert tally.ended == tally.ok + tally.fail + tally.info
    assert by_outcome["ok"] == sum(tally.latencies.values())


def test_an_operation_open_at_the_end_hides_no_recovery() -> None:
    """Bad at 0; at 200 one that is still open; good at 210: the outage ends at 210, not with the run."""
    operations = [Op(0, 50, "fail"), Op(200, None, ""), Op(210, 220, "ok")]

    assert _tally(operations, 250).outages == [(0, 210)]


def test_the_bound_itself_is_within_the_bound() -> None:
    """Good if it took exactly the bound, and not yet lost if it is open for exactly so long."""
    tally = _tally([Op(0, BOUND, "ok"), Op(200, None, "")], 200 + BOUND)
    assert (tally.good, tally.info, tally.outages) == (1, 0, [])

    tally = _tally([Op(0, BOUND + 1, "ok"), Op(200, None, "")], 201 + BOUND)
    assert (tally.good, tally.info, tally.outages) == (0, 1, [(0, 201 + BOUND)])


def test_an_outage_goes_on_to_the_end_of_the_run() -> None:
    """Without a good operation after it."""
    assert _tally([Op(0, 5, "ok"), Op(10, 20, "fail"), Op(300, 450, "ok")], 500).outages == [(10, 500)]


# Three digits ------------------------------------------------------------------------------------


@given(st.integers(0, 10**18))
def test_three_digits_are_within_half_a_percent(value: int) -> None:
    """Half a unit of the third digit is at most 1 / 200 of the value; nothing below 1000 changes."""
    rounded = three_digits(value)

    assert abs(rounded - value) * 200 <= value
    assert value >= 1000 or rounded == value
    assert len(str(rounded).rstrip("0")) <= 3
    assert rounded <= three_digits(value + 1)


def test_memory_does_not_grow_with_the_length_of_a_run() -> None:
    """100,000 operations: few distinct latencies, none of them kept, and one interval for each outage."""
    tally = OperationTally(10**9)
    for number in range(100_000):
        at = number * 1_000_000
        latency = 1_000_000 + number * 7919 % 50_000_000
        tally.completed(tally.invoked(at), at + latency, "ok" if number % 50_000 else "fail")

    assert len(tally.latencies) <= 901 * 2
    assert (len(tally.outages), len(tally._pending)) == (2, 0)
    assert (tally.ok, tally.good, tally.fail) == (99_998, 99_998, 2)
