"""Reads what a group of trials was set to, and says of the network what all models share."""

from __future__ import annotations

from collections.abc import Sequence

from sim.calibration.real.table import Group

FASTEST_US, SLOWEST_US = 50, 250
"""One way over loopback; what `tc netem` adds comes on top."""
DELAY = "one_way_delay_ms"
SWITCH = {"on": True, "true": True, "off": False, "false": False}


def check(group: Group, system: str, known: Sequence[str]) -> None:
    """Refuse settings that a model does not know: it would simulate something else.

    Raises:
        ValueError: there is one.
    """
    unknown = [name for name in group.settings if name not in known]
    if unknown:
        raise ValueError(
            f"{system}: the setting {', '.join(unknown)} is not modelled, only {', '.join(known)}"
        )


def number(group: Group, name: str, default: float) -> float:
    """Return a setting, or what the product has if it is not there.

    Raises:
        ValueError: it is no number, or not above zero (a delay may be zero).
    """
    text = group.settings.get(name, str(default))
    try:
        found = float(text)
    except ValueError:
        raise ValueError(f"{name} is '{text}', expected a number") from None
    if not (0 < found < 1e9 or (name == DELAY and found == 0)):
        raise ValueError(f"{name} is '{text}', expected a number above 0")
    return found


def switch(group: Group, name: str) -> bool | None:
    """Return a setting that is on or off, None if it is not there.

    Raises:
        ValueError: it is neither.
    """
    text = group.settings.get(name)
    if text is None:
        return None
    if text.lower() not in SWITCH:
        raise ValueError(f"{name} is '{text}', expected on or off")
    return SWITCH[text.lower()]


def network(group: Group) -> str:
    """Return the setting for loopback, and for the delay that was added to it."""
    delay_us = 1000 * number(group, DELAY, 0)
    return f"network.latency={{uniform: [{delay_us + FASTEST_US:g}us, {delay_us + SLOWEST_US:g}us]}}"


def ms(length_ms: float) -> str:
    """Return a length as scenarios have it."""
    return f"{round(1000 * length_ms)}us"


def silent_after_ms(every_ms: float, round_trip_ms: float = 0) -> float:
    """Return how long after a one-way cut a sender is heard that sends every `every_ms`, over Linux's TCP.

    What it sends is acknowledged no more. With the second message under way, or 200 ms after the only one,
    comes a probe (RFC 8985, 7.2), and the retransmission timeout of 200 ms counts from there (TCP_RTO_MIN);
    from then on nothing new is sent until something is acknowledged (RFC 5681, 3.1). So many messages get
    through, whatever the phase: the return value is that number of intervals.
    """
    timeout_ms = min(every_ms, 200 + 2 * round_trip_ms) + 200 + 3 * round_trip_ms
    return (1 + timeout_ms // every_ms) * every_ms
