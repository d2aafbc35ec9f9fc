"""The house rules that no ready-made tool checks, as functions from a syntax tree to findings.

`FileRule`s look at one file. They approximate: a rule may miss a clever offence, but must fire on the
plain one (see test_repository_rules.py) and be quiet on correct code.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """One parsed file; `path` is relative to the repository, with slashes."""

    path: str
    text: str
    tree: ast.Module

    def is_in(self, *folders: str) -> bool:
        """Return whether the file lies in one of the folders, or is one of these files."""
        return any(self.path == folder or self.path.startswith(f"{folder}/") for folder in folders)


@dataclass(frozen=True, slots=True)
class Finding:
    """One offence, printed as editors understand it."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


FileRule = Callable[[Source], Iterator[Finding]]


def parse(path: str, text: str) -> Source:
    """Return the source of `text` as if it stood at `path`."""
    return Source(path, text, ast.parse(text, path))


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Return every Python file of the repository in these folders, sorted by path."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(parse(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths)


# Sizes and names ---------------------------------------------------------------------------------


def files_are_short(source: Source) -> Iterator[Finding]:
    """A file has at most 300 lines."""
    lines = source.text.count("\n")
    if lines > MAX_FILE_LINES:
        yield Finding(source.path, lines, f"{lines} lines; split it, the limit is {MAX_FILE_LINES}")


def functions_are_short(source: Source) -> Iterator[Finding]:
    """A function has at most 60 lines, docstring not counted."""
    for function in _functions(source.tree):
        lines = _length(function)
        if lines > MAX_FUNCTION_LINES:
            message = f"{function.name} has {lines} lines; the limit is {MAX_FUNCTION_LINES}"
            yield Finding(source.path, function.lineno, message)


def _length(function: Function) -> int:
    first = function.body[0]
    has_docstring = ast.get_docstring(function, clean=False) is not None
    docstring = _last_line(first) - first.lineno + 1 if has_docstring else 0
    return _last_line(function) - function.lineno + 1 - docstring


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


VAGUE_MODULES = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}
VAGUE_ENDINGS = ("Manager", "Helper", "Utils", "Util")


def names_say_something(source: Source) -> Iterator[Finding]:
    """No module is named utils and no class Manager: such names draw in whatever has no home."""
    if Path(source.path).stem in VAGUE_MODULES:
        yield Finding(source.path, 1, "name the module after what it does")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and node.name.endswith(VAGUE_ENDINGS):
            yield Finding(source.path, node.lineno, f"name {node.name} after what it is")


def public_things_have_docstrings(source: Source) -> Iterator[Finding]:
    """Modules with code, public classes and public functions (methods too) have a docstring."""
    if source.tree.body and not ast.get_docstring(source.tree):
        yield Finding(source.path, 1, "the module has no docstring")
    for node in _public(source.tree):
        if not ast.get_docstring(node):
            yield Finding(source.path, node.lineno, f"{node.name} has no docstring")


def _public(scope: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    for node in scope.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            if not _inherits_its_docstring(node):
                yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


def _inherits_its_docstring(node: Function | ast.ClassDef) -> bool:
    """Overrides and overloads, and setters, are described where they come from."""
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    return not names.isdisjoint({"override", "overload", "setter", "register"})


# What breaks determinism -------------------------------------------------------------------------

REAL_TIME = "ask the kernel or the host for the time"
CHANCE = "draw from the stream that was handed in"
IDENTITY = "it differs from process to process; use a name or a counter"
BANNED = {
    **dict.fromkeys(("time", "datetime.datetime.now", "datetime.datetime.utcnow"), REAL_TIME),
    **dict.fromkeys(("datetime.datetime.today", "datetime.date.today"), REAL_TIME),
    **dict.fromkeys(("random", "secrets", "numpy.random", "os.urandom", "uuid"), CHANCE),
    **dict.fromkeys(("hash", "id"), IDENTITY),
}
# A progress bar shows real time; nothing of a result does.
ALLOWED = {"sim/cli": {"time.monotonic"}}


def nothing_but_the_seed_decides(source: Source) -> Iterator[Finding]:
    """No wall clock, no randomness of one's own, no hash() or id()."""
    imported = _imported_names(source.tree)
    allowed = {name for folder, names in ALLOWED.items() if source.is_in(folder) for name in names}
    for node in ast.walk(source.tree):
        for name in _names_used(node, imported):
            reason = _ban(name)
            if reason and name not in allowed:
                yield Finding(source.path, getattr(node, "lineno", 0), f"{name}: {reason}")


def _imported_names(tree: ast.Module) -> dict[str, str]:
    """Return what each imported name stands for: {"np": "numpy", "now": "time.time"}."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found |= {alias.asname: alias.name for alias in names if alias.asname}
                tops = (alias.name.partition(".")[0] for alias in names if not alias.asname)
                found |= {top: top for top in tops}
            case ast.ImportFrom(module=str(module), names=names):
                found |= {alias.asname or alias.name: f"{module}.{alias.name}" for alias in names}
    return found


def _names_used(node: ast.AST, imported: dict[str, str]) -> Iterator[str]:
    match node:
        case ast.ImportFrom(module=str(module)):
            yield from (f"{module}.{alias.name}" for alias in node.names)
        case ast.Call(func=ast.Name(id=("hash" | "id") as name)) if name not in imported:
            yield name
        case ast.Attribute():
            dotted = ast.unparse(node)
            head, _, rest = dotted.partition(".")
            if head in imported:
                yield f"{imported[head]}.{rest}"


def _ban(name: str) -> str | None:
    prefixes = [name, *(name[:i] for i, letter in enumerate(name) if letter == ".")]
    return next((BANNED[prefix] for prefix in prefixes if prefix in BANNED), None)


def nothing_is_printed(source: Source) -> Iterator[Finding]:
    """Only the command line prints: data goes to stdout, and there must be nothing else on it."""
    if source.is_in("sim/cli"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield Finding(source.path, node.lineno, "print outside sim/cli: return the text")


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))
