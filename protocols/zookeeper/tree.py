"""The state that is replicated: a tree of znodes, and the sessions that ephemeral ones belong to.

Source: ZooKeeper, "Wait-free coordination for Internet-scale systems", USENIX ATC 2010, §2.2; DataTree.java.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from protocols.api import Request, record
from protocols.kv import KeyValue, KeyValueState
from protocols.zookeeper.log import Txn

SEQUENCE_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Znode:
    """What is known of one node: its data, who owns it (0: persistent), and its versions (Stat)."""

    data: Any
    owner: int
    czxid: int  # of the transaction that created it
    mzxid: int  # of the newest that changed its data
    pzxid: int  # of the newest that changed its children
    version: int = 0
    created_children: int = 0  # the number of the next sequential child


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a transaction, and what watches may be waiting for, as (kind, path)."""

    error: str = ""
    value: Any = None
    events: tuple[tuple[str, str], ...] = ()


@record
class TreeState:
    """A snapshot."""

    nodes: tuple[tuple[str, Znode], ...]
    sessions: tuple[tuple[int, int], ...]  # id, timeout
    values: KeyValueState


def parent_of(path: str) -> str:
    """Return the path of the parent; the root is ""."""
    return path.rpartition("/")[0]


class DataTree:
    """The state machine: equal transactions in equal order make equal trees."""

    def __init__(self) -> None:
        self.nodes: dict[str, Znode] = {"": Znode(None, 0, 0, 0, 0)}
        self.children: dict[str, dict[str, None]] = {"": {}}  # paths, in the order of creation
        self.sessions: dict[int, int] = {}  # id -> timeout in ns
        self.ephemerals: dict[int, dict[str, None]] = {}
        self.values = KeyValue()
        self._operations: dict[str, Callable[..., Outcome]] = {
            "create": self._create,
            "delete": self._delete,
            "set_data": self._set_data,
            "create_session": self._create_session,
            "close_session": self._close_session,
            "error": self._error,
        }

    def apply(self, txn: Txn) -> Outcome:
        """Execute a transaction."""
        operation = txn.operation
        if type(operation) is Request:
            return Outcome(value=self.values.apply(operation))
        if txn.session not in self.sessions and operation[0] != "create_session":
            return Outcome("session_expired")
        return self._operations[operation[0]](txn, *operation[1:])

    # Znodes -------------------------------------------------------------------------------------

    def _create(self, txn: Txn, path: str, data: Any, ephemeral: bool, sequential: bool) -> Outcome:
        above = parent_of(path)
        parent = self.nodes.get(above)
        if parent is None:
            return Outcome("no_node")
        if parent.owner:
            return Outcome("no_children_for_ephemerals")
        if sequential:
            path = f"{path}{parent.created_children:0{SEQUENCE_DIGITS}d}"
        if path in self.nodes:
            return Outcome("node_exists")
        owner = txn.session if ephemeral else 0
        self.nodes[path] = Znode(data, owner, txn.zxid, txn.zxid, txn.zxid)
        self.children[path] = {}
        self.children[above][path] = None
        self.nodes[above] = replace(parent, pzxid=txn.zxid, created_children=parent.created_children + 1)
        if ephemeral:
            self.ephemerals.setdefault(owner, {})[path] = None
        return Outcome(value=(path, txn.zxid), events=(("created", path), ("children", above)))

    def _delete(self, txn: Txn, path: str, version: int) -> Outcome:
        node = self.nodes.get(path)
        if node is None:
            return Outcome("no_node")
        if version not in (-1, node.version):
            return Outcome("bad_version")
        if self.children[path]:
            return Outcome("not_empty")
        return Outcome(events=self._remove(path, txn.zxid))

    def _remove(self, path: str, zxid: int) -> tuple[tuple[str, str], ...]:
        node = self.nodes.pop(path)
        above = parent_of(path)
        del self.children[path]
        del self.children[above][path]
        self.nodes[above] = replace(self.nodes[above], pzxid=zxid)
        if node.owner:
            self.ephemerals[node.owner].pop(path)
        return (("deleted", path), ("children", above))

    def _set_data(self, txn: Txn, path: str, data: Any, version: int) -> Outcome:
        node = self.nodes.get(path)
        if node is None:
            return Outcome("no_node")
        if version not in (-1, node.version):
            return Outcome("bad_version")
        self.nodes[path] = replace(node, data=data, mzxid=txn.zxid, version=node.version + 1)
        return Outcome(value=node.version + 1, events=(("changed", path),))

    # Sessions -----------------------------------------------------------------------------------

    def _create_session(self, txn: Txn, timeout: int) -> Outcome:
        """Open a session; its id is the zxid of this transaction."""
        self.sessions[txn.zxid] = timeout
        return Outcome(value=txn.zxid)

    def _close_session(self, txn: Txn) -> Outcome:
        """End a session, and its ephemeral nodes with it, in one transaction."""
        del self.sessions[txn.session]
        events: list[tuple[str, str]] = []
        for path in tuple(self.ephemerals.get(txn.session, ())):
            events += self._remove(path, txn.zxid)
        self.ephemerals.pop(txn.session, None)
        return Outcome(events=tuple(events))

    def _error(self, txn: Txn, error: str) -> Outcome:
        """Do nothing: the leader found that the transaction must not happen."""
        return Outcome(error)

    # Snapshots ----------------------------------------------------------------------------------

    def snapshot(self) -> TreeState:
        """Return the whole state."""
        return TreeState(tuple(self.nodes.items()), tuple(self.sessions.items()), self.values.snapshot())

    def restore(self, state: TreeState) -> None:
        """Replace the whole state."""
        self.nodes = dict(state.nodes)
        self.children = {path: {} for path in self.nodes}
        self.sessions = dict(state.sessions)
        self.ephemerals = {}
        for path, node in state.nodes:
            if path:
                self.children[parent_of(path)][path] = None
            if node.owner:
                self.ephemerals.setdefault(node.owner, {})[path] = None
        self.values.restore(state.values)
