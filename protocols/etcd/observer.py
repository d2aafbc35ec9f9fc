"""Observing who leads, as `Election.Observe` does (`client/v3/concurrency/election.go`)."""

from __future__ import annotations

from protocols.api import Host
from protocols.etcd.operations import Get, KeyValue
from protocols.etcd.task import Changed, Do, Script
from protocols.script import Sleep

RETRY_WAIT = 500_000_000


def observe(host: Host, prefix: str) -> Script:
    """Report each leader, the most recent one for certain, for ever."""
    while True:
        response = yield Do(Get(prefix, True, "first_create"))
        if response is None:
            yield Sleep(RETRY_WAIT)
        elif response.kvs:
            yield from _follow(host, response.kvs[0], response.revision)
        else:
            # The first key put: a deletion in between is none of ours. It is then looked up again.
            yield Changed(prefix, response.revision + 1, True)


def _follow(host: Host, leader: KeyValue, revision: int) -> Script:
    """Report a leader, and wait until its key is deleted."""
    if leader.value != host.id:
        host.note("leader_known", leader.value, leader.create_revision)
    while True:
        events = yield Changed(leader.key, revision + 1)
        if events is None or any(event.kind == "delete" for event in events):
            return
        revision = events[-1].kv.mod_revision
