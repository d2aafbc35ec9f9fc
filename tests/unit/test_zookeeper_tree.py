"""Znodes, sessions and what belongs to whom (DataTree.java; ZooKeeper, USENIX ATC 2010, §2.2)."""

from __future__ import annotations

from typing import Any

from protocols.zookeeper.log import Txn
from protocols.zookeeper.tree import DataTree, Outcome


class Tree:
    """A tree with the sessions 1 and 2, and a counter of transactions."""

    def __init__(self) -> None:
        self.tree = DataTree()
        self.zxid = 0
        self.do(0, "create_session", 4_000)
        self.do(0, "create_session", 4_000)

    def do(self, session: int, *operation: Any) -> Outcome:
        """Apply the next transaction."""
        self.zxid += 1
        return self.tree.apply(Txn(self.zxid, session, 0, operation))


def test_a_sequential_node_gets_the_number_of_its_parents_children() -> None:
    """Ten digits; a number is not used again when its node is deleted."""
    tree = Tree()
    tree.do(1, "create", "/q", None, False, False)
    first, _ = tree.do(1, "create", "/q/n_", "a", True, True).value
    tree.do(1, "delete", first, -1)
    second, _ = tree.do(2, "create", "/q/n_", "b", True, True).value

    assert (first, second) == ("/q/n_0000000000", "/q/n_0000000001")


def test_what_cannot_be_created() -> None:
    """Below nothing, twice, below an ephemeral node, or without a session."""
    tree = Tree()
    tree.do(1, "create", "/e", None, True, False)

    assert tree.do(1, "create", "/a/b", None, False, False).error == "no_node"
    assert tree.do(2, "create", "/e", None, False, False).error == "node_exists"
    assert tree.do(1, "create", "/e/x", None, False, False).error == "no_children_for_ephemerals"
    assert tree.do(9, "create", "/z", None, False, False).error == "session_expired"


def test_versions_guard_changes() -> None:
    """setData and delete compare the version, -1 means any."""
    tree = Tree()
    tree.do(1, "create", "/a", 0, False, False)

    assert tree.do(1, "set_data", "/a", 1, 0).value == 1
    assert tree.do(1, "set_data", "/a", 2, 0).error == "bad_version"
    assert tree.do(1, "delete", "/a", 0).error == "bad_version"
    assert tree.do(1, "delete", "/a", 1).error == ""
    assert tree.do(1, "delete", "/a", -1).error == "no_node"


def test_a_node_with_children_stays() -> None:
    """NotEmptyException."""
    tree = Tree()
    tree.do(1, "create", "/a", None, False, False)
    tree.do(1, "create", "/a/b", None, False, False)

    assert tree.do(1, "delete", "/a", -1).error == "not_empty"


def test_closing_a_session_removes_its_ephemeral_nodes_and_no_others() -> None:
    """In one transaction, with the events that watches wait for."""
    tree = Tree()
    tree.do(1, "create", "/p", None, False, False)
    tree.do(1, "create", "/p/one", None, True, False)
    tree.do(2, "create", "/p/two", None, True, False)
    outcome = tree.do(1, "close_session")

    assert tuple(tree.tree.children["/p"]) == ("/p/two",)
    assert outcome.events == (("deleted", "/p/one"), ("children", "/p"))
    assert 1 not in tree.tree.sessions


def test_a_snapshot_is_the_whole_state() -> None:
    """A tree that was restored goes on as the one it was taken of."""
    one, other = Tree(), Tree()
    one.do(1, "create", "/p", None, False, False)
    one.do(2, "create", "/p/n_", "x", True, True)
    other.tree.restore(one.tree.snapshot())
    other.zxid = one.zxid
    for tree in (one, other):
        tree.do(2, "create", "/p/n_", "y", True, True)
        tree.do(2, "close_session")
        tree.do(1, "create", "/p/n_", "z", True, True)

    assert other.tree.snapshot() == one.tree.snapshot()
    assert tuple(other.tree.nodes) == ("", "/p", "/p/n_0000000002")
