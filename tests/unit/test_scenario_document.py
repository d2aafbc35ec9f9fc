"""YAML 1.2 core rules and less; every refusal has its line and column."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from sim.errors import ScenarioError
from sim.scenario import document
from sim.scenario.document import Document, parse


def read(text: str) -> Document:
    """Parse, with a short name for messages."""
    return parse(text, "x.yaml")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("on", "on"), ("no", "no"), ("yes", "yes"), ("Off", "Off"),
        ("1:30", "1:30"), ("1_000", "1_000"), ("2026-01-01", "2026-01-01"), ("0.1.2", "0.1.2"),
        ("5s", "5s"), ("'010'", "010"), ('"5"', "5"), ("=", "="), ("< 1s", "< 1s"),
        ("true", True), ("FALSE", False), ("~", None), ("null", None), ("", None),
        ("0", 0), ("-7", -7), ("+7", 7), ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("0.5", 0.5), ("-0", 0),
        ("[a, 1]", ("a", 1)), ("{a: {b: 1}}", {"a": {"b": 1}}),
    ],
)  # fmt: skip
def test_scalars_mean_what_they_look_like(written: str, expected: object) -> None:
    """YAML 1.2.2 §10.3.2 (core schema): only `true` and `false` are booleans, sexagesimals are text."""
    value = read(f"a: {written}").values["a"]

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    "written",
    ["010", "-007", "00", "00.5", "0x10", "0o17", "0b1", ".inf", "-.inf", ".nan", "1e999", "9" * 31],
)
def test_ambiguous_and_infinite_numbers_are_refused(written: str) -> None:
    """What YAML 1.1 and 1.2 read differently is refused, at the value."""
    problems = read(f"a: {written}").problems

    assert [(each.line, each.column, each.path) for each in problems] == [(1, 4, "a")]


def test_keys_are_text() -> None:
    """`on:` is the key "on", not a boolean."""
    assert read("on: 1\n1: 2\nnull: 3\n").values == {"on": 1, "1": 2, "null": 3}


def test_duplicate_keys_are_refused_with_both_places() -> None:
    """The second one is refused, and the message says where the first one is."""
    parsed = read("a: 1\nb:\n  c: 1\n  d: 2\n  c: {x: [1]}\na: 2\n")

    assert parsed.values == {"a": 1, "b": {"c": 1, "d": 2}}
    assert [str(each) for each in parsed.problems] == [
        "x.yaml:5:3: b.c: found a second key 'c'; the first is at line 3, column 3",
        "x.yaml:6:1: a: found a second key 'a'; the first is at line 1, column 1",
    ]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: &x 1", 1, 4, "the anchor &x"),
        ("a: 1\nb: *x", 2, 4, "the alias *x"),
        ("a: !!int '1'", 1, 4, "the tag"),
        ("a: !new 1", 1, 4, "the tag"),
        ("a:\n  <<: {b: 1}", 2, 3, "the merge key <<"),
        ("a: 1\n---\nb: 2", 2, 1, "a second document"),
    ],
)
def test_what_yaml_has_beyond_values_is_refused(text: str, line: int, column: int, words: str) -> None:
    """Anchors, aliases, tags, merge keys and several documents are refused where they stand."""
    problems = read(text).problems

    assert [(each.line, each.column) for each in problems] == [(line, column)]
    assert words in problems[0].message


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "an empty file"),
        ("# only a comment\n", 1, 1, "an empty file"),
        ("- a", 1, 1, "no mapping"),
        ("just text", 1, 1, "no mapping"),
        ("a: 1\n\tb: 2", 2, 1, "a tab"),
        ("a:\n\tb: 2", 2, 1, "a tab"),
        ("a: [1", 1, 6, "not YAML"),
        ("a: 'x", 1, 6, "not YAML"),
        ("a: b: c", 1, 5, "not YAML"),
        ("? [a]\n: 1", 1, 3, "a key that is not text"),
        ("a: 1\nb: \x07", 2, 4, "U+0007"),
        ("a: \ud800", 1, 4, "U+D800"),
        ("a: " + "[" * 30 + "]" * 30, 1, 23, "nesting deeper than the limit of 20"),
        ("{a: " * 30, 1, 81, "nesting deeper than the limit of 20"),
    ],
)
def test_what_is_no_document_gives_one_message(text: str, line: int, column: int, words: str) -> None:
    """One message with line and column, and no traceback; a bomb does not even get deep."""
    with pytest.raises(ScenarioError) as refused:
        read(text)

    assert [(each.line, each.column) for each in refused.value.problems] == [(line, column)]
    assert words in refused.value.problems[0].message


def test_a_bomb_of_brackets_is_refused_wherever_the_parser_gives_up() -> None:
    """Newer parsers look ahead and have a limit of their own: the message is ours, the column theirs."""
    with pytest.raises(ScenarioError) as refused:
        read("[" * 100_000)

    (problem,) = refused.value.problems
    assert (problem.line, problem.message) == (1, "found nesting deeper than the limit of 20")


def test_the_size_is_limited() -> None:
    """1 MiB is enough for any scenario; more is refused before it is parsed."""
    with pytest.raises(ScenarioError, match="more than the limit of 1048576"):
        document.decode(b"#" * (document.SIZE_MAX + 1), "x.yaml")


def test_what_is_not_utf8_is_refused_with_its_place() -> None:
    """Line and column count characters, so the two bytes of \u00e9 are one column."""
    with pytest.raises(ScenarioError) as refused:
        document.decode("a: 1\nb: \u00e9".encode() + b"\xff", "x.yaml")

    assert str(refused.value).startswith("x.yaml:2:5: found the byte 0xff, which is not UTF-8")


def test_every_value_has_a_place() -> None:
    """Keys and values have places, in block and in flow style."""
    places = read("a:\n  - {b: 1, c: [x, y]}\n").places

    assert {
        path: (place.line, place.column, place.value_line, place.value_column)
        for path, place in places.items()
    } == {
        (): (1, 1, 1, 1),
        ("a",): (1, 1, 2, 3),
        ("a", 0): (2, 5, 2, 5),
        ("a", 0, "b"): (2, 6, 2, 9),
        ("a", 0, "c"): (2, 12, 2, 15),
        ("a", 0, "c", 0): (2, 16, 2, 16),
        ("a", 0, "c", 1): (2, 19, 2, 19),
    }


@pytest.mark.parametrize("text", ["a: 1\nb: [x, {c: d}]\n", "a: b: c", "a: \u00e9\u00e8 # x\nb: 2"])
def test_the_pure_python_parser_agrees(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where libyaml is not there, the same values stand at the same places."""

    def outcome() -> Any:
        try:
            parsed = read(text)
        except ScenarioError as error:
            return [(each.line, each.column) for each in error.problems]
        return parsed.values, parsed.places

    fast = outcome()
    monkeypatch.setattr(document, "_Loader", yaml.SafeLoader)

    assert outcome() == fast
