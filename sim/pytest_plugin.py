"""Scenario files as tests: `pytest scenarios/ --seeds 0..9`, and the fixture `simulate`.

Every `*.yaml` file that looks like a scenario gives an item per seed (`seed0`, `seed1` ...), which passes if
the run does. pytest loads this module wherever leadersim is installed, so it imports nothing of
the engine until there is a scenario, or a test asks for `simulate`.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sim.result import Result
    from sim.scenario import Scenario

SUFFIXES = (".yaml", ".yml")
SNIFFED = 65_536
_KEYS = re.compile(r"^(schema|protocol|duration):", re.MULTILINE)
_SEEDS = re.compile(r"(\d{1,20})(?:\.\.(\d{1,20}))?", re.ASCII)
SEED_MAX = 2**64 - 1
WIDTH = 100
Simulate = Callable[..., "Result"]


_OPTION: dict[str, Any] = {"metavar": "N|A..B", "dest": "leadersim_seeds", "default": None}
_GROUP = ("leadersim", "leader election scenarios")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--leadersim-seeds` and the ini value `leadersim_seeds`."""
    told = "seeds of scenarios, and of tests marked with seeds: how many, or from A to B"
    parser.getgroup(*_GROUP).addoption("--leadersim-seeds", help=told, **_OPTION)
    parser.addini("leadersim_seeds", "seeds of every scenario, like --seeds (default: the scenario's own)")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> Iterator[None]:
    """Add `--seeds`, unless a plugin or a conftest.py has an option of that name.

    Only now are all of those known; two options of one name would stop the tests of people who only have
    leadersim installed.
    """
    yield
    if parser.parse_known_and_unknown_args(["--seeds=1"])[1]:
        parser.getgroup(*_GROUP).addoption("--seeds", help="short for --leadersim-seeds", **_OPTION)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; refuse seeds that are none before anything is collected."""
    config.addinivalue_line(
        "markers", "seeds(spec): run a test that uses `simulate` under each seed of '0..9'"
    )
    _asked(config)


def seeds_of(spec: str) -> range:
    """Return the seeds of `10` (0 to 9) or `5..9`.

    Raises:
        pytest.UsageError: it is neither, counts down, or is empty.
    """
    match = _SEEDS.fullmatch(spec.strip())
    if match is None:
        raise pytest.UsageError(f"leadersim: found the seeds {spec!r}, expected a number or two such as 0..9")
    first, last = (int(match[1]), int(match[2])) if match[2] else (0, int(match[1]) - 1)
    if last < first or last > SEED_MAX:
        raise pytest.UsageError(f"leadersim: there are no seeds in {spec!r}")
    return range(first, last + 1)


def _asked(config: pytest.Config) -> range | None:
    spec = config.getoption("leadersim_seeds") or config.getini("leadersim_seeds")
    return seeds_of(str(spec)) if spec else None


# Files --------------------------------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect what looks like a scenario."""
    if file_path.suffix not in SUFFIXES or not looks_like_a_scenario(file_path):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


def looks_like_a_scenario(path: Path) -> bool:
    """Return whether two of the keys that every scenario has stand at the beginning of lines."""
    try:
        with path.open("rb") as file:
            text = file.read(SNIFFED).decode("utf-8", errors="replace")
    except OSError:
        return False
    return len(set(_KEYS.findall(text.replace("\r\n", "\n")))) >= 2


class ScenarioFile(pytest.File):
    """One scenario file; a mistake in it is an error of collection, with file, line and column."""

    def collect(self) -> Iterator[ScenarioItem]:
        """Yield an item for each seed."""
        from sim.errors import UserError
        from sim.scenario import load

        try:
            scenario = load(_shortest(self.path))
        except UserError as error:
            raise self.CollectError(str(error)) from None
        for seed in _asked(self.config) or (scenario.seed,):
            yield ScenarioItem.from_parent(self, name=f"seed{seed}", scenario=scenario, seed=seed)


