"""One node /election/leader for all: the version that tutorials show, and the same done right."""

from __future__ import annotations

from protocols.zookeeper.client import CONNECTED
from protocols.zookeeper.recipe import ROOT, Contender, Script, Wait, ZooKeeperError

LEADER = f"{ROOT}/leader"


class CreateWatch(Contender):
    """Create the node; whoever fails watches it, and tries to create it when it is deleted."""

    def on_state(self, state: str) -> None:
        """Suspend on Disconnected; on Expired the node is gone."""
        if state != CONNECTED:
            self.follow(state)

    def campaign(self) -> Script:
        """Lead while the node is ours; wait for its end while it is another's."""
        yield from self.prepare()
        while True:
            yield from self.connected()
            epoch = yield from self.claim()
            if epoch is not None:
                self.lead(epoch)
                yield Wait()
                continue
            if (yield from self.read("exists", LEADER, True)) is not None:
                event = yield Wait()
                if event is not None and event.kind == "deleted":
                    yield from self.on_deletion(event.zxid)

    def claim(self) -> Script:
        """Return the czxid of the node if it is ours, created now or before; None otherwise."""
        try:
            _, czxid = yield from self.ask("create", LEADER, self.host.id, True, False)
        except ZooKeeperError as error:
            if error.code != "node_exists":
                raise
            return (yield from self._own())
        return czxid

    def _own(self) -> Script:
        try:
            _, owner, czxid = yield from self.read("get_data", LEADER, False)
        except ZooKeeperError as error:
            if error.code != "no_node":
                raise
            return None
        return czxid if owner == self.client.session else None

    def on_deletion(self, zxid: int) -> Script:
        """Try again: only one of those who were notified can create the node."""
        return
        yield


class NaiveCreate(CreateWatch):
    """UNSAFE: whoever is notified of the deletion takes itself for the leader, without a node."""

    def on_deletion(self, zxid: int) -> Script:
        """Declare victory: all who watched do."""
        self.lead(zxid)
        while self.leading is not None:
            yield Wait()
