"""What a sweep runs, and what is wrong with what it was asked for."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence

import pytest

from sim.errors import ScenarioError, UserError
from sim.sweep import plan
from sim.sweep.cells import cells, split_vary

TOY = {
    "schema": 1,
    "name": "toy",
    "about": "Nothing happens.",
    "duration": "1s",
    "protocol": {"name": "raft", "nodes": 3},
}


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("network.loss=0%,5%", ("network.loss", ("0%", "5%"))),
        ("protocol.nodes=3", ("protocol.nodes", ("3",))),
        ("a=[1s, 2s],[3s, 4s]", ("a", ("[1s, 2s]", "[3s, 4s]"))),
        ("a={x: 1, y: [2, 3]}, {x: 2}", ("a", ("{x: 1, y: [2, 3]}", "{x: 2}"))),
        ("a='1,2',\"3,4\"", ("a", ("'1,2'", '"3,4"'))),
        ("expect.x=< 1s,< 2s", ("expect.x", ("< 1s", "< 2s"))),
        ("a=b=c,d", ("a", ("b=c", "d"))),
    ],
)
def test_values_are_separated_by_commas_outside_brackets(
    argument: str, expected: tuple[str, tuple[str, ...]]
) -> None:
    """A value is YAML, and YAML has commas of its own."""
    assert split_vary(argument) == expected


@pytest.mark.parametrize("argument", ["a", "a=", "=1", "a=1,,2", "a=1,", " =1", "a=1,2,1"])
def test_vary_without_path_or_values_is_refused(argument: str) -> None:
    """The message repeats the argument."""
    with pytest.raises(UserError) as refused:
        split_vary(argument)

    assert f"--vary {argument}: " in str(refused.value)


def test_cells_are_the_cross_product_in_order() -> None:
    """The last path varies fastest."""
    found = cells([TOY], vary={"protocol.nodes": ["3", "5"], "network.loss": ["0%", "1%"]})

    assert [cell.key for cell in found] == [
        ("toy", "raft", "3", "0%"),
        ("toy", "raft", "3", "1%"),
        ("toy", "raft", "5", "0%"),
        ("toy", "raft", "5", "1%"),
    ]
    assert [pickle.loads(cell.payload).protocol.parameters.nodes for cell in found] == [3, 3, 5, 5]


def test_replay_repeats_every_flag_that_changes_what_happens() -> None:
    """In the order in which they were applied: --set before what varies."""
    (cell,) = cells(
        ["leader-crash-stop"], ["raft"], {"protocol.election_timeout": ["[1s, 2s]"]}, ["duration=3s"]
    )

    assert cell.replay(7).split(" --seed ")[1] == (
        "7 --protocol raft --set duration=3s --set 'protocol.election_timeout=[1s, 2s]'"
    )


@pytest.mark.parametrize(
    ("protocols", "vary", "message"),
    [
        ([], {"network.los": ["1%"]}, "--vary network.los=1%: network.los: unknown key"),
        ([], {"network.loss": ["1%", "much"]}, "--vary network.loss=much: network.loss: "),
        (["rafd"], {}, "--protocol rafd: "),
    ],
)
def test_wrong_cells_are_refused_by_the_option_that_made_them(
    protocols: Sequence[str], vary: Mapping[str, Sequence[str]], message: str
) -> None:
    """A user of --vary has not written --set."""
    with pytest.raises(ScenarioError) as refused:
        cells([TOY], protocols, vary)

    assert str(refused.value).startswith(message)


def test_mistakes_of_all_cells_are_told_at_once() -> None:
    """Not one after each repair."""
    with pytest.raises(ScenarioError) as refused:
        cells([TOY], vary={"network.loss": ["a", "b"], "protocol.nodes": ["3", "5"]})

    assert [problem.file for problem in refused.value.problems] == [
        "--vary network.loss=a",
        "--vary network.loss=b",
    ]


def test_empty_product_is_refused() -> None:
    """No scenario, or a path without values."""
    with pytest.raises(UserError, match="is empty"):
        cells([])
    with pytest.raises(UserError, match="no values"):
        cells([TOY], vary={"network.loss": []})


def test_cells_of_one_name_are_refused() -> None:
    """Two files may have the same `name:`; their rows could not be told apart."""
    with pytest.raises(UserError, match="two cells would be named toy raft"):
        cells([TOY, TOY | {"duration": "2s"}])


def test_values_may_be_numbers_and_lists_in_python() -> None:
    """They are written as JSON, which --set reads."""
    made = plan(TOY, seeds=range(2), vary={"protocol.nodes": [3, 5]})

    assert [cell.varied for cell in made.cells] == [(("protocol.nodes", "3"),), (("protocol.nodes", "5"),)]


@pytest.mark.parametrize("seeds", [(), (1, 1)])
def test_seeds_are_some_and_each_once(seeds: tuple[int, ...]) -> None:
    """A seed twice would be counted twice."""
    with pytest.raises(UserError, match="expected seeds, each once"):
        plan(TOY, seeds=seeds)