class ScenarioItem(pytest.Item):
    """One scenario under one seed."""

    def __init__(self, *, scenario: Scenario, seed: int, **rest: Any) -> None:
        super().__init__(**rest)
        self.scenario = scenario
        self.seed = seed

    @property
    def replay(self) -> str:
        """The command that runs it again, for a shell."""
        return shlex.join(["leadersim", "run", str(_shortest(self.path)), "--seed", str(self.seed)])

    def runtest(self) -> None:
        """Run it; anything but `pass` is a failure."""
        from sim.cli.junit import properties
        from sim.run import run

        result = run(self.scenario, seed=self.seed)
        self.user_properties += properties(result)
        if result.verdict.status != "pass":
            raise NotPassed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the report of the run; what is no verdict is a bug, and keeps its traceback."""
        if isinstance(excinfo.value, NotPassed):
            return shown(excinfo.value.result, self.replay)
        return f"{super().repr_failure(excinfo)}\nreplay: {self.replay}"

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where it stands and what it is called."""
        return self.path, 0, f"{self.scenario.name} seed {self.seed}"


class NotPassed(Exception):
    """A run failed, or was inconclusive."""

    def __init__(self, result: Result) -> None:
        super().__init__("; ".join(result.verdict.reasons) or result.verdict.status)
        self.result = result


def shown(result: Result, replay: str) -> str:
    """Return the report of `leadersim run`: lanes, metrics, expectations, evidence, and `replay`."""
    from sim.cli.console import Look
    from sim.cli.screen.report import report

    return report(result, Look(width=WIDTH), replay)


def _shortest(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


# The fixture ----------------------------------------------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that is marked with seeds, and uses `simulate`, once under each."""
    marker = metafunc.definition.get_closest_marker("seeds")
    if marker is None or "leadersim_seed" not in metafunc.fixturenames:
        return
    if len(marker.args) != 1:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: expected one argument, such as seeds('0..9')")
    seeds = _asked(metafunc.config) or seeds_of(str(marker.args[0]))
    metafunc.parametrize("leadersim_seed", seeds, ids=[f"seed{seed}" for seed in seeds])


@pytest.fixture
def leadersim_seed() -> int | None:
    """Return the seed of this test, None without the marker `seeds`."""
    return None


@pytest.fixture
def simulate(leadersim_seed: int | None, request: pytest.FixtureRequest) -> Simulate:
    """Return `simulate(scenario, seed=..., protocol=..., trace=..., **overrides) -> Result`.

    `scenario` is a file beside the test, or what `sim.run` takes. `seed` is that of the marker `seeds`, else
    the scenario's own. Overrides are paths with `__` for the dot: `protocol__nodes=5`. A failing test
    shows the command that replays each run.
    """

    def simulate(
        scenario: Any,
        *,
        seed: int | None = None,
        protocol: str | None = None,
        trace: Any = "digest",
        **overrides: Any,
    ) -> Result:
        from sim.run import run

        source = _beside(request.path.parent, scenario)
        settings = [f"{path.replace('__', '.')}={_written(value)}" for path, value in overrides.items()]
        chosen = leadersim_seed if seed is None else seed
        result = run(source, seed=chosen, protocol=protocol, trace=trace, overrides=settings)
        request.node.add_report_section("call", "leadersim", _replay(source, result, protocol, settings))
        return result

    return simulate


def _beside(folder: Path, scenario: Any) -> Any:
    beside = folder / scenario if isinstance(scenario, str | Path) else None
    return beside if beside is not None and beside.is_file() else scenario


def _written(value: Any) -> str:
    """Return a value as `--set` takes it: JSON is YAML."""
    return value if isinstance(value, str) else json.dumps(value)


def _replay(source: Any, result: Result, protocol: str | None, settings: list[str]) -> str:
    where = str(_shortest(Path(source))) if isinstance(source, str | Path) else f"<{result.name}>"
    flags = ["--protocol", protocol] if protocol else []
    flags += [part for each in settings for part in ("--set", each)]
    command = shlex.join(["leadersim", "run", where, "--seed", str(result.seed), *flags])
    return f"{result.name} {result.protocol}: {result.verdict.status}\nreplay: {command}\n"
