"""Where scenarios are: the shipped ones by name, others by path or directory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sim.errors import Problem, ScenarioError
from sim.scenario.shapes import nearest

_SIM = Path(__file__).resolve().parent.parent
_SUFFIXES = (".yaml", ".yml")


def folder() -> Path:
    """Return the folder of the shipped scenarios: inside an installed package, or in the repository."""
    installed = _SIM / "_scenarios"
    return installed if installed.is_dir() else _SIM.parent / "scenarios"


def library() -> list[Path]:
    """Return the shipped scenario files, sorted by their path."""
    return _inside(folder())


def names() -> dict[str, Path]:
    """Return the shipped scenarios by name: `basics/leader-crash`."""
    root = folder()
    return {path.relative_to(root).with_suffix("").as_posix(): path for path in library()}


def find(paths: Sequence[str | Path]) -> list[Path]:
    """Return the scenario files that `paths` mean, in that order, each once.

    A path is a file, a directory, which is searched with its subdirectories, or the name of a
    shipped scenario or folder of them: `basics/leader-crash`, `leader-crash`, `basics`.

    Raises:
        ScenarioError: one of them does not exist, or is a directory without scenarios.
    """
    found: dict[Path, None] = {}
    problems: list[Problem] = []
    for each in paths:
        try:
            found.update(dict.fromkeys(_find(Path(each))))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return list(found)


def _find(path: Path) -> list[Path]:
    if path.is_dir():
        files = _inside(path)
        if not files:
            raise _missing(path, "is a directory without scenarios (*.yaml)")
        return files
    if path.exists():
        return [path]
    shipped = names()
    wanted = path.as_posix()
    matches = [file for name, file in shipped.items() if _means(wanted, name)]
    inside = [file for name, file in shipped.items() if name.startswith(f"{wanted}/")]
    if len(matches) > 1:
        listed = ", ".join(name for name in shipped if _means(wanted, name))
        raise _missing(path, f"may be one of {listed}")
    if matches or inside:
        return matches or inside
    near = nearest(wanted, _short(shipped))
    raise _missing(path, f"is neither a file nor a shipped scenario{near}")


def _means(wanted: str, name: str) -> bool:
    return wanted == name or name.endswith(f"/{wanted}")


def _short(shipped: Iterable[str]) -> list[str]:
    return [*shipped, *(name.rpartition("/")[2] for name in shipped)]


def _inside(root: Path) -> list[Path]:
    """Return the scenario files below `root`, but for hidden ones, sorted."""
    files = [path for path in root.rglob("*") if path.suffix in _SUFFIXES and path.is_file()]
    return sorted(path for path in files if not _hidden(path.relative_to(root)))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _missing(path: Path, message: str) -> ScenarioError:
    return ScenarioError([Problem(str(path), 1, 1, "", message)])
