"""The progress line appears late, says how far it is, and leaves nothing behind."""

from __future__ import annotations

import io
from threading import Event

import pytest

from sim.cli import progress
from sim.cli.progress import Progress, line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((0, 4, 0, 1.0), "[------------------------] 0/4 runs  1s"),
        # One of four in 2 s: the other three take 6 s.
        ((1, 4, 0, 2.0), "[######------------------] 1/4 runs  2s, 6s left"),
        ((3, 4, 2, 3.0), "[##################------] 3/4 runs  2 not passed  3s, 1s left"),
        ((0, 1, 0, 5.4), "running, 5s"),
    ],
)
def test_line_says_how_far_it_is(arguments: tuple[int, int, int, float], expected: str) -> None:
    """A single run has no share of which to speak."""
    assert line(*arguments) == expected


class Screen(io.StringIO):
    """A stream that tells when something was drawn on it."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn = Event()

    def write(self, text: str) -> int:
        """Write, and tell."""
        written = super().write(text)
        if "runs" in text:
            self.drawn.set()
        return written


def test_line_is_drawn_and_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left on the terminal is an erased line."""
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    screen = Screen()
    with Progress(3, active=True, stream=screen) as shown:
        shown.advance(failed=True)
        assert screen.drawn.wait(5)
        with shown.hidden():
            screen.write("a result\n")

    written = screen.getvalue()
    assert "/3 runs" in written
    # It was erased before the result was printed, and whatever came after it too.
    assert written[: written.index("a result")].endswith("\r\x1b[K")
    assert written.endswith(("a result\n", "\r\x1b[K"))


def test_what_is_over_within_a_second_draws_nothing() -> None:
    """Nor does what is not watched."""
    for active in (True, False):
        screen = Screen()
        with Progress(3, active, screen) as shown, shown.hidden():
            screen.write("a result\n")
        assert screen.getvalue() == "a result\n"
