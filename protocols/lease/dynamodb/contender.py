"""The lock client: steal what did not change for a lease, then change it again and again.

Source: awslabs/amazon-dynamodb-lock-client, AmazonDynamoDBLockClient.java: acquireLock, sendHeartbeat.
"""

from __future__ import annotations

from typing import Any

from protocols.api import Group, Host
from protocols.lease.dynamodb.messages import GetItem, ItemReply, LockItem, PutItem, PutReply
from protocols.lease.dynamodb.parameters import DynamoDbParameters
from protocols.lease.holder import LeaseHolder
from protocols.script import Call, Script, Sleep


class LockClient(LeaseHolder):
    """A contender: it leads while its lock is not expired, counted from the send of the last write.

    The version of the item when it was taken names the leadership; later heartbeats change it.
    """

    replies = (ItemReply, PutReply)

    def __init__(self, host: Host, group: Group, parameters: DynamoDbParameters, image: Any) -> None:
        self.parameters = parameters
        self.server = group.servers[0]
        self.seen: LockItem | None = None  # lockTryingToBeAcquired
        self.seen_at = 0  # its lookupTime
        super().__init__(host, host.wall if parameters.clock == "wall" else host.now)

    def run(self) -> Script:
        """Acquire, keep, and start again when the lock is lost."""
        yield from self.stagger(self.parameters.refresh_period)
        while True:
            yield from self._acquire()
            yield from self._keep()

    def _acquire(self) -> Script:
        self.seen = None
        while self.epoch is None:
            reply = yield self._ask(GetItem(self.next_request()))
            if reply is not None and self._may_take(reply.item):
                yield from self._take(reply.item)
            if self.epoch is None:
                yield Sleep(self.parameters.refresh_period)

    def _may_take(self, item: LockItem | None) -> bool:
        """Return whether there is no lock, or its version is the same as a whole lease ago."""
        if item is None:
            return True
        if self.seen is None or self.seen.record_version_number != item.record_version_number:
            self.seen, self.seen_at = item, self.clock()
            return False
        return self.clock() - self.seen_at > item.lease_duration

    def _take(self, old: LockItem | None) -> Script:
        item, sent = self._item(), self.clock()
        self.host.note("acquiring", item.record_version_number)
        if old is not None:
            self.host.note("campaigned", item.record_version_number)
        put = PutItem(self.next_request(), item, None if old is None else old.record_version_number)
        reply = yield self._ask(put)
        if reply is not None and reply.ok:
            self.hold(item.record_version_number, sent + self.parameters.lease_duration)
            self.seen = item

    def _keep(self) -> Script:
        parameters = self.parameters
        self.begin_tenure(parameters.hold_for)
        while self.epoch is not None:
            yield from self.rest(parameters.heartbeat_period)
            if self.is_tenure_over():
                yield from self._release()
            elif self.epoch is not None:
                yield from self._heartbeat(self.epoch)

    def _heartbeat(self, epoch: int) -> Script:
        """Change the version, if it is still the own one; one that is not has been stolen."""
        assert self.seen is not None
        item, sent = self._item(), self.clock()
        reply = yield self._ask(PutItem(self.next_request(), item, self.seen.record_version_number))
        if reply is None or self.epoch != epoch:
            return
        if reply.ok:
            self.seen = item
            self.hold(epoch, sent + self.parameters.lease_duration)
        else:
            self.lose("stolen")

    def _release(self) -> Script:
        """Stop acting, then delete the item."""
        if self.epoch is not None and self.seen is not None:
            self.lose("released")
            yield self._ask(PutItem(self.next_request(), None, self.seen.record_version_number))
            yield Sleep(self.parameters.refresh_period)

    def _item(self) -> LockItem:
        version = self.host.random.randrange(1, 1 << 62)
        return LockItem(self.host.id, self.parameters.lease_duration, version, 0)

    def _ask(self, message: Any) -> Call:
        return self.call(self.server, message, self.parameters.request_timeout)
