"""What CI systems are told: JUnit XML, and annotations of GitHub Actions."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from sim.cli import github
from sim.cli.campaign import Job
from sim.cli.junit import JUnit
from sim.conditions import Condition
from sim.errors import Problem
from tests.unit.cli_fakes import NO_VIOLATION, FakeScenario, result


def job(name: str = "toy") -> Job:
    """Return a run of a scenario that is only a name."""
    scenario: Any = FakeScenario(name)
    return Job(Path("scenarios/toy.yaml"), scenario, 7, ("--set", "network.loss=5%"))


def broken(text: str = "0") -> Any:
    """Return a result whose expectation on line 12 does not hold."""
    return result(expect=(Condition("leaderships", "==", 99, text, 12),))


def test_junit_has_a_case_for_each_run(tmp_path: Path) -> None:
    """With the metrics as properties, and of one that failed the reason and the command that replays it."""
    suite = JUnit(tmp_path / "out" / "junit.xml")
    suite.add(job(), result(expect=(NO_VIOLATION,)))
    suite.add(job(), broken())
    try:
        raise ValueError("our bug")
    except ValueError:
        suite.crashed(job())
    suite.write()

    root = ElementTree.parse(suite.path).getroot()
    passed, failed, crashed = root.findall("testcase")
    assert [root.get(name) for name in ("tests", "failures", "errors")] == ["3", "1", "1"]
    assert passed.get("name") == "toy seed 7"
    values = {each.get("name"): each.get("value") for each in passed.iter("property")}
    assert values["verdict"] == "pass"
    assert values["leaderships"] == "2"
    failure = failed.find("failure")
    assert failure is not None
    assert "leaderships" in str(failure.get("message"))
    assert "replay: leadersim run scenarios/toy.yaml --seed 7 --set network.loss=5%" in str(failure.text)
    assert "ValueError: our bug" in str(crashed.findtext("error"))


def test_junit_survives_any_text(tmp_path: Path) -> None:
    """Markup is escaped; what XML has no characters for is replaced."""
    suite = JUnit(tmp_path / "junit.xml")
    suite.add(job("<a & b>"), broken("\x00\x1b[31m<>\ud800"))
    suite.write()

    root = ElementTree.parse(suite.path).getroot()
    assert [case.get("name") for case in root.iter("testcase")] == ["<a & b> seed 7"]
    (failure,) = root.iter("failure")
    assert "\N{REPLACEMENT CHARACTER}[31m<>" in str(failure.get("message"))


def test_annotation_stands_at_the_line_of_the_expectation() -> None:
    """The message is escaped as the runner unescapes it: no line break, no comma or colon in a property."""
    line = github.of_run(job(), broken())

    head, _, message = line.removeprefix("::error ").partition("::")
    assert head == "file=scenarios/toy.yaml,line=12,col=1,title=toy%2C raft%2C seed 7%3A fail"
    assert "\n" not in line
    assert message.endswith("%0Areplay: leadersim run scenarios/toy.yaml --seed 7 --set network.loss=5%25")


def test_annotation_of_a_mistake_has_its_place() -> None:
    """File, line, column and path."""
    line = github.of_problem(Problem("a.yaml", 3, 5, "network.loss", "found 5, expected a share"))

    assert line == (
        "::error file=a.yaml,line=3,col=5,title=scenario is not valid"
        "::network.loss: found 5, expected a share"
    )


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("", False), ("1", False)])
def test_annotations_are_for_github_actions_only(value: str, expected: bool) -> None:
    """The runner sets GITHUB_ACTIONS to true."""
    assert github.wanted({"GITHUB_ACTIONS": value}) is expected
    assert not github.wanted({})
