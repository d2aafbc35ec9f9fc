"""Client sessions around any state machine: what a client asks for is executed at most once.

`protocols.kv.KeyValue` has its sessions built in, since every server of most runs executes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from protocols.api import NodeId, Request, record
from protocols.kv import FORGET_FROM, NEW, STALE, Session


class StateMachine(Protocol):
    """What is replicated; deterministic, so that equal commands in equal order make equal states."""

    def apply(self, command: Any) -> Any:
        """Execute a command and return its result, which the client gets."""

    def snapshot(self) -> Any:
        """Return the whole state; later commands must not change what was returned."""

    def restore(self, state: Any) -> None:
        """Replace the whole state by a snapshot."""


class Machine(Protocol):
    """A state machine with client sessions: what a replicating server works with."""

    def recall(self, request: Request) -> Any:
        """Return the remembered result of a request, `protocols.kv.NEW` or `STALE`."""

    def apply(self, request: Request) -> Any:
        """Execute a request unless that was done before; return its result, or `STALE`."""

    def execute(self, command: Any) -> Any:
        """Execute a command of nobody's session and return its result."""

    def readable(self, command: Any) -> bool:
        """Return whether a client's command only reads, so that `query` can answer it."""

    def query(self, command: Any) -> Any:
        """Return the result of a command that only reads."""

    def snapshot(self) -> Any:
        """Return the whole state with the sessions."""

    def restore(self, state: Any) -> None:
        """Replace all of it by a snapshot."""


@record
class SessionsState:
    """A snapshot: the state of the machine, and of each session as in `protocols.kv.KeyValueState`."""

    state: Any
    sessions: tuple[tuple[NodeId, int, tuple[tuple[int, Any], ...]], ...]


class Sessions:
    """Gives a plain state machine client sessions; implements `Machine` (Raft §8)."""

    __slots__ = ("execute", "machine", "sessions")

    def __init__(self, machine: StateMachine) -> None:
        self.machine = machine
        self.execute = machine.apply
        self.sessions: dict[NodeId, Session] = {}

    def recall(self, request: Request) -> Any:
        """Return the remembered result of a request, `NEW` or `STALE`."""
        session = self.sessions.get(request.client)
        if session is None:
            return NEW
        return STALE if request.serial < session.oldest else session.results.get(request.serial, NEW)

    def apply(self, request: Request) -> Any:
        """Execute the request and return its result, at most once per (client, serial); or `STALE`."""
        session = self.sessions.setdefault(request.client, Session(request.oldest, {}))
        known = self.recall(request)
        if known is not NEW:
            return known
        result = session.results[request.serial] = self.execute(request.command)
        session.oldest = max(session.oldest, request.oldest)
        if len(session.results) >= FORGET_FROM:
            session.forget()
        return result

    def readable(self, command: Any) -> bool:
        """Return whether a client's command only reads: a plain machine does not say, its service may."""
        return False

    def query(self, command: Any) -> Any:
        """Return the result of a command that only reads."""
        return self.execute(command)

    def snapshot(self) -> SessionsState:
        """Return the whole state with the sessions, in the order in which they came."""
        sessions = tuple(
            (client, session.oldest, tuple(session.results.items()))
            for client, session in self.sessions.items()
        )
        return SessionsState(self.machine.snapshot(), sessions)

    def restore(self, state: SessionsState) -> None:
        """Replace all of it by a snapshot."""
        self.machine.restore(state.state)
        self.sessions = {client: Session(oldest, dict(results)) for client, oldest, results in state.sessions}


def with_sessions(machine: Callable[[], StateMachine]) -> Callable[[], Machine]:
    """Return what makes such a state machine with client sessions around it."""
    return lambda: Sessions(machine())
