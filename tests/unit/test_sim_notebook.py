"""The progress bar of notebooks: drawn there, and nowhere else."""

from __future__ import annotations

import sys
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from sim import notebook
from sim.run import run


class Handle:
    """What `display(..., display_id=True)` returns."""

    def __init__(self, drawn: list[str]) -> None:
        self.drawn = drawn

    def update(self, html: str) -> None:
        """Keep what is drawn."""
        self.drawn.append(html)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pretend to be a kernel; return what is drawn."""
    found: list[str] = []

    def display(html: str, display_id: bool) -> Handle:
        found.append(html)
        return Handle(found)

    shell = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(HTML=str, display=display))
    monkeypatch.setattr(notebook, "REFRESH_S", 0.001)
    return found


def test_bar_is_drawn_and_taken_away(drawn: list[str]) -> None:
    """It tells the share; the label is escaped."""
    seen = Event()

    def share() -> float:
        if len(drawn) > 1:
            seen.set()
        return 0.25

    with notebook.progress("<x>", share):
        assert seen.wait(10)

    assert drawn[0] == '<progress value="0.250" max="1"></progress> &lt;x&gt;, 25%'
    assert drawn[-1] == ""


def test_short_work_shows_nothing(drawn: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing flickers."""
    monkeypatch.setattr(notebook, "REFRESH_S", 100)
    with notebook.progress("x", lambda: 0.0):
        pass

    assert drawn == []


def test_outside_of_notebooks_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal's IPython has no kernel; a plain Python has no IPython."""

    def never() -> float:
        raise AssertionError

    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    with notebook.progress("x", never):
        assert not notebook.in_notebook()
    shell: Any = SimpleNamespace(get_ipython=lambda: SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython", shell)
    assert not notebook.in_notebook()


def test_run_that_is_watched_is_the_same(drawn: list[str]) -> None:
    """The thread reads the clock of the run and touches nothing."""
    watched = run("leader-crash", seed=3)
    assert any("leader-crash, seed 3" in each for each in drawn)
    sys.modules.pop("IPython")

    assert watched.digest == run("leader-crash", seed=3).digest
