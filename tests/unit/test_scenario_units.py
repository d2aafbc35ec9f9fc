"""Quantities are read exactly, always with a unit, or refused with what was found and expected."""

from __future__ import annotations

import pickle

import pytest

from sim.scenario import units


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0s", 0),
        ("1ns", 1),
        ("10us", 10_000),
        ("10\u00b5s", 10_000),
        ("10\u03bcs", 10_000),
        ("150ms", 150_000_000),
        ("1.5s", 1_500_000_000),
        ("2min", 120_000_000_000),
        ("1h", 3_600_000_000_000),
        ("0.123456789s", 123_456_789),
        ("87600h", 315_360_000_000_000_000),
        # As a float, 4.35 s is 4349999999.999999 ns.
        ("4.35s", 4_350_000_000),
    ],
)
def test_duration_is_exact(written: str, expected: int) -> None:
    """A duration is that many nanoseconds, without rounding."""
    assert units.duration(written) == expected


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (5, "found 5 without a unit, expected a duration such as 150ms or 5s"),
        (0, "found 0 without a unit, expected a duration such as 150ms or 5s"),
        ("0.5ns", "found '0.5ns', which is not a whole number of ns"),
        ("-1s", "found '-1s', expected a duration such as 150ms or 5s, without a sign"),
        ("87601h", "found '87601h', more than the limit of 10 years (87600h)"),
        (True, "found true, expected a duration such as 150ms or 5s"),
        (None, "found nothing, expected a duration such as 150ms or 5s"),
        ((1, 2), "found a list of 2, expected a duration such as 150ms or 5s"),
    ],
)
def test_duration_refuses(written: object, message: str) -> None:
    """What is no duration is refused with what was found and what was expected."""
    with pytest.raises(units.QuantityError) as refused:
        units.duration(written)

    assert str(refused.value) == message


@pytest.mark.parametrize(
    "written", ["5", "3sec", "5 s", "010s", "1e3s", "s", "", "1_000s", "\u0663s", "1:30"]
)
def test_duration_refuses_other_notations(written: str) -> None:
    """There is one notation: a decimal number without leading zeros, and a unit."""
    with pytest.raises(units.QuantityError):
        units.duration(written)


def test_signed_duration_has_a_sign() -> None:
    """A clock can be stepped in both directions."""
    assert [units.signed_duration(text) for text in ("-5s", "+5s", "5s")] == [
        -(5 * 10**9),
        5 * 10**9,
        5 * 10**9,
    ]


def test_positive_duration_refuses_zero() -> None:
    """A period of zero would never let time pass."""
    with pytest.raises(units.QuantityError, match="found '0s', expected a duration above zero"):
        units.positive_duration("0s")


@pytest.mark.parametrize(
    ("written", "per_second", "period_ns"),
    [
        ("100/s", 100.0, 10_000_000),
        ("6/min", 0.1, 10_000_000_000),
        ("2/h", 2 / 3600, 1_800_000_000_000),
        ("3/s", 3.0, 333_333_333),
        ("0.5/s", 0.5, 2_000_000_000),
    ],
)
def test_rate_has_a_period(written: str, per_second: float, period_ns: int) -> None:
    """A rate is a float per second, and the mean gap to the nearest nanosecond."""
    rate = units.rate(written)

    assert (float(rate), rate.period_ns) == (per_second, period_ns)
    assert pickle.loads(pickle.dumps(rate)).period_ns == period_ns


@pytest.mark.parametrize("written", ["0/s", "1000001/s", "100", 100, "100/ms", "0.000000001/h"])
def test_rate_refuses(written: object) -> None:
    """Rates are above zero, at most a million a second, and at least one in ten years."""
    with pytest.raises(units.QuantityError):
        units.rate(written)


def test_share_is_a_percentage_only() -> None:
    """5% is 0.05; a plain 0.05 could be a percentage as well, and is refused."""
    assert [units.share(text) for text in ("0%", "0.1%", "5%", "100%")] == [0.0, 0.001, 0.05, 1.0]
    with pytest.raises(units.QuantityError, match=r"found 0.05 without a unit, expected a share such as 5%"):
        units.share(0.05)
    with pytest.raises(units.QuantityError, match="found '101%', more than the limit of 100%"):
        units.share("101%")


def test_ratio_is_a_number_or_a_percentage() -> None:
    """Ratios of protocol parameters may exceed 1, and are written either way."""
    assert [units.ratio(written) for written in (1, 1.2, "5%", "120%")] == [1.0, 1.2, 0.05, 1.2]
    for refused in (-1, "1.2", True):
        with pytest.raises(units.QuantityError):
            units.ratio(refused)


def test_rate_error_is_in_parts_per_billion() -> None:
    """1 ppm is 1000 ppb, 1 % is 10^7 ppb; a clock runs at 1 % to 1000 % of its proper rate."""
    written = ("100ppm", "-100ppm", "5%", "0.5ppm", "-99%", "900%")
    expected = [100_000, -100_000, 50_000_000, 500, -990_000_000, 9_000_000_000]

    assert [units.rate_error(text) for text in written] == expected
    for refused in ("-100%", "901%", "100", 100):
        with pytest.raises(units.QuantityError):
            units.rate_error(refused)


def test_sizes_and_bandwidths_are_in_bytes() -> None:
    """k is 1000 and Ki is 1024; a bandwidth in bits is divided by eight."""
    assert [units.size(text) for text in ("1B", "1kB", "64KiB", "1MB", "1MiB")] == [
        1,
        1000,
        65536,
        10**6,
        1 << 20,
    ]
    assert [units.bandwidth(text) for text in ("10Mbit/s", "1MB/s", "8bit/s")] == [1_250_000, 10**6, 1]
    for refused in ("1bit/s", "0B/s", "9bit/s", "10Mb/s", 10):
        with pytest.raises(units.QuantityError):
            units.bandwidth(refused)


@pytest.mark.parametrize(("written", "expected"), [("10x", 10.0), ("1.5x", 1.5), ("1x", 1.0)])
def test_factor(written: str, expected: float) -> None:
    """A slow node is at least as slow as a normal one."""
    assert units.factor(written) == expected


@pytest.mark.parametrize("refused", ["0.5x", "x", "10", 10, "10000000x"])
def test_factor_refuses(refused: object) -> None:
    """A factor below one would be a fast node."""
    with pytest.raises(units.QuantityError):
        units.factor(refused)


@pytest.mark.parametrize(
    ("value_ns", "expected"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1500, "1500ns"),
        (150_000_000, "150ms"),
        (60 * 10**9, "1min"),
        (90 * 10**9, "90s"),
    ],
)
def test_written_duration_can_be_read_back(value_ns: int, expected: str) -> None:
    """Messages show a length as a scenario would write it."""
    assert units.written_duration(value_ns) == expected
    assert units.duration(expected) == value_ns
