"""Numbers are shown as people read them, and never as something that they are not."""

from __future__ import annotations

import pytest

from sim.cli.units import SECOND_NS, count, duration, instant, metric, share, size, three_digits, written


@pytest.mark.parametrize(
    ("length_ns", "expected"),
    [
        (0, "0s"),
        (999, "999ns"),
        (1_500, "1.5us"),
        (213_400_000, "213ms"),
        (1_234_567_890, "1.23s"),
        (599 * SECOND_NS, "599s"),
        (600 * SECOND_NS, "10min"),
        (36_000 * SECOND_NS, "10h"),
    ],
)
def test_duration_has_a_unit_and_three_digits(length_ns: int, expected: str) -> None:
    """Each in the unit in which it is at least one."""
    assert duration(length_ns) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, "100%"), (0.0, "0%"), (0.5, "50%"), (0.9953, "99.53%"), (0.99999, "99.999%"),
        (0.999996, "99.9996%"), (0.00001, "0.001%"), (1e-12, "0%"),
    ],
)  # fmt: skip
def test_share_is_rounded_to_no_extreme(value: float, expected: str) -> None:
    """99.999% is not 100%: the difference is what availability is about. Below 1e-10 it is lost."""
    assert share(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (0.012345, "0.0123"), (1.5, "1.5"), (99.99, "100"), (123.6, "124"), (123456.0, "123456")],
)
def test_three_digits_never_uses_an_exponent(value: float, expected: str) -> None:
    """`1.23e+05` is nothing to read."""
    assert three_digits(value) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("election_time.belief.p99", 0.2134, "213ms"),
        ("availability.client", 0.9953, "99.53%"),
        ("operations", 12_345, "12,345"),
        ("cost.messages_per_second", 812.4, "812/s"),
        ("cost.bytes", 1_234_567, "1.23MB"),
        ("violations.election_safety", 2, "2"),
        ("latency.p50", None, "-"),
    ],
)
def test_metric_is_shown_in_its_unit(name: str, value: float | None, expected: str) -> None:
    """One of each unit of the catalogue, one beyond it, and nothing measured."""
    assert metric(name, value) == expected


def test_count_and_size_and_instant() -> None:
    """Thousands are separated, small sizes are bytes, instants are exact to the microsecond."""
    assert (count(1_000_000), size(999), instant(12_345_678_901)) == ("1,000,000", "999B", "12.345679s")


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (50_000_000, "duration", "50ms"),
        (1_500_000_000, "duration", "1500ms"),
        (0, "duration", "0s"),
        ((150_000_000, 300_000_000), "duration_range", ["150ms", "300ms"]),
        (10_000_000, "rate", "100/s"),
        (5, "count", 5),
        (True, "flag", True),
        ("x", "text", "x"),
    ],
)
def test_default_is_shown_as_a_scenario_writes_it(value: object, unit: str, expected: object) -> None:
    """It can be copied into a file."""
    assert written(value, unit) == expected
