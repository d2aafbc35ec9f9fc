"""Rules between parameters that several lease protocols share, each broken one as a sentence."""

from __future__ import annotations

from collections.abc import Iterator

CLOCKS = ("monotonic", "wall")


def seconds(length_ns: int) -> str:
    """Return a length as text, in seconds."""
    return f"{length_ns / 1e9:g} s"


def one_of(name: str, value: str, known: tuple[str, ...]) -> Iterator[str]:
    """Yield the rule broken by a text parameter that is none of those known."""
    if value not in known:
        yield f"{name} is one of {', '.join(known)}, not {value!r}"


def renewed_in_time(interval_ns: int, validity_ns: int) -> Iterator[str]:
    """Yield the rule broken by a holder whose first renewal comes when its lease is over."""
    if interval_ns >= validity_ns:
        yield (
            f"a lease that its holder counts on for {seconds(validity_ns)} must be renewed earlier than "
            f"{seconds(interval_ns)} after it was granted, or it ends before its first renewal"
        )


def clock_must_not_step(name: str, clock: str) -> Iterator[str]:
    """Yield the rule broken by measuring a lease on a clock that may be set."""
    if clock == "wall":
        yield f"{name}: a wall clock may be set, and a lease measured on it then ends early or late"


def rate_is_a_share(rate_bound: float) -> Iterator[str]:
    """Yield the rule broken by a bound on clock rates that leaves nothing of a lease."""
    if not 0 <= rate_bound < 1:
        yield f"rate_bound is a share of at least 0 and less than 100%, not {rate_bound:g}"
