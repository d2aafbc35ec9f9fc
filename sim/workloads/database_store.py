"""The database of a primary that keeps none itself: a store outside the group ("r1").

The primary reads the record that a command changes, and whether the command was done before, works, and
writes what it made of the record in its place. If another primary wrote in between, the store has lost
that update; it is lost to a client if the client was told that it was done.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocols.api import Host, NodeId, Reply, Request, record
from sim.metrics import LOST_STATE
from sim.records import Violated
from sim.workloads.application import Application, Calls, Work
from sim.workloads.damage import Ledger
from sim.workloads.fence import NOBODY, Admitted
from sim.workloads.resource import Effect, EffectReply, Inquiry, Resource, ResourceImage

if TYPE_CHECKING:
    from sim.cluster import Cluster
    from sim.node import Node

STORE = "r1"
DAMAGE = ("stale_writes", "updates_overwritten", "updates_lost")

Update = tuple[NodeId, int]
"""A client's command: client and serial."""


@record
class Put:
    """What the store must not forget: a record's new value, the command that made it, and the request."""

    key: Any
    value: Any
    update: Update
    request: tuple[NodeId, int]


class StoreImage(ResourceImage):
    """The disk of the store: for each key, its version and value; the commands and requests done so far."""

    def __init__(
        self,
        admitted: Admitted = NOBODY,
        rows: dict[Any, tuple[int, Any]] | None = None,
        done: dict[Update, None] | None = None,
        requests: dict[tuple[NodeId, int], None] | None = None,
    ) -> None:
        super().__init__(admitted)
        self.rows = {} if rows is None else rows
        self.done = {} if done is None else done
        self.requests = {} if requests is None else requests

    def row(self, key: Any) -> tuple[int, Any]:
        """Return version and value of a key; version 0 is that of a key which was never written."""
        return self.rows.get(key, (0, None))

    def apply(self, record: Any) -> None:
        """Fold one record."""
        if type(record) is Put:
            self.rows[record.key] = (self.row(record.key)[0] + 1, record.value)
            self.done[record.update] = None
            self.requests[record.request] = None
        else:
            super().apply(record)

    def copy(self) -> StoreImage:
        """Return an independent copy."""
        return StoreImage(self.admitted, dict(self.rows), dict(self.done), dict(self.requests))


class Store(Resource):
    """Keeps records; a request that comes twice is one request."""

    image: StoreImage

    def __init__(self, host: Host, cluster: Cluster, fenced: bool, image: StoreImage, truth: Updates) -> None:
        super().__init__(host, cluster, fenced, image)
        self._truth = truth

    def perform(self, source: NodeId, effect: Effect) -> int | None:
        """Replace a record; return the version that it had, None if it comes a second time."""
        key, value, _, update = effect.action
        request = source, effect.number
        if request in self.image.requests:
            return None
        version = self.image.row(key)[0]
        self.write(Put(key, value, update, request))
        return version

    def answer(self, source: NodeId, inquiry: Inquiry) -> tuple[int, Any, bool]:
        """Return version and value of a record, and whether that command was done."""
        key, update = inquiry.question
        return *self.image.row(key), update in self.image.done

    def happened(self, source: NodeId, epoch: int, effect: Effect, result: Any) -> None:
        """Compare what was replaced with what had been read."""
        key, _, read, update = effect.action
        if result is not None:
            self._truth.written(source, epoch, key, update, read, result)


class Updates:
    """The truth about the updates: which made each version, and who was told that they were done."""

    def __init__(self, cluster: Cluster) -> None:
        self._ledger = Ledger(cluster, DAMAGE)
        self._made: defaultdict[Any, list[Update]] = defaultdict(list)
        self._gone: dict[Update, tuple[NodeId, int]] = {}  # overwritten, by whom
        self._told: dict[Update, None] = {}
        self._highest = -1

    def written(self, node: NodeId, epoch: int, key: Any, update: Update, read: int, replaced: int) -> None:
        """A record that had version `replaced` was replaced by what was made of version `read`."""
        if epoch < self._highest:
            detail = f"under epoch {epoch} after a write under {self._highest}"
            self._ledger.count("stale_writes", STORE, node, epoch, detail)
        self._highest = max(self._highest, epoch)
        self._made[key].append(update)
        for lost in self._made[key][read:replaced]:
            if lost not in self._gone:
                self._gone[lost] = (node, epoch)
                detail = f"update {lost[1]} of {lost[0]} to {key}, by update {update[1]} of {update[0]}"
                self._ledger.count("updates_overwritten", STORE, node, epoch, detail)
                self._lose(lost)

    def told(self, client: NodeId, serial: int) -> None:
        """A client was told that its update is done."""
        self._told[client, serial] = None
        self._lose((client, serial))

    def _lose(self, update: Update) -> None:
        if update in self._gone and update in self._told:
            node, epoch = self._gone[update]
            detail = f"update {update[1]} of {update[0]} was acknowledged"
            self._ledger.count("updates_lost", STORE, node, epoch, detail)


