"""A key-value store as a replicated state machine, with client sessions.

Commands are tuples: ("put", key, value) -> None; ("get", key) -> the value, None when there is none;
("cas", key, old, new) -> whether the value was `old` and is `new` now; ("noop",) -> None.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from protocols.api import NodeId, Request, record

NOOP: Final[tuple[str, ...]] = ("noop",)
"""The command of an entry that no client asked for."""


class Unknown(Enum):
    """What a client's session says of a request whose result it does not hold."""

    NEW = "new"  # it was not executed
    STALE = "stale"  # the client has given it up: whether it was executed is forgotten


FORGET_FROM = 32
"""Results are forgotten once there are so many: at each command would cost more than they weigh."""

NEW: Final = Unknown.NEW
STALE: Final = Unknown.STALE


@record
class KeyValueState:
    """A snapshot: all pairs, and of each session (client, oldest, (serial, result) pairs).

    In the order in which they came, which is the same on every server.
    """

    pairs: tuple[tuple[Hashable, Any], ...]
    sessions: tuple[tuple[NodeId, int, tuple[tuple[int, Any], ...]], ...]


@dataclass(slots=True)
class Session:
    """What is remembered of one client: the results of its requests from serial `oldest` on."""

    oldest: int
    results: dict[int, Any]

    def forget(self) -> None:
        """Drop the results that the client will not ask for again."""
        oldest = self.oldest
        self.results = {serial: result for serial, result in self.results.items() if serial >= oldest}


class KeyValue:
    """The state machine: deterministic, so that equal commands in equal order make equal states."""

    __slots__ = ("_operations", "data", "sessions")

    def __init__(self) -> None:
        self.data: dict[Hashable, Any] = {}
        self.sessions: dict[NodeId, Session] = {}
        self._operations: dict[str, Callable[..., Any]] = {
            "put": self.data.__setitem__,
            "get": self.data.get,
            "cas": self._compare_and_set,
            "noop": _nothing,
        }

    def recall(self, request: Request) -> Any:
        """Return the remembered result of a request, `NEW` or `STALE`."""
        session = self.sessions.get(request.client)
        if session is None:
            return NEW
        return STALE if request.serial < session.oldest else session.results.get(request.serial, NEW)

    def apply(self, request: Request) -> Any:
        """Execute the request and return its result, at most once per (client, serial).

        A repetition returns the remembered result, and a request that its client has given up (its
        serial is below the `oldest` of another one) `STALE`, both without touching the data.

        Raises:
            ValueError: there is no such command.

        Source: Raft §8.
        """
        # Every server does this for every command of a run, so that it is one plain function.
        session = self.sessions.get(request.client)
        if session is None:
            session = self.sessions[request.client] = Session(request.oldest, {})
        serial, results = request.serial, session.results
        if serial < session.oldest:
            return STALE
        if serial in results:
            return results[serial]
        command = request.command
        if command[0] == "put":
            result = None
            self.data[command[1]] = command[2]
        else:
            result = self.execute(command)
        results[serial] = result
        if request.oldest > session.oldest:
            session.oldest = request.oldest
            if len(results) >= FORGET_FROM:
                session.forget()
        return result

    def readable(self, command: tuple[Any, ...]) -> bool:
        """Return whether a command only reads."""
        return bool(command[0] == "get")

    def query(self, command: tuple[Any, ...]) -> Any:
        """Return the result of a command that only reads; no session is touched."""
        return self.execute(command)

    def snapshot(self) -> KeyValueState:
        """Return the whole state; later commands do not change what was returned."""
        sessions = (
            (client, session.oldest, tuple(session.results.items()))
            for client, session in self.sessions.items()
        )
        return KeyValueState(tuple(self.data.items()), tuple(sessions))

    def restore(self, state: KeyValueState) -> None:
        """Replace the whole state by a snapshot."""
        # In place: `_operations` holds methods of this very dict.
        self.data.clear()
        self.data.update(state.pairs)
        self.sessions = {client: Session(oldest, dict(results)) for client, oldest, results in state.sessions}

    def execute(self, command: tuple[Any, ...]) -> Any:
        """Execute a command of nobody's session and return its result.

        Raises:
            ValueError: there is no such command.
        """
        operation = self._operations.get(command[0])
        if operation is None:
            raise ValueError(f"{command[0]!r} is not one of {', '.join(self._operations)}")
        return operation(*command[1:])

    def _compare_and_set(self, key: Hashable, old: Any, new: Any) -> bool:
        if self.data.get(key) != old:
            return False
        self.data[key] = new
        return True


def _nothing() -> None:
    return None
