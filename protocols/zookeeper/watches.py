"""One-shot watches of a server's clients (WatchManager.java)."""

from __future__ import annotations

from collections.abc import Callable

from protocols.connections import Connection

Table = dict[str, dict[Connection, None]]


class Watches:
    """Who is to be told of what, once. `tell(connection, kind, path)`."""

    def __init__(self, tell: Callable[[Connection, str, str], None]) -> None:
        self._tell = tell
        self.data: Table = {}  # of exists and get_data
        self.child: Table = {}  # of get_children

    def add(self, table: Table, path: str, connection: Connection) -> None:
        """Let the next event there be told to this client."""
        table.setdefault(path, {})[connection] = None

    def trigger(self, kind: str, path: str) -> None:
        """Tell whom it concerns, once each, and forget them."""
        told: dict[Connection, None] = {}
        if kind != "children":
            told.update(self.data.pop(path, {}))
        if kind in ("children", "deleted"):
            told.update(self.child.pop(path, {}))
        for connection in told:
            self._tell(connection, kind, path)

    def forget(self, connection: Connection) -> None:
        """The client is gone from this server, and its watches with it."""
        for table in (self.data, self.child):
            for path in [path for path, watchers in table.items() if connection in watchers]:
                del table[path][connection]
                if not table[path]:
                    del table[path]
