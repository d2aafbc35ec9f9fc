"""What election recipes are written in: generator scripts that ask, wait, and are told what went wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from protocols.api import Group, Handler, Host
from protocols.zookeeper.client import (
    CONNECTED,
    CONNECTION_LOSS,
    EXPIRED,
    SESSION_EXPIRED,
    ZooKeeperClient,
)
from protocols.zookeeper.messages import WatchedEvent
from protocols.zookeeper.parameters import ZooKeeperParameters

ROOT = "/election"


class ZooKeeperError(Exception):
    """An operation failed: `code` is an error of a server, or CONNECTION_LOSS or SESSION_EXPIRED."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Ask:
    """An operation; its value comes back, or a `ZooKeeperError` is raised where it is yielded."""

    operation: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait for the next event of a watch, which comes back, or change of the client's state (None)."""


Script = Generator[Ask | Wait, Any, Any]


class Contender:
    """A process that runs one recipe over and over; implements `protocols.api.Process`.

    A recipe overrides `campaign`, which is one session's attempt, and `on_state`.
    """

    client_class: type[ZooKeeperClient] = ZooKeeperClient

    def __init__(self, host: Host, group: Group, parameters: ZooKeeperParameters, storage: Any) -> None:
        self.host = host
        self.parameters = parameters
        self.client = self.client_class(host, group.servers, parameters, self._on_state, self._on_event)
        self.handlers: Mapping[type, Handler] = self.client.connections.handlers
        self.leading: int | None = None
        self.resigned = False
        self._script: Script | None = None
        self._waits = False
        self._asked = 0  # number of the operation whose answer the script waits for
        self._news: deque[WatchedEvent | None] = deque()  # what happened while the script did not wait

    def start(self) -> None:
        """Connect; the recipe begins with the session."""
        self.client.start()

    def campaign(self) -> Script:
        """Try to lead, and stay as long as the session lives."""
        raise NotImplementedError

    def on_state(self, state: str) -> None:
        """React at once to a change of the client's state, whatever the script does meanwhile."""

    # Leading ------------------------------------------------------------------------------------

    def lead(self, epoch: int) -> None:
        """Believe in the own leadership."""
        if self.leading is None:
            self.leading = epoch
            self.host.lead(epoch)

    def follow(self, reason: str) -> None:
        """Stop believing."""
        if self.leading is not None:
            self.leading = None
            self.host.follow(reason)

    def resign(self) -> None:
        """Leave the lead to the next one; the recipe does it, which is woken for it."""
        if self.leading is not None:
            self.resigned = True
            self._wake(None)

    # Running the script -------------------------------------------------------------------------

    def ask(self, *operation: Any) -> Script:
        """Return the value of an operation, repeated after every loss of the connection."""
        while True:
            try:
                value = yield Ask(operation)
            except ZooKeeperError as error:
                if error.code != CONNECTION_LOSS:
                    raise
                yield from self.connected()
            else:
                return value

    def connected(self) -> Script:
        """Wait until there is a connection."""
        while self.client.state != CONNECTED:
            yield Wait()

    def prepare(self) -> Script:
        """Make sure that the parent of all candidates' nodes is there."""
        try:
            yield from self.ask("create", ROOT, None, False, False)
        except ZooKeeperError as error:
            if error.code != "node_exists":
                raise

    def read(self, *operation: Any) -> Script:
        """Return the value of a read, of a server that is up to date if `sync_reads` is on."""
        if self.parameters.sync_reads:
            yield from self.ask("sync")
        return (yield from self.ask(*operation))

    def _on_event(self, event: WatchedEvent) -> None:
        self._wake(event)

    def _on_state(self, state: str) -> None:
        self.on_state(state)
        if state == EXPIRED:
            self._script = None
            self._news.clear()
        elif state == CONNECTED and self._script is None:
            self._script = self._run()
            self._waits = True
        self._wake(None)

    def _run(self) -> Script:
        while True:
            try:
                yield from self.campaign()
            except ZooKeeperError as error:
                if error.code == SESSION_EXPIRED:
                    return  # the client will hear so too, and come back with another session

    def _wake(self, news: WatchedEvent | None) -> None:
        if self._script is None:
            return
        if self._waits:
            self._waits = False
            self._resume(news)
        else:
            self._news.append(news)

    def _resume(self, value: Any, error: str = "") -> None:
        """Run the script up to its next question, or until it waits and nothing is new."""
        script = self._script
        assert script is not None
        try:
            wish = script.throw(ZooKeeperError(error)) if error else script.send(value)
            while isinstance(wish, Wait) and self._news:
                wish = script.send(self._news.popleft())
        except StopIteration:
            self._script = None
            return
        if isinstance(wish, Wait):
            self._waits = True
        else:
            self._asked += 1
            number = self._asked
            self.client.call(wish.operation, lambda error, value: self._done(number, error, value))

    def _done(self, number: int, error: str, value: Any) -> None:
        if number == self._asked and self._script is not None:
            self._resume(value, error)
