"""Compare the digests of all scenarios across Pythons and versions of the libraries (`make matrix`).

For each CPython found on this machine, leadersim is installed twice into virtual environments under
.matrix/: with every library that a run needs at its lower bound in pyproject.toml, and at its newest.
Each runs the whole library of scenarios under one seed. Exit code 0 if all agree, 1 if not.

The libraries in `NOT_FOR_A_RUN` are left out: a plain run imports none of them, which this proves too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
MINORS = ("3.11", "3.12", "3.13")
NOT_FOR_A_RUN = {"matplotlib", "pandas", "pyarrow", "scipy"}
SEED = 1

Digests = Mapping[str, str]
"""Of one environment: scenario -> digest."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One installation of leadersim: which Python, and which end of the supported versions."""

    minor: str
    interpreter: Path
    age: str  # "oldest" or "newest"

    @property
    def name(self) -> str:
        """Return what the table and the folder are called: "3.12 oldest"."""
        return f"{self.minor} {self.age}"

    @property
    def folder(self) -> Path:
        """Return where it is installed."""
        return ROOT / ".matrix" / self.name.replace(" ", "-")

    @property
    def python(self) -> Path:
        """Return its interpreter."""
        return self.folder / "bin" / "python"


def interpreters() -> dict[str, Path]:
    """Return a working CPython for each minor version that is there, from PATH or pyenv."""
    found = {}
    for minor in MINORS:
        installed = sorted(Path.home().glob(f".pyenv/versions/{minor}.*/bin/python{minor}"))
        on_path = shutil.which(f"python{minor}")
        candidates = [Path(on_path)] if on_path else []
        working = [path for path in candidates + installed if works(path, minor)]
        if working:
            found[minor] = working[0]
    return found


def works(path: Path, minor: str) -> bool:
    """Return whether `path` is CPython of that minor version with venv; pyenv's shims may be hollow."""
    program = (
        "import ensurepip, platform, venv; print(platform.python_implementation(), platform.python_version())"
    )
    done = subprocess.run([path, "-c", program], capture_output=True, text=True, check=False)
    return done.stdout.startswith(f"CPython {minor}.")


def requirements(declared: Sequence[str], minor: str, age: str) -> list[str]:
    """Return what pip is to install: the declared libraries of a run, pinned to their bounds if "oldest".

    >>> requirements(["numpy>=1.26; python_version < '3.13'", "pandas>=2"], "3.11", "oldest")
    ['numpy==1.26']
    """
    parsed = [Requirement(text) for text in declared]
    wanted = [
        requirement
        for requirement in parsed
        if requirement.name not in NOT_FOR_A_RUN
        and (requirement.marker is None or requirement.marker.evaluate({"python_version": minor}))
    ]
    if age == "newest":
        return [requirement.name for requirement in wanted]
    return [f"{requirement.name}=={lower_bound(requirement)}" for requirement in wanted]


def lower_bound(requirement: Requirement) -> str:
    """Return the version after `>=`."""
    return next(part.version for part in requirement.specifier if part.operator == ">=")


def install(environment: Environment, wheel: Path, declared: Sequence[str]) -> None:
    """Create the virtual environment unless it is there, and install the wheel of this tree into it."""
    wanted = requirements(declared, environment.minor, environment.age)
    stamp = environment.folder / "requirements.txt"
    pip: list[str | Path] = [
        environment.python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    if not stamp.is_file() or stamp.read_text("utf-8").split() != wanted:
        subprocess.run([environment.interpreter, "-m", "venv", "--clear", environment.folder], check=True)
        subprocess.run([*pip, "--only-binary", ":all:", *wanted], check=True)
        stamp.write_text("\n".join(wanted), "utf-8")
    subprocess.run([*pip, "--no-deps", "--force-reinstall", wheel], check=True)


def build_wheel() -> Path:
    """Return the wheel of this tree, built anew."""
    folder = ROOT / ".matrix" / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", folder, ROOT], check=True)
    return next(folder.glob("*.whl"))


def digests(environment: Environment) -> dict[str, str]:
    """Return the digest of each scenario; what a scenario's verdict is does not matter here."""
    program = environment.folder / "bin" / "leadersim"
    command = [str(program), "run", str(ROOT / "scenarios"), "--seed", str(SEED), "--json"]
    done = subprocess.run(command, cwd=environment.folder, stdout=subprocess.PIPE, text=True, check=False)
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    return {run["scenario"]: run["digest"] for run in runs}


def differing(found: Mapping[str, Digests]) -> list[str]:
    """Return the scenarios that do not have the same digest, or any, in every environment."""
    scenarios = sorted({scenario for digests in found.values() for scenario in digests})
    return [name for name in scenarios if len({digests.get(name) for digests in found.values()}) > 1]


def table(found: Mapping[str, Digests]) -> str:
    """Return one line per scenario and one column per environment, digests cut to 8 digits."""
    scenarios = sorted({scenario for digests in found.values() for scenario in digests})
    width = max(map(len, ["scenario", *scenarios]))
    rows = [["scenario".ljust(width), *(name.ljust(12) for name in found)]]
    for name in scenarios:
        cells = [digests.get(name, "missing")[:8].ljust(12) for digests in found.values()]
        rows.append([name.ljust(width), *cells, "DIFFERENT" if name in differing(found) else "same"])
    return "\n".join("  ".join(row).rstrip() for row in rows)


def main() -> int:
    """Install, run, compare, print; return the exit code."""
    pythons = interpreters()
    for minor in sorted(set(MINORS) - set(pythons)):
        print(f"There is no CPython {minor} here: left out.", file=sys.stderr)
    environments = [
        Environment(minor, path, age) for minor, path in pythons.items() for age in ("oldest", "newest")
    ]
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    wheel = build_wheel()
    found = {}
    for environment in environments:
        print(f"Python {environment.name} ...", file=sys.stderr)
        install(environment, wheel, declared)
        found[environment.name] = digests(environment)
    print(table(found))
    return judge(found)


def judge(found: Mapping[str, Digests]) -> int:
    """Return 0 if there was something to compare and all of it agrees, else 1, and say why."""
    if len(found) < 2 or not any(found.values()):
        print("Nothing was compared.", file=sys.stderr)
        return 1
    different = differing(found)
    print(
        f"{len(different)} of the scenarios differ between environments."
        if different
        else "All digests agree."
    )
    return 1 if different else 0


if __name__ == "__main__":
    # Hash seeds differ from process to process unless told otherwise; here they must not matter.
    os.environ.pop("PYTHONHASHSEED", None)
    sys.exit(main())
