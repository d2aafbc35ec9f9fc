"""Ephemeral nodes live as long as their sessions (ZooKeeper, USENIX ATC 2010, §2.2).

"Ephemeral: clients create such znodes, and they either delete them explicitly, or let the system remove
them automatically when the session that creates them terminates." On each server, an ephemeral node is
created in an open session, ends by a deletion or with its session, and does not outlive it.
"""

from __future__ import annotations

from sim.invariants.base import Invariant, Report, View
from sim.invariants.history import History


class EphemeralLifetime(Invariant):
    """An ephemeral node outlived its session, died before it, or never had one."""

    name = "ephemeral_lifetime"
    source = "ZooKeeper, USENIX ATC 2010, §2.2"
    meaning = "An ephemeral node never outlives its session, and never dies before it unless it is deleted."
    listens = ("session_opened", "session_closed", "znode_created", "znode_removed", "restored", "crashed")

    def __init__(self, view: View, report: Report, history: History) -> None:
        super().__init__(view, report, history)
        self._open: dict[str, set[int]] = {}  # by server
        self._owners: dict[str, dict[str, int]] = {}  # by server: path -> session
        self._partial: set[str] = set()  # servers that began with a snapshot, whose contents nobody told

    def session_opened(self, node: str, session: int) -> None:
        """Remember it."""
        self._open.setdefault(node, set()).add(session)

    def znode_created(self, node: str, path: str, session: int) -> None:
        """An ephemeral node needs an open session."""
        self._owners.setdefault(node, {})[path] = session
        if session not in self._open.get(node, ()) and node not in self._partial:
            self.violated(
                (node, path), (node,), f"{node} created {path} for session {session}, which is over"
            )

    def znode_removed(self, node: str, path: str, by: int, deleted: bool) -> None:
        """An ephemeral node that nobody deletes ends with its own session only."""
        owner = self._owners.get(node, {}).pop(path, None)
        if owner is not None and not deleted and by != owner:
            evidence = f"{node} removed {path} of session {owner} at the end of session {by}"
            self.violated((node, path), (node,), evidence)

    def session_closed(self, node: str, session: int) -> None:
        """Nothing of the session may be left."""
        self._open.get(node, set()).discard(session)
        for path, owner in self._owners.get(node, {}).items():
            if owner == session:
                self.violated(
                    (node, path), (node,), f"{node} keeps {path} of session {session}, which is over"
                )

    def restored(self, node: str, index: int, epoch: int) -> None:
        """What a snapshot holds is not known."""
        self.crashed(node)
        self._partial.add(node)

    def crashed(self, node: str) -> None:
        """The next incarnation applies its history again."""
        self._open.pop(node, None)
        self._owners.pop(node, None)
        self._partial.discard(node)
