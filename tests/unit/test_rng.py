"""Streams of random numbers: SplitMix64, counted, and independent by name."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.rng import BLOCK, Seed, Stream, first_words, mix, name_keys, words

U64 = st.integers(0, 2**64 - 1)

# The output for seed 1234567 of the authors' reference implementation (https://prng.di.unimi.it/splitmix64.c),
# as listed at https://rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64.
REFERENCE_SEED = 1234567
REFERENCE = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]


def _splitmix64(state: int, count: int) -> list[int]:
    """The algorithm as published, one word at a time (OOPSLA 2014, Figure 19)."""
    mask, found = 2**64 - 1, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        found.append(z ^ (z >> 31))
    return found


def test_a_stream_is_splitmix64() -> None:
    """A stream whose key is the state of the reference draws the reference's words."""
    assert _splitmix64(REFERENCE_SEED, 5) == REFERENCE
    stream = Stream(REFERENCE_SEED)

    assert [stream.word() for _ in range(5)] == REFERENCE


@pytest.mark.parametrize("key", [0, 1, 2**63, 2**64 - 1, REFERENCE_SEED])
def test_words_are_the_same_across_the_boundaries_of_blocks(key: int) -> None:
    """The first four singly, then blocks that grow: 1000 words as if one by one."""
    stream = Stream(key)

    assert _splitmix64(key, 1000) == [stream.word() for _ in range(1000)]


@given(U64, st.integers(0, 2**40), st.integers(1, BLOCK))
def test_a_block_equals_its_words_one_by_one(key: int, start: int, size: int) -> None:
    """`words` has words start+1 ... start+size, the last first."""
    one_by_one = [mix((key + i * 0x9E3779B97F4A7C15) % 2**64) for i in range(start + 1, start + size + 1)]

    assert one_by_one == words(key, start, size).tolist()[::-1]


def test_many_streams_at_once_are_the_streams_one_by_one() -> None:
    """`keys` and `first_words` compute what `key` and `words` do."""
    names = [f"link n{i}>n{j} latency" for i in range(5) for j in range(5)]
    seed = Seed(2**64 - 3)
    keys = seed.keys(name_keys(names))

    assert [seed.key(name) for name in names] == keys.tolist()
    assert [words(seed.key(name), 0, 32).tolist() for name in names] == first_words(keys, 32).tolist()


def test_streams_drawn_together_are_the_streams_one_by_one() -> None:
    """Over their first block and beyond."""
    seed, names = Seed(5), ["n1 protocol", "n2 protocol"]
    together = seed.streams(names)

    alone = {name: seed.stream(name) for name in names}

    expected, actual = (
        {name: [stream.word() for _ in range(400)] for name, stream in streams.items()}
        for streams in (alone, together)
    )

    assert expected == actual


def test_seeds_and_names_give_different_streams() -> None:
    """No two of 100 seeds x 100 names share a key, and a name means the same stream every time."""
    keys = {(seed, name): Seed(seed).key(f"n{name} clock") for seed in range(100) for name in range(100)}

    assert len(set(keys.values())) == 10_000
    assert keys[7, 7] == Seed(7).key("n7 clock")


def test_streams_of_one_seed_are_not_correlated() -> None:
    """Pearson's r of two streams, and of one with itself shifted: below 5 / sqrt(n)."""
    size = 20_000
    one, other = (_fractions(f"n{i} protocol", size) for i in (1, 2))

    assert abs(np.corrcoef(one, other)[0, 1]) < 5 / size**0.5
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 5 / size**0.5


def _fractions(name: str, size: int) -> list[float]:
    stream = Seed(1).stream(name)
    return [stream.random() for _ in range(size)]


def test_a_new_stream_moves_no_other() -> None:
    """Draws of a stream depend on how often it was asked, and on nothing else."""
    assert _draws(interleaved=False) == _draws(interleaved=True)


def _draws(interleaved: bool) -> list[int]:
    seed = Seed(3)
    stream, found = seed.stream("a"), []
    for number in range(200):
        if interleaved:
            seed.stream(f"new {number}").word()
        found.append(stream.randrange(0, 1000))
    return found


def test_random_is_a_fraction_with_53_bits() -> None:
    """In [0, 1), a multiple of 2**-53, uniform by a Kolmogorov-Smirnov test (p > 0.001, fixed seed)."""
    drawn = _fractions("x", 20_000)

    assert all(0 <= x < 1 and (x * 2**53).is_integer() for x in drawn)
    assert stats.kstest(drawn, "uniform").pvalue > 0.001


@pytest.mark.parametrize(("start", "stop"), [(0, 7), (-3, 3), (150, 300)])
def test_randrange_is_uniform(start: int, stop: int) -> None:
    """Every value comes up, about as often as every other (chi-square, p > 0.001, fixed seed)."""
    stream = Seed(1).stream("x")
    seen = Counter(stream.randrange(start, stop) for _ in range(30_000))

    assert set(seen) == set(range(start, stop))
    assert stats.chisquare([seen[value] for value in range(start, stop)]).pvalue > 0.001


@given(U64, st.integers(-(2**62), 2**62), st.integers(1, 2**62))
def test_randrange_stays_within(key: int, start: int, width: int) -> None:
    """start <= draw < stop, for the widest ranges too."""
    stream = Stream(key)
    assert all(start <= stream.randrange(start, start + width) < start + width for _ in range(6))


def test_chance_draws_one_word_whatever_the_probability() -> None:
    """Impossible and certain cost a word like any other, so that switching one on moves no draw."""
    for probability in (0.0, 0.3, 1.0):
        stream, other = Stream(5), Stream(5)
        stream.chance(probability)
        other.word()
        assert other.word() == stream.word()
    assert not any(Stream(key).chance(0.0) for key in range(100))
    assert all(Stream(key).chance(1.0) for key in range(100))


def test_choice_and_sample() -> None:
    """A choice is one of the items; a sample has different ones, in the items' order, each as likely."""
    stream, items = Seed(1).stream("x"), ("a", "b", "c", "d", "e")
    chosen = Counter(stream.choice(items) for _ in range(5000))
    assert set(chosen) == set(items)
    with pytest.raises(IndexError):
        stream.choice(())

    samples = Counter(tuple(stream.sample(items, 2)) for _ in range(5000))
    assert all(list(pair) == sorted(set(pair)) for pair in samples)
    assert len(samples) == 10
    assert stats.chisquare(list(samples.values())).pvalue > 0.001
    assert list(items) == stream.sample(items, 5)
    assert stream.sample(items, 0) == []
