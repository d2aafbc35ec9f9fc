"""Election recipes on ephemeral sequential nodes: the documented one, the herd, Curator's and kazoo's.

Sources: ZooKeeper Recipes and Solutions, "Leader Election"; Curator, LeaderLatch.java; kazoo, recipe/lock.py
and recipe/election.py. A candidate's epoch is the czxid of its node: later candidates have higher ones.
"""

from __future__ import annotations

from collections.abc import Iterable

from protocols.zookeeper.client import CONNECTED, CONNECTION_LOSS, KazooClient
from protocols.zookeeper.recipe import ROOT, Ask, Contender, Script, Wait, ZooKeeperError
from protocols.zookeeper.tree import SEQUENCE_DIGITS

GUID_BITS = 48
ANY_VERSION = -1


def sequence_of(path: str) -> int:
    """Return the number at the end of a sequential node's name."""
    return int(path[-SEQUENCE_DIGITS:])


class Sequential(Contender):
    """Create an ephemeral sequential node; lead if it is the first, else watch the one before it.

    A candidate that is Disconnected does not lead: its session may end, and only a server could tell.
    """

    number = staticmethod(sequence_of)

    def on_state(self, state: str) -> None:
        """Suspend on Disconnected; on Expired the node is gone."""
        if state != CONNECTED:
            self.follow(state)

    def campaign(self) -> Script:
        """Enter, and look at who is before; again whenever something changes."""
        yield from self.prepare()
        own, epoch = yield from self.enter()
        while True:
            yield from self.connected()
            children = yield from self.candidates()
            if own not in children:
                self.follow("its node is gone")
                return
            ahead = self.ahead(children, self.number(own))
            if ahead:
                yield from self.wait_behind(ahead)
            elif (yield from self.confirm(own)):
                self.lead(epoch)
                yield Wait()
                if self.resigned and self.leading is not None:
                    yield from self.leave(own)
                    return
            else:
                return

    def leave(self, own: str) -> Script:
        """Stop leading, then delete the node, which tells the next one; the queue is entered anew."""
        self.resigned = False
        Contender.follow(self, "resigned")  # of its own will, also where nothing else interrupts it
        yield from self.ask("delete", own, ANY_VERSION)

    def enter(self) -> Script:
        """Return the path and the czxid of a new node; a lost answer does not make two of them.

        The name begins with a unique id, by which the node is found if the connection was lost after
        the server created it ("Recoverable Errors and the GUID").
        """
        prefix = f"{ROOT}/{self.host.id}.{self.host.random.randrange(0, 1 << GUID_BITS):x}-n_"
        while True:
            try:
                return (yield Ask(("create", prefix, self.host.id, True, True)))
            except ZooKeeperError as error:
                if error.code != CONNECTION_LOSS:
                    raise
            found = yield from self.find(prefix)
            if found:
                return found

    def find(self, prefix: str) -> Script:
        """Return the path and the czxid of the node whose name begins so; None if there is none.

        The create may still be under way, and the server may lag behind; after a sync neither is possible.
        """
        yield from self.ask("sync")
        for path in (yield from self.ask("get_children", ROOT, False)):
            if path.startswith(prefix):
                try:
                    _, _, czxid = yield from self.ask("get_data", path, False)
                except ZooKeeperError as error:
                    if error.code != "no_node":
                        raise
                    return None
                return path, czxid
        return None

    def candidates(self) -> Script:
        """Return the paths of all candidates."""
        return (yield from self.read("get_children", ROOT, False))

    def ahead(self, children: Iterable[str], own: int) -> str:
        """Return the node with the largest number below our own; "" if there is none."""
        return max((path for path in children if self.number(path) < own), key=self.number, default="")

    def wait_behind(self, predecessor: str) -> Script:
        """Wait for the candidate before us to go; if it has gone meanwhile, look again at once."""
        if (yield from self.read("exists", predecessor, True)) is not None:
            yield Wait()

    def confirm(self, own: str) -> Script:
        """Return whether the first node is really ours; nothing else could be."""
        return True
        yield


class Herd(Sequential):
    """Everybody watches the whole list: one change wakes all (what the documentation warned of)."""

    def candidates(self) -> Script:
        """Return the paths of all candidates, and watch them."""
        return (yield from self.read("get_children", ROOT, True))

    def ahead(self, children: Iterable[str], own: int) -> str:
        """Return any node before ours: who waits for any change need not know for whom."""
        return next((path for path in children if self.number(path) < own), "")

    def wait_behind(self, predecessor: str) -> Script:
        """Wait for any change."""
        yield Wait()


class Curator(Sequential):
    """LeaderLatch: the first node must belong to the session in use (CURATOR-696)."""

    def wait_behind(self, predecessor: str) -> Script:
        """Watch by getData, which leaves no watch where there is no node."""
        try:
            yield from self.read("get_data", predecessor, True)
        except ZooKeeperError as error:
            if error.code != "no_node":
                raise
            return
        yield Wait()

    def confirm(self, own: str) -> Script:
        """Compare the owner of the node with the session (LeaderLatch.checkLeadership)."""
        try:
            _, owner, _ = yield from self.read("get_data", own, False)
        except ZooKeeperError as error:
            if error.code != "no_node":
                raise
            return False
        return owner == self.client.session


class Kazoo(Sequential):
    """kazoo's Election: the leadership function runs to its end, whatever becomes of the session."""

    client_class = KazooClient

    def on_state(self, state: str) -> None:
        """Do nothing: nobody interrupts the function."""

    def campaign(self) -> Script:
        """Wait for the lock, then run the function, which never ends."""
        while self.leading is not None:
            yield Wait()
        yield from super().campaign()

    def follow(self, reason: str) -> None:
        """Go on."""


RECIPES: dict[str, type[Sequential]] = {
    "sequential": Sequential,
    "herd": Herd,
    "curator": Curator,
    "kazoo": Kazoo,
}
