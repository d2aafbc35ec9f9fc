"""What there is can be listed, for people and for programs, and completed in a shell."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from protocols.api import ProtocolSpec, parameter
from protocols.presets import Preset, Setting
from sim.cli import engine, status
from sim.cli.check import check
from sim.cli.completion import complete_protocol, complete_scenario
from sim.errors import Problem, ScenarioError
from sim.metrics import METRICS
from tests.unit.cli_fakes import FakeScenario, install, passing, words

Capture = pytest.CaptureFixture[str]
MS = 1_000_000


@dataclass(frozen=True)
class ToyParameters:
    """One parameter of each kind that is written otherwise than it is stored."""

    timeout: tuple[int, int] = parameter((150 * MS, 300 * MS), "duration_range", "How long.", minimum=MS)
    gap: int = parameter(10 * MS, "rate", "How often.")
    quorum: int = parameter(3, "count", "How many.", minimum=1)
    eager: bool = parameter(True, "flag", "At once.")


SLOW = Preset("slow-toy", "A toy for a slow network.", {"timeout": Setting((MS, 2 * MS), "its manual")})
TOY = ProtocolSpec("toy", "A toy\nprotocol", ToyParameters, (), lambda parameters: (), presets=(SLOW,))


def test_protocols_are_listed_as_objects(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Defaults and minima are as a scenario writes them."""
    monkeypatch.setattr(engine, "protocols", lambda: [TOY])

    assert status(words("protocols --json")) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "name": "toy",
            "summary": "A toy protocol",
            "parameters": [
                {
                    "name": "timeout", "unit": "duration_range", "default": ["150ms", "300ms"],
                    "doc": "How long.", "minimum": "1ms",
                },
                {"name": "gap", "unit": "rate", "default": "100/s", "doc": "How often.", "minimum": None},
                {"name": "quorum", "unit": "count", "default": 3, "doc": "How many.", "minimum": 1},
                {"name": "eager", "unit": "flag", "default": True, "doc": "At once.", "minimum": None},
            ],
            "presets": [
                {
                    "name": "slow-toy", "summary": "A toy for a slow network.",
                    "settings": [{"name": "timeout", "value": ["1ms", "2ms"], "source": "its manual"}],
                }
            ],
        }
    ]  # fmt: skip


def test_protocols_are_listed_for_people(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """A parameter and its default as in a file, its meaning beside it."""
    monkeypatch.setattr(engine, "protocols", lambda: [TOY])

    status(words("protocols"))
    assert capsys.readouterr().out.splitlines() == [
        "toy                                 A toy protocol",
        "  timeout: [150ms, 300ms]           How long.",
        "  gap: 100/s                        How often.",
        "  quorum: 3                         How many.",
        "  eager: true                       At once.",
        "  preset: slow-toy                  A toy for a slow network.",
        "    timeout: [1ms, 2ms]             its manual",
    ]


def test_scenarios_are_listed_with_name_and_summary(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The summary is one line, whatever the file has."""
    install(monkeypatch, passing, [FakeScenario("toy", about="A\n  toy.")])
    monkeypatch.setattr(engine, "library", lambda: {"basics/toy": Path("0-toy.yaml")})

    assert status(words("scenarios --json")) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"name": "toy", "summary": "A toy.", "library": "basics/toy", "file": "0-toy.yaml"}
    ]


def test_every_metric_is_listed(capsys: Capture) -> None:
    """And the one family whose names depend on the invariants."""
    assert status(words("metrics --json")) == 0
    found = {each["name"]: each["unit"] for each in json.loads(capsys.readouterr().out)}
    assert found == {name: each.unit for name, each in METRICS.items()} | {"violations.<property>": "count"}


def test_check_names_good_and_bad_files(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The good on stdout, what is wrong with the bad on stderr, and 2."""
    install(monkeypatch, passing, [FakeScenario("good"), FakeScenario("bad")])

    def load(path: Path, overrides: object = (), protocol: object = None) -> FakeScenario:
        if "bad" in path.name:
            raise ScenarioError([Problem(path.name, 2, 3, "faults.0", "is wrong")])
        return FakeScenario()

    monkeypatch.setattr(engine, "load", load)

    assert status(words("check x")) == 2
    assert capsys.readouterr() == ("0-good.yaml: ok\n", "1-bad.yaml:2:3: faults.0: is wrong\n")
    assert status(words("check x --json")) == 2
    assert json.loads(capsys.readouterr().out) == [
        {"file": "0-good.yaml", "ok": True, "problems": []},
        {
            "file": "1-bad.yaml", "ok": False,
            "problems": [
                {"file": "1-bad.yaml", "line": 2, "column": 3, "path": "faults.0", "message": "is wrong"}
            ],
        },
    ]  # fmt: skip


def completed(monkeypatch: pytest.MonkeyPatch, text: str) -> list[tuple[str, str]]:
    """Return what a shell is offered for the beginning of a scenario: values and their types."""
    names = ["basics/leader-crash", "basics/same", "wan/same"]
    monkeypatch.setattr(engine, "library", lambda: {name: Path(f"{name}.yaml") for name in names})
    items = complete_scenario(click.Context(check), check.params[0], text)
    return [(item.value, item.type) for item in items]


def test_scenarios_complete_by_their_shortest_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A name that two folders have is completed with its folder; files come first."""
    monkeypatch.chdir(tmp_path)
    Path("local.yaml").touch()

    assert completed(monkeypatch, "l") == [("local.yaml", "plain"), ("leader-crash", "plain")]
    assert completed(monkeypatch, "wan") == [("wan/same", "plain")]
    # The shell knows better where files are.
    assert completed(monkeypatch, "../x") == [("../x", "file")]


def test_protocols_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """With their summary as help."""
    monkeypatch.setattr(engine, "protocols", lambda: [TOY])

    def offered(text: str) -> list[str]:
        return [item.value for item in complete_protocol(click.Context(check), check.params[0], text)]

    assert (offered("t"), offered("r")) == (["toy"], [])


@pytest.mark.parametrize(
    ("shell", "sign"),
    [
        ("bash", "complete -o nosort -F _leadersim_completion leadersim"),
        ("zsh", "#compdef leadersim"),
        ("fish", "complete --no-files --command leadersim"),
    ],
)
def test_completion_prints_a_script(shell: str, sign: str, capsys: Capture) -> None:
    """One that asks this program, by the variable that it listens to."""
    assert status(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert sign in out
    assert f"_LEADERSIM_COMPLETE={shell}_complete" in out
