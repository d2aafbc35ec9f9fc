"""From the entries of `faults:` to `Fault`s: exactly one timing, exactly one action, inside the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Discriminator, GetCoreSchemaHandler, Tag
from pydantic_core import CoreSchema, core_schema

from sim.scenario.entries import ACTIONS
from sim.scenario.entry import BESIDE, TIMINGS, Entry
from sim.scenario.faults import At, AtRandom, Every, Fault, Timing, When, words_of
from sim.scenario.overlaps import contradictions
from sim.scenario.shapes import Context, mistake, mistakes, nearest
from sim.scenario.units import DURATION_MAX_NS, found, written_duration

Mistake = tuple[tuple[str, ...], str]


def _kind(value: Any) -> str:
    return next((f"<{name}>" for name in ACTIONS if name in value), "")


_ENTRY: Any = Annotated[
    reduce(or_, (Annotated[shape, Tag(f"<{name}>")] for name, shape in ACTIONS.items())),
    Discriminator(_kind),
]


class _FaultField:
    """One entry, read into a `Fault`."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(_read, handler.generate_schema(_ENTRY))


def _read(value: Any, handler: Callable[[Any], Entry], info: core_schema.ValidationInfo[Context]) -> Fault:
    context: Context = info.context
    _check_keys(value)
    entry = handler(value)
    action = entry.action()
    timing = _TIMING[_timing_key(entry)](entry)
    wrong = _too_late(timing, context)
    if "that node" in words_of(action) and not isinstance(timing, When):
        wrong.append(((action.name,), "'that node' needs `when:`, whose event has a node"))
    if wrong:
        raise mistakes(wrong)
    return Fault(timing, action, getattr(entry, "for_", None), entry.about)


def _check_keys(value: Any) -> None:
    """Refuse anything but one action and one timing, before their keys are looked at."""
    if not isinstance(value, Mapping):
        raise mistake(f"found {found(value)}, expected a mapping such as {{at: 10s, crash: leader}}")
    actions = [key for key in value if key in ACTIONS]
    timings = [key for key in value if key in TIMINGS]
    wrong: list[Mistake] = []
    if len(actions) != 1:
        wrong.append(((), _not_one("action", actions, ACTIONS, value)))
    if len(timings) != 1:
        wrong.append(((), _not_one("timing", timings, TIMINGS, value)))
    else:
        wrong += [
            ((key,), f"found '{key}' with '{timings[0]}'; it goes with {' or '.join(partners)}")
            for key, partners in BESIDE.items()
            if key in value and timings[0] not in partners
        ]
    if "for" in value and actions and actions[0] in _NO_LENGTH:
        wrong.append((("for",), f"found a length of {actions[0]}, {_NO_LENGTH[actions[0]]}"))
    if wrong:
        raise mistakes(wrong)


_NO_LENGTH = {
    "crash": "expected restart_after, which is when the process starts again",
    "stop": "expected restart_after, which is when the process starts again",
    "restart": "which happens at once",
    "campaign": "which happens at once",
    "transfer": "which is told at once",
    "members": "which is told at once",
    "heal": "which happens at once",
}


def _not_one(what: str, given: list[str], known: Any, value: Mapping[str, Any]) -> str:
    if given:
        return f"found {' and '.join(given)}, expected exactly one {what}"
    hints = (nearest(key, known) for key in value)
    near = next((hint for hint in hints if hint.startswith("; did")), "")
    return f"found no {what}, expected one of {', '.join(known)}{near}"


def _timing_key(entry: Entry) -> str:
    return next(key for key in TIMINGS if getattr(entry, key) is not None)


def _every(entry: Entry) -> Every:
    period = entry.every or 0
    first = period if entry.first is None else entry.first
    return Every(period, first, entry.until, entry.jitter or 0)


def _when(entry: Entry) -> When:
    trigger = entry.when
    assert trigger is not None
    times = 1 if entry.times is None else entry.times
    return When(trigger, entry.delay or 0, times, entry.jitter or 0)


def _at_random(entry: Entry) -> AtRandom:
    rate = entry.rate
    assert rate is not None
    return AtRandom(rate, entry.from_ or 0, entry.until)


_TIMING: dict[str, Callable[[Entry], Timing]] = {
    "at": lambda entry: At(entry.at or 0),
    "every": _every,
    "rate": _at_random,
    "when": _when,
}


def _too_late(timing: Timing, context: Context) -> list[Mistake]:
    """Return what is wrong with a fault that would never happen."""
    end = DURATION_MAX_NS if context.duration_ns is None else context.duration_ns
    limit, name = end, "the end of the run"
    if context.heal_at_ns is not None and context.heal_at_ns < end:
        limit, name = context.heal_at_ns, "converge.heal_at, when all faults end"
    starts = {
        At: ("at", "at_ns"),
        Every: ("first", "first_ns"),
        AtRandom: ("from", "from_ns"),
        When: ("delay", "delay_ns"),
    }
    key, attribute = starts[type(timing)]
    start = getattr(timing, attribute)
    until = getattr(timing, "until_ns", None)
    wrong: list[Mistake] = []
    if start >= limit:
        written = f"found {written_duration(start)}, expected a time before {written_duration(limit)}"
        wrong.append(((key,), f"{written}, {name}"))
    if until is not None and until <= start:
        wrong.append((("until",), f"found a time that is not after the first one, {written_duration(start)}"))
    return wrong


FaultField = Annotated[Fault, _FaultField()]


def number(faults: tuple[Fault, ...], context: Context) -> tuple[Fault, ...]:
    """Return the faults with their index and line; refuse those that contradict each other."""
    numbered = tuple(
        replace(fault, index=index, line=context.document.line(("faults", index)))
        for index, fault in enumerate(faults)
    )
    wrong = contradictions(numbered, context)
    if wrong:
        raise mistakes(wrong)
    return numbered