class LostUpdates:
    """Counts what a replicated log lost: each violation by which committed entries are gone, or differ."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        cluster.closing.append(self._close)
        self._ledger = Ledger(cluster, ("updates_lost",))

    def _close(self) -> None:
        for found in [*self._cluster.trace.milestones]:
            if type(found) is Violated and found.property in LOST_STATE:
                detail = f"{found.property}: {found.evidence}"
                self._ledger.count("updates_lost", "log", found.nodes[0], -1, detail)


class Primary(Application):
    """The leader: does the clients' commands at the store, those on one key one after the other."""

    def __init__(self, node: Node, cluster: Cluster, work_ns: int, retry_ns: int) -> None:
        super().__init__(node, cluster)
        self._calls = Calls(node, retry_ns, self.claim)
        self._work: Work[Callable[[], None]] = Work(
            cluster, self.host, (work_ns, work_ns), lambda write: write()
        )
        self._waiting: defaultdict[Any, deque[Request]] = defaultdict(deque)
        self.handlers = {**self._calls.handlers, Request: self.on_request}

    def stop(self) -> None:
        """Do nothing more; clients will ask elsewhere."""
        self._calls.drop()
        self._work.drop()
        self._waiting.clear()

    def on_request(self, client: NodeId, request: Request) -> None:
        """Take a command, unless somebody else leads."""
        if self.node.leads() is None:
            self._answer(request, "not_leader", None, -1)
            return
        queue = self._waiting[request.command[1]]
        if all((waits.client, waits.serial) != (client, request.serial) for waits in queue):
            queue.append(request)
            if len(queue) == 1:
                self._read(request)

    def _read(self, request: Request) -> None:
        """Check the belief, then act on it."""
        epoch, key = self.node.leads(), request.command[1]
        if epoch is None:
            self._done(request, "not_leader", None, -1)
        else:
            question = key, (request.client, request.serial)
            self._calls.inquire(STORE, epoch, question, lambda reply: self._found(request, epoch, reply))

    def _found(self, request: Request, epoch: int, reply: EffectReply) -> None:
        if not reply.accepted:
            self._done(request, "not_leader", None, -1)
        elif request.command[0] == "get":
            self._done(request, "ok", reply.result[1], epoch)
        elif reply.result[2]:
            self._done(request, "ok", None, epoch)
        else:
            version = reply.result[0]
            self._work.add(lambda: self._write(request, epoch, version))

    def _write(self, request: Request, epoch: int, version: int) -> None:
        _, key, value = request.command
        action = (key, value, version, (request.client, request.serial))
        self._calls.effect(STORE, epoch, action, lambda reply: self._written(request, epoch, reply))

    def _written(self, request: Request, epoch: int, reply: EffectReply) -> None:
        if reply.accepted:
            self._done(request, "ok", None, epoch)
        else:  # of two attempts the first may have been taken
            self._done(request, "unknown", None, -1)

    def _done(self, request: Request, outcome: Any, value: Any, epoch: int) -> None:
        """Answer, and go on with the next command on that key."""
        self._answer(request, outcome, value, epoch)
        queue = self._waiting[request.command[1]]
        queue.popleft()
        if queue:
            self._read(queue[0])

    def _answer(self, request: Request, outcome: Any, value: Any, epoch: int) -> None:
        number = self.node.epoch_of(epoch)
        self.host.send(request.client, Reply(request.client, request.serial, outcome, value, None, number))
