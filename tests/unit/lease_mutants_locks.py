"""Mutants of what one server grants: the lock server, the database row, DynamoDB (L01 to L29)."""

from __future__ import annotations

from typing import Any

from protocols.api import Group, Host, NodeId
from protocols.lease import dynamodb, lock_server
from protocols.lease.dynamodb.contender import LockClient
from protocols.lease.dynamodb.messages import LockItem, PutItem
from protocols.lease.dynamodb.server import Table
from protocols.lease.lock_server.contender import LockContender
from protocols.lease.lock_server.parameters import LockServerParameters
from protocols.lease.lock_server.server import LockServer
from protocols.lease.lock_server.storage import LockStorage
from protocols.lease.lock_server.table import LockTable
from tests.unit.lease_mutant import Mutant, dual_belief, overlaps, same_epoch

SECOND = 1_000_000_000


class _OtherTable(LockServer):
    """A lock server with another table."""

    table_type: type[LockTable] = LockTable

    def __init__(
        self, host: Host, group: Group, parameters: LockServerParameters, image: LockStorage
    ) -> None:
        super().__init__(host, group, parameters, image)
        self.table = self.table_type()


class _RenewsAnything(LockTable):
    def renew(self, now: int, token: int) -> bool:
        if self.grant is not None:
            self.expires_at = now + self.grant.ttl
        return True


class RenewsAnything(_OtherTable):
    """L03: a renewal is accepted after the end of the lease, and from whom does not hold it."""

    table_type = _RenewsAnything


class TrustsItsServer(LockContender):
    """L30, and the world of L03: the end of the lease on the own clock is ignored."""

    def leads(self) -> int | None:
        return self.epoch

    def _on_end(self) -> None:
        pass


class AbsoluteExpiry(LockClient):
    """L25: the time at which the lock ends is in the item, and compared with the own wall clock."""

    def _item(self) -> LockItem:
        item = super()._item()
        until = self.host.wall() + self.parameters.lease_duration
        return LockItem(item.owner_name, item.lease_duration, item.record_version_number, until)

    def _may_take(self, item: LockItem | None) -> bool:
        return item is None or item.data < self.host.wall()


class UnconditionalPut(Table):
    """L26: the put has no condition."""

    def _holds(self, asked: PutItem) -> bool:
        return True


class ReleasesAnything(LockServer):
    """L09: a release frees the lock whoever holds it."""

    def on_release(self, source: NodeId, asked: Any) -> None:
        super().on_release(source, type(asked)(asked.request, self.table.token))


_CUT_AND_CALM = {"at": "40s", "partition": [["leader"], ["servers"]]}


# n1 holds the lock, hears three seconds late, and is cut off.
_LATE_REPLY = {
    "network": {"links": [{"from": "s1", "to": "n1", "latency": "3s"}]},
    "faults": [{"at": "0s", "pause": ["n2", "n3"], "for": "5s"}, _CUT_AND_CALM],
    "duration": "90s",
}


LOCKS: dict[str, Mutant] = {
    "L01": Mutant(
        "measures its lease on a wall clock, which is set back (sofa-jraft 26 moved to the monotonic one)",
        "lock-server",
        dual_belief,
        {
            "faults": [{"at": "39s", "clock": {"of": "leader", "step": "-20s"}}, _CUT_AND_CALM],
            "duration": "90s",
        },
        mistake={"client_clock": "wall"},
    ),
    "L03": Mutant(
        "renews what is over, for anybody",
        "lock-server",
        overlaps(30),
        {"faults": [{"at": "40s", "pause": "leader", "for": "40s"}], "duration": "150s"},
        lock_server.make_spec("L03", TrustsItsServer, RenewsAnything),
        lock_server.make_spec("trusting", TrustsItsServer),
    ),
    "L04": Mutant(
        "the server measures leases on a wall clock, which jumps ahead",
        "lock-server",
        dual_belief,
        {"faults": [{"at": "42s", "clock": {"of": "s1", "step": "30s"}}], "duration": "60s"},
        mistake={"server_clock": "wall"},
    ),
    "L05": Mutant(
        "counts its lease from the reply",
        "lock-server",
        dual_belief,
        _LATE_REPLY,
        mistake={"validity_from": "reply"},
        settings={"request_timeout": "5s"},
    ),
    "L09": Mutant(
        "a release frees the lock whoever holds it (Redlock: 'signed' with a random string)",
        "lock-server",
        dual_belief,
        # A release that arrives when the next one holds the lock already.
        {
            "faults": [{"at": "10s", "cut": {"from": "n1", "to": "servers"}, "mode": "hold", "for": "45s"}],
            "duration": "120s",
        },
        lock_server.make_spec("L09", server=ReleasesAnything),
        settings={"hold_for": "15s", "nodes": 3},
        seeds=(1, 2, 3, 4),
    ),
    "L17": Mutant(
        "an asynchronous standby takes over without the lease (distlock documentation)",
        "database-row",
        dual_belief,
        {
            "faults": [{"when": {"event": "leader_elected"}, "delay": "10ms", "crash": "s1"}],
            "duration": "60s",
        },
        mistake={"synchronous": False, "replication_delay": "500ms"},
        settings={"replicas": 1},
    ),
    "L19": Mutant(
        "clients write their own time into the row, and compare with it",
        "database-row",
        dual_belief,
        {"faults": [{"at": "20s", "clock": {"of": "followers", "step": "31s"}}], "duration": "60s"},
        mistake={"time": "client"},
    ),
    "L20": Mutant(
        "selects a free row, then updates it (READ COMMITTED)",
        "database-row",
        same_epoch,
        {"network": {"latency": "50ms"}, "duration": "30s"},
        mistake={"method": "select-then-update"},
        settings={"nodes": 5, "poll_interval": "200ms"},
    ),
    "L25": Mutant(
        "compares absolute times from the item with its own clock (the lock client's README)",
        "dynamodb",
        dual_belief,
        {"faults": [{"at": "30s", "clock": {"of": "followers", "step": "21s"}}], "duration": "60s"},
        dynamodb.make_spec("L25", AbsoluteExpiry),
    ),
    "L26": Mutant(
        "puts without a condition",
        "dynamodb",
        dual_belief,
        {
            "network": {"latency": "400ms"},
            "faults": [{"at": "30s", "crash": "leader"}],
            "duration": "90s",
        },
        dynamodb.make_spec("L26", server=UnconditionalPut),
        settings={"nodes": 5},
        seeds=(1, 2, 3),
    ),
    "L29": Mutant(
        "a lock server restarts with an empty table and grants at once (Gray and Cheriton)",
        "lock-server",
        dual_belief,
        {"faults": [{"at": "42s", "crash": "s1", "restart_after": "1s"}], "duration": "80s"},
        mistake={"durable": "nothing", "restart_wait": False},
    ),
    "L30": Mutant(
        "goes on when its lease is over, since nobody told it (Chubby: jeopardy ignored)",
        "lock-server",
        dual_belief,
        {"faults": [_CUT_AND_CALM], "duration": "90s"},
        lock_server.make_spec("L30", TrustsItsServer),
    ),
}
