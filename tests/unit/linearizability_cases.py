"""Small histories by hand, and the definition of linearizability as a program: slow and plain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from typing import Any

from analysis.linearizability import MODELS, PORCUPINE, Conventions, History, Operation
from analysis.linearizability.effects import ILLEGAL, Effect
from analysis.linearizability.models import initial_state
from analysis.linearizability.operations import Status


def op(
    f: str,
    argument: Any,
    result: Any,
    call: int,
    end: int | None,
    status: Status = "ok",
    *,
    process: int | None = None,
    key: str | None = None,
) -> Operation:
    """Return an operation; its process is the instant of its call unless it is given."""
    return Operation(call if process is None else process, f, argument, result, status, call, end, key)


def history(model: str, *operations: Operation, initial: Any = None) -> History:
    """Return a history of that model."""
    return History("case", model, operations, initial)


@dataclass(frozen=True, slots=True)
class Part:
    """What the definition needs of an operation. `end` None: any time after the call."""

    operation: Operation
    effect: Effect
    end: int | None
    optional: bool


def parts(checked: History, conventions: Conventions = PORCUPINE) -> list[Part]:
    """Return the operations that say anything."""
    found = []
    for operation in checked.operations:
        effect = MODELS[checked.model].effect(operation, conventions)
        if effect is not None:
            is_open = operation.status == "unknown" and conventions.unknown == "open"
            optional = operation.status != "ok"
            found.append(Part(operation, effect, None if is_open else operation.end, optional))
    return found


def start(checked: History, conventions: Conventions = PORCUPINE) -> Any:
    """Return the state in which the object begins."""
    return initial_state(MODELS[checked.model], checked.initial, conventions)


def is_legal(state: Any, order: tuple[Part, ...]) -> bool:
    """Return whether the order respects real time and explains every result."""
    for index, part in enumerate(order):
        call = part.operation.call
        if any(later.end is not None and later.end < call for later in order[index + 1 :]):
            return False
        state = part.effect.apply(state)
        if state is ILLEGAL:
            return False
    return True


def orders(all_parts: list[Part]) -> Iterator[tuple[Part, ...]]:
    """Yield all orders of what completed, with every choice of the rest."""
    certain = [part for part in all_parts if not part.optional]
    doubtful = [part for part in all_parts if part.optional]
    for size in range(len(doubtful) + 1):
        for chosen in combinations(doubtful, size):
            yield from permutations([*certain, *chosen])


def by_definition(state: Any, all_parts: list[Part]) -> bool:
    """Return whether there is an order.

    Source: Herlihy and Wing, "Linearizability" (TOPLAS 1990), §2.3.
    """
    return any(is_legal(state, order) for order in orders(all_parts))


def up_to(all_parts: list[Part], last: Operation, *, with_return: bool) -> list[Part]:
    """Return what had been called when `last` returned, what had not returned by then as open."""
    assert last.end is not None
    found = []
    for part in all_parts:
        late = part.end is not None and part.end > last.end
        if part.operation.call <= last.end:
            is_open = late or (part.operation is last and not with_return)
            found.append(replace(part, end=None, optional=True) if is_open else part)
    return found


def by_plain_search(initial: Any, all_parts: list[Part]) -> bool:
    """Return the same as `by_definition`, for histories of a dozen operations: nothing is tried twice."""
    failed: set[tuple[frozenset[int], Any]] = set()

    def search(left: frozenset[int], state: Any) -> bool:
        if all(all_parts[number].optional for number in left):
            return True
        if (left, state) in failed:
            return False
        failed.add((left, state))
        return any(tried(left, number, state) for number in sorted(left))

    def tried(left: frozenset[int], number: int, state: Any) -> bool:
        part = all_parts[number]
        over = {each for each in left if _is_before(all_parts[each], part)}
        after = part.effect.apply(state)
        if after is ILLEGAL or not all(all_parts[each].optional for each in over):
            return False
        return search(left - over - {number}, after)

    return search(frozenset(range(len(all_parts))), initial)


def _is_before(part: Part, other: Part) -> bool:
    return part.end is not None and part.end < other.operation.call
