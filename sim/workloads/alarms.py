"""Many alarms of one length on a single timer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from protocols.api import Host

T = TypeVar("T")


class Alarms(Generic[T]):
    """Calls `callback(item)` a fixed local time after `add(item)`; first in, first out.

    Items that are no longer `wanted` are passed over, and no timer runs for them: of many requests that are
    answered in time, none costs an event.
    """

    __slots__ = ("_callback", "_due", "_host", "_length", "_timer", "_wanted")

    def __init__(
        self,
        host: Host,
        name: str,
        length_ns: int,
        callback: Callable[[T], None],
        wanted: Callable[[T], bool] = lambda item: True,
    ) -> None:
        self._host = host
        self._length = length_ns
        self._callback = callback
        self._wanted = wanted
        self._due: deque[tuple[int, T]] = deque()
        self._timer = host.timer(name, self._ring)

    def add(self, item: T) -> None:
        """Start the alarm for `item`."""
        if not self._due:
            self._timer.set(self._length)
        self._due.append((self._host.now() + self._length, item))

    def _ring(self) -> None:
        due, now = self._due, self._host.now()
        while due:
            at, item = due[0]
            if not self._wanted(item):
                due.popleft()
            elif at > now:
                self._timer.set(at - now)
                return
            else:
                due.popleft()
                self._callback(item)
