"""Tables of handlers for nodes that do not handle messages one by one: down, paused, or busy."""

from __future__ import annotations

from typing import Any

from protocols.api import Handler


class Alike(dict[type, Handler]):
    """A table of handlers that treats all classes of messages alike."""

    __slots__ = ("_handler",)

    def __init__(self, handler: Handler) -> None:
        super().__init__()
        self._handler = handler

    def __missing__(self, cls: type) -> Handler:
        return self._handler


def ignore(source: str, message: Any) -> None:
    """Nobody handles this class of message."""
