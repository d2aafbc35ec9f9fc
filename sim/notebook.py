"""A progress bar in the cell of a notebook, for what takes longer than a moment.

A thread looks at how far it is and redraws; nothing of a run changes by being watched. Outside of notebooks
nothing happens, and IPython is not imported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from importlib import import_module
from threading import Event, Thread
from typing import Any

REFRESH_S = 0.4


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    shell: Any = sys.modules.get("IPython")
    return shell is not None and hasattr(shell.get_ipython(), "kernel")


@contextmanager
def progress(label: str, share: Callable[[], float]) -> Iterator[None]:
    """Show a bar while the block runs: `share` says how much of it is done, from 0 to 1."""
    if not in_notebook():
        yield
        return
    over = Event()
    thread = Thread(target=_redraw, args=(label, share, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _redraw(label: str, share: Callable[[], float], over: Event) -> None:
    shown: Any = None
    display = import_module("IPython.display")
    while not over.wait(REFRESH_S):
        drawn = display.HTML(bar(label, share()))
        if shown is None:
            shown = display.display(drawn, display_id=True)
        else:
            shown.update(drawn)
    if shown is not None:
        shown.update(display.HTML(""))


def bar(label: str, done: float) -> str:
    """Return the bar as HTML."""
    return f'<progress value="{done:.3f}" max="1"></progress> {escape(label)}, {done:.0%}'
