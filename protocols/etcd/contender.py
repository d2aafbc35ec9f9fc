"""A contender: an application that wants to lead, with one etcd client.

It opens a session, runs the recipe under it, leads until the session is done, and starts again. Source:
etcd documentation, "Interacting with etcd" (leases, locks, elections); `etcdctl elect`, `etcdctl lock`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protocols.api import Group, Handler, Host
from protocols.etcd.client import EtcdClient
from protocols.etcd.concurrency import Election, Mutex
from protocols.etcd.observer import observe
from protocols.etcd.operations import LeaseGrant, LeaseGrantResponse, LeaseId
from protocols.etcd.parameters import EtcdParameters
from protocols.etcd.session import Session
from protocols.etcd.task import Do, Script, Task

PREFIX = "/election"


class Contender:
    """One incarnation of a contender; implements `protocols.api.Process`."""

    def __init__(self, host: Host, group: Group, parameters: EtcdParameters, image: Any) -> None:
        self.host = host
        self.parameters = parameters
        number = group.contenders.index(host.id)
        self.client = EtcdClient(host, group.servers, number, parameters)
        self.handlers: Mapping[type, Handler] = self.client.handlers
        self.session = Session(self.client, parameters, self._on_done)
        self.epoch: int | None = None  # under which we lead
        self.recipe: Election | Mutex | None = None  # by which we lead
        self._number = number
        self._lease = 0
        self._task = Task(self.client, "task")
        self._again = host.timer("start again", self._begin)
        self._hold = host.timer("hold", self._on_held)

    def start(self) -> None:
        """Connect, and contend."""
        self.client.start()
        if self.parameters.observe:
            Task(self.client, "observe").run(observe(self.host, PREFIX + "/"))
        self._begin()

    def leads(self) -> int | None:
        """Return the epoch under which we lead, if the session counts at this instant."""
        return self.epoch if self.session.alive or not self.parameters.obey_done else None

    # One attempt ---------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Start from the beginning, with a session of its own."""
        self._task.run(self._attempt())

    def _attempt(self) -> Script:
        asked_at, lease = self.host.now(), self._new_lease()
        response = yield Do(LeaseGrant(lease, self.parameters.ttl))
        if not isinstance(response, LeaseGrantResponse):
            self._again.set(self.parameters.retry_interval)
            return
        self.session.begin(lease, asked_at)
        yield from self._contend()

    def _contend(self) -> Script:
        error = yield from self.contend()
        if error:
            self._leave()

    def _leave(self) -> None:
        """Give the session up, and begin anew after a while."""
        self.session.close()
        self._again.set(self.parameters.retry_interval)

    def _new_lease(self) -> LeaseId:
        # Never twice, in no incarnation, since the clock goes on; and never that of another contender.
        self._lease = max(self._lease + 1, self.host.now() // 1000)
        return (self._number + 1) << 52 | self._lease

    def contend(self) -> Script:
        """Run the recipe until we lead; return "" or what went wrong."""
        recipe = self.recipe_for(self.session.lease)
        error = yield from (recipe.lock() if isinstance(recipe, Mutex) else recipe.campaign(self.host.id))
        if not error:
            self.recipe = recipe
            self.lead(recipe.revision)
        return error

    def recipe_for(self, lease: LeaseId) -> Election | Mutex:
        """Return a new recipe under that lease."""
        if self.parameters.recipe == "mutex":
            return Mutex(lease, PREFIX)
        return Election(lease, PREFIX, self.parameters.recheck_key)

    def lead(self, epoch: int) -> None:
        """Lead, unless the session is over already, as its owner sees before anything else."""
        if not self.session.alive and self.parameters.obey_done:
            return
        self.epoch = epoch
        self.host.lead(epoch)
        self.host.note("leader_known", self.host.id, epoch)
        if self.parameters.hold_for:
            self._hold.set(self.parameters.hold_for)

    # The end of it -------------------------------------------------------------------------------

    def stop_leading(self, reason: str) -> None:
        """Lead no more, before anybody else may."""
        self._hold.cancel()
        if self.epoch is not None:
            self.epoch = None
            self.host.follow(reason)

    def _on_done(self, reason: str) -> None:
        """The session is over, and with it the key: leave the queue, and begin anew."""
        if self.epoch is not None and not self.parameters.obey_done:
            return
        self.stop_leading(reason)
        self._begin()

    def resign(self) -> None:
        """Resign, or unlock, now; harmless for one that does not lead."""
        if self.epoch is not None:
            self._on_held()

    def _on_held(self) -> None:
        self.stop_leading("resigned")
        self._task.run(self._resign())

    def _resign(self) -> Script:
        recipe = self.recipe
        assert recipe is not None
        error = yield from (recipe.unlock() if isinstance(recipe, Mutex) else recipe.resign())
        if error:
            # The key may go at any time: whoever queued up with it again might lead without it.
            self._leave()
        else:
            yield from self._contend()
