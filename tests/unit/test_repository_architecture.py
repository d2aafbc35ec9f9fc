"""Imports run one way, and a plain run pays only for what it needs (the contracts are in pyproject.toml)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.unit.repository_rules import ROOT, Source, parse, sources

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
OWN = {"sim", "protocols", "analysis"}
# Modules that are not named like the distribution that brings them.
DISTRIBUTIONS = {"yaml": "pyyaml", "pydantic_core": "pydantic", "pytest": "pytest"}
EXPENSIVE = {"matplotlib", "pandas", "pyarrow", "scipy"}


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the first part of each imported module's name."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield module.partition(".")[0]


def imported_at_start(source: Source) -> set[str]:
    """Return what is imported together with the module: not inside functions or for types only."""
    skipped = (ast.FunctionDef, ast.AsyncFunctionDef)
    pending: list[ast.AST] = [source.tree]
    found: set[str] = set()
    while pending:
        for node in ast.iter_child_nodes(pending.pop()):
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                pending += node.orelse
            elif isinstance(node, ast.Import | ast.ImportFrom):
                found |= set(imported(node))
            elif not isinstance(node, skipped):
                pending.append(node)
    return found


def is_frame_or_plot(path: str) -> bool:
    """Tables and pictures are what these modules are for; they are imported on request."""
    return re.match(r"analysis/(frames|plots)", path) is not None


def strangers(source: Source) -> set[str]:
    """Return the imports of a protocol that are neither of the standard library nor protocols."""
    return set(imported(source.tree)) - sys.stdlib_module_names - {"protocols"}


def test_protocols_need_the_standard_library_only() -> None:
    """Design rule: a protocol knows nothing but the host that it is given."""
    assert {s.path: strangers(s) for s in sources("protocols") if strangers(s)} == {}


def test_stranger_in_a_protocol_is_found() -> None:
    """Also when the import hides in a function."""
    assert strangers(parse("protocols/x.py", "def f():\n    import numpy.random")) == {"numpy"}


def test_expensive_libraries_are_imported_on_request() -> None:
    """A run of 0.1 s must not start by importing pandas (0.4 s) or matplotlib (0.5 s)."""
    offences = {
        source.path: imported_at_start(source) & EXPENSIVE
        for source in sources(*OWN)
        if not is_frame_or_plot(source.path)
    }

    assert {path: names for path, names in offences.items() if names} == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import pandas as pd", {"pandas"}),
        ("try:\n    from scipy import stats\nexcept ImportError:\n    pass", {"scipy"}),
        ("class A:\n    import matplotlib.pyplot", {"matplotlib"}),
        ("def f():\n    import pandas", set()),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas", set()),
    ],
)
def test_expensive_import_is_found_only_where_it_costs(text: str, expected: set[str]) -> None:
    """What runs when the module is imported counts, nothing else."""
    assert imported_at_start(parse("sim/x.py", text)) & EXPENSIVE == expected


IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
import protocols, sim
for package in (protocols, sim):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if module.name not in ("sim.__main__", "sim.pytest_plugin"):
            importlib.import_module(module.name)
print(*sorted(set(sys.argv[1:]) & set(sys.modules)))
"""


def test_whole_engine_loads_without_expensive_libraries() -> None:
    """What the source promises holds in a fresh interpreter, third parties included."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING, *sorted(EXPENSIVE), "json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    # json is there to see that the list of what was loaded is not empty by mistake.
    assert (done.stdout.split(), done.stderr) == (["json"], "")


def undeclared(checked: Iterable[Source], declared: set[str]) -> set[str]:
    """Return the imported distributions that pyproject.toml does not name."""
    modules = {name for source in checked for name in imported(source.tree)} - sys.stdlib_module_names - OWN
    return {DISTRIBUTIONS.get(module, module) for module in modules} - declared


def test_every_imported_library_is_declared() -> None:
    """Else it works here, by another package's grace, and fails at a user's."""
    project = PYPROJECT["project"]
    requirements = [*project["dependencies"], *project["optional-dependencies"]["cluster"]]
    declared = {re.split(r"[<>=;\[ ]", requirement)[0].lower() for requirement in requirements}

    assert undeclared(sources(*OWN), declared | {"pytest"}) == set()
    assert undeclared([parse("sim/x.py", "import yaml, attrs")], declared) == {"attrs"}


# One offence against each contract. None of the modules named is optional in the contracts.
OFFENCES = {
    "sim/rng.py": "import sim.kernel",
    "protocols/api.py": "import sim.rng",
    "analysis/elections.py": "import sim.trace",
    "sim/kernel.py": "import simpy, analysis.elections",
    "sim/clock.py": "import simpy",
    "sim/node.py": "import yaml",
    "sim/disk.py": "def f():\n    import rich.table",
}


def contracts_of(folder: Path) -> dict[str, str]:
    """Return KEPT or BROKEN for each import contract, as the code in `folder` stands."""
    command = (
        "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports_command as c; c()"
    )
    arguments = ["--config", str(ROOT / "pyproject.toml"), "--no-cache", "--no-logo"]
    done = subprocess.run(
        [sys.executable, "-c", command, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    found: dict[str, str] = {}
    for contract in PYPROJECT["tool"]["importlinter"]["contracts"]:
        verdict = re.search(re.escape(contract["name"]) + r"\s+(KEPT|BROKEN)", done.stdout)
        found[contract["id"]] = verdict[1] if verdict else done.stdout + done.stderr
    return found


def build(folder: Path, extra: dict[str, str]) -> None:
    """Write a tree with every module of the contracts, empty but for `extra`."""
    layers = PYPROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    modules = [name for layer in layers for name in re.findall(r"\w+", layer)]
    for path in [*(f"sim/{name}.py" for name in modules), *(f"{name}/__init__.py" for name in OWN), *extra]:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(extra.get(path, ""))


def test_every_import_contract_can_be_broken(tmp_path: Path) -> None:
    """A contract that a renamed module or a typing error has made idle would be kept by anything."""
    build(tmp_path, OFFENCES)

    assert set(contracts_of(tmp_path).values()) == {"BROKEN"}


def test_innocent_code_keeps_every_import_contract(tmp_path: Path) -> None:
    """So what broke them was the offence, not the tree."""
    build(tmp_path, {"sim/kernel.py": "import simpy, sim.rng", "analysis/elections.py": "import sim.records"})

    assert set(contracts_of(tmp_path).values()) == {"KEPT"}
