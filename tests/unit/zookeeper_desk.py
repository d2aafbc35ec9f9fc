"""A recipe at a desk: one contender, a tree, and a test that answers its questions one by one."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from protocols.api import Group
from protocols.recording import FollowedNow, LedNow, RecordingHost
from protocols.zookeeper.client import CONNECTED, CONNECTION_LOSS, DISCONNECTED, EXPIRED, SESSION_EXPIRED
from protocols.zookeeper.log import Txn
from protocols.zookeeper.messages import WatchedEvent
from protocols.zookeeper.parameters import ZooKeeperParameters
from protocols.zookeeper.recipe import ROOT, Contender
from protocols.zookeeper.tree import DataTree

Done = Callable[[str, Any], None]
READS = ("exists", "get_data", "get_children")


class StillClient:
    """A client whose questions wait until the test answers them."""

    def __init__(
        self,
        host: Any,
        servers: Any,
        parameters: Any,
        changed: Callable[[str], None],
        event: Callable[[WatchedEvent], None],
    ) -> None:
        self.state = DISCONNECTED
        self.session = 0
        self.changed, self.event = changed, event
        self.asked: list[tuple[tuple[Any, ...], Done]] = []
        self.connections = SimpleNamespace(handlers={})

    def start(self) -> None:
        """Wait for the test."""

    def call(self, operation: tuple[Any, ...], done: Done) -> None:
        """Wait for an answer, or fail at once."""
        if self.state != CONNECTED:
            done(CONNECTION_LOSS, None)
        else:
            self.asked.append((operation, done))

    def become(self, state: str, error: str = "") -> None:
        """Change the state; questions that were open fail with `error`."""
        asked, self.asked = self.asked, []
        self.state = state
        self.changed(state)
        for _, done in asked:
            done(error, None)


class Desk:
    """One contender of a recipe, connected with session 100 of a tree that the test changes."""

    def __init__(self, recipe: type[Contender], **parameters: Any) -> None:
        self.host = RecordingHost("n1")
        self.tree = DataTree()
        self.zxid = 1000
        self.watched: list[tuple[str, str]] = []
        cls = type(recipe.__name__, (recipe,), {"client_class": StillClient})
        self.contender = cls(self.host, Group(("n1",), ("s1",)), ZooKeeperParameters(**parameters), None)
        self.client: Any = self.contender.client
        self.do(1, "create_session", 10)
        self.do(self.zxid, "create", ROOT, None, False, False)
        self.contender.start()
        self.connect()

    def do(self, session: int, *operation: Any) -> Any:
        """Apply a transaction, and tell the contender what it watches."""
        self.zxid += 1
        outcome = self.tree.apply(Txn(self.zxid, session, 0, operation))
        for kind, path in outcome.events:
            if (kind, path) in self.watched:
                self.watched.remove((kind, path))
                self.client.event(WatchedEvent(kind, path, self.zxid))
        return outcome

    def other(self, prefix: str = f"{ROOT}/other-n_", sequential: bool = True) -> int:
        """Let another client open a session and enter; return its session."""
        session: int = self.do(0, "create_session", 10).value
        self.do(session, "create", prefix, "other", True, sequential)
        return session

    def connect(self) -> None:
        """Connect, with the session that there was or a new one."""
        if not self.client.session:
            self.client.session = self.do(0, "create_session", 10).value
        self.client.become(CONNECTED)

    def lose(self) -> None:
        """Lose the connection."""
        self.client.become(DISCONNECTED, CONNECTION_LOSS)

    def expire(self) -> None:
        """Hear that the session is over; its nodes may still be seen."""
        self.client.session = 0
        self.client.become(EXPIRED, SESSION_EXPIRED)
        self.client.become(DISCONNECTED, CONNECTION_LOSS)

    @property
    def question(self) -> tuple[Any, ...] | None:
        """Return the operation that waits for an answer."""
        return self.client.asked[0][0] if self.client.asked else None

    def step(self) -> None:
        """Answer one question."""
        operation, done = self.client.asked.pop(0)
        done(*self._execute(operation))

    def step_and_lose(self) -> None:
        """Execute what is asked, and lose the connection before the answer."""
        operation, _ = self.client.asked[0]
        self._execute(operation)
        self.lose()

    def settle(self, until: str = "") -> None:
        """Answer until nothing is asked, or until the next question is of that kind."""
        for _ in range(100):
            if self.question is None or self.question[0] == until:
                return
            self.step()
        raise AssertionError("it asks without end")

    def _execute(self, operation: tuple[Any, ...]) -> tuple[str, Any]:
        name, *rest = operation
        if name == "sync":
            return "", None
        if name not in READS:
            outcome = self.do(self.client.session, *operation)
            return outcome.error, outcome.value
        path, watch = rest
        node = self.tree.nodes.get(path)
        if watch and (node is not None or name == "exists"):
            kinds = ("children",) if name == "get_children" else ("deleted", "created", "changed")
            self.watched += [(kind, path) for kind in kinds]
        if name == "exists":
            return "", None if node is None else node.czxid
        if node is None:
            return "no_node", None
        if name == "get_children":
            return "", tuple(self.tree.children[path])
        return "", (node.data, node.owner, node.czxid)

    # What the test looks at ---------------------------------------------------------------------

    @property
    def leads(self) -> int | None:
        """Return the epoch under which the contender says that it leads."""
        found = None
        for effect in self.host.effects:
            if isinstance(effect, LedNow):
                found = effect.epoch
            elif isinstance(effect, FollowedNow):
                found = None
        return found

    def own(self) -> list[str]:
        """Return the paths of the contender's nodes, whichever session they belong to."""
        return [path for path, node in self.tree.nodes.items() if node.data == "n1"]
