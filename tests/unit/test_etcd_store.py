"""The multi-version store: revisions, transactions, the past, and what compaction leaves of it."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.etcd.machine import EtcdMachine
from protocols.etcd.operations import (
    Compact,
    Compare,
    Delete,
    DeleteResponse,
    Failed,
    Get,
    GetResponse,
    KeyValue,
    LeaseGrant,
    LeaseRevoke,
    Put,
    PutResponse,
    Txn,
    TxnResponse,
    WatchEvent,
)


def machine(*operations: Any) -> EtcdMachine:
    """Return a state machine after these operations; the first change has revision 2."""
    made = EtcdMachine()
    for operation in operations:
        made.apply(operation)
    return made


def values(response: Any) -> list[Any]:
    assert isinstance(response, GetResponse)
    return [kv.value for kv in response.kvs]


def test_key_has_the_revisions_of_its_creation_and_of_its_last_change() -> None:
    """mvccpb.KeyValue: create_revision, mod_revision, version."""
    store = machine(Put("a", 1), Put("b", 1), Put("a", 2)).store

    assert store.get(Get("a")) == GetResponse(4, (KeyValue("a", 2, 2, 4, 2, 0),))


def test_key_that_is_made_again_begins_anew() -> None:
    """A deletion resets the version."""
    made = machine(Put("a", 1))
    assert made.apply(Delete("a")) == DeleteResponse(3, 1)
    assert made.store.get(Get("a")) == GetResponse(3, ())
    assert made.apply(Put("a", 2)) == PutResponse(4)

    assert made.store.get(Get("a")).kvs == (KeyValue("a", 2, 4, 4, 1, 0),)  # type: ignore[union-attr]


def test_deleting_nothing_makes_no_revision() -> None:
    """What changes nothing leaves no trace."""
    made = machine(Put("a", 1))

    assert (made.apply(Delete("b")), made.store.revision) == (DeleteResponse(2, 0), 2)


def test_transaction_is_one_revision() -> None:
    """All its writes share it, and its reads see the writes before them."""
    made = machine(Put("a", 1))
    txn = Txn((Compare("a", "create_revision", "=", 2),), (Put("b", 1), Get("b"), Delete("a"), Put("c", 1)))
    response = made.apply(txn)

    assert isinstance(response, TxnResponse)
    assert (response.revision, response.succeeded) == (3, True)
    assert values(response.responses[1]) == [1]
    assert {kv.mod_revision for kv in made.store.current.values()} == {3}
    assert [event.kv.key for event in made.store.events_from(3, "", True)] == ["b", "a", "c"]


def test_transaction_that_fails_does_the_other_branch() -> None:
    """And a transaction that only reads makes no revision."""
    made = machine(Put("a", 1))
    response = made.apply(Txn((Compare("a", "version", ">", 1),), (Put("a", 2),), (Get("a"),)))

    assert (response.succeeded, response.revision, values(response.responses[0])) == (False, 2, [1])


@pytest.mark.parametrize(
    ("compare", "holds"),
    [
        (Compare("a", "value", "=", 1), True),
        (Compare("a", "value", "!=", 1), False),
        (Compare("a", "version", "<", 2), True),
        (Compare("a", "mod_revision", ">", 1), True),
        (Compare("a", "lease", "=", 0), True),
        (Compare("none", "create_revision", "=", 0), True),
        (Compare("none", "version", ">", 0), False),
    ],
)
def test_comparisons(compare: Compare, holds: bool) -> None:
    """A key that does not exist has 0 everywhere."""
    assert machine(Put("a", 1)).store.holds(compare) is holds


def test_oldest_and_newest_are_by_creation_not_by_name_or_change() -> None:
    """WithFirstCreate, WithLastCreate, WithMaxCreateRev: what elections ask for."""
    store = machine(Put("p/z", 1), Put("p/a", 2), Put("p/m", 3), Put("p/z", 4)).store

    assert values(store.get(Get("p/", True, "first_create"))) == [4]
    assert values(store.get(Get("p/", True, "last_create"))) == [3]
    assert values(store.get(Get("p/", True, "last_create", 3))) == [2]
    assert values(store.get(Get("p/", True))) == [2, 3, 4]
    assert values(store.get(Get("p/", True, "last_create", 1))) == []


def test_past_can_be_read() -> None:
    """As of any revision since the last compaction, keys that are deleted by now as well."""
    store = machine(Put("a", 1), Put("a", 2), Delete("a"), Put("b", 1)).store

    assert [values(store.get(Get("a", revision=revision))) for revision in (2, 3, 4, 5)] == [[1], [2], [], []]
    assert values(store.get(Get("", True, revision=3))) == [2]
    assert store.get(Get("a", revision=6)) == Failed("future_revision")


def test_compaction_forgets_what_was_overwritten_or_deleted() -> None:
    """And keeps what is still there, and what was there at that revision."""
    made = machine(Put("a", 1), Put("a", 2), Put("b", 1), Delete("b"), Put("c", 1))
    made.apply(Compact(5))

    assert made.store.get(Get("a", revision=4)) == Failed("compacted", 5)
    assert values(made.store.get(Get("", True, revision=5))) == [2]
    assert values(made.store.get(Get("", True))) == [2, 1]
    assert [event.kind for event in made.store.events_from(0, "", True)] == ["delete", "put"]
    assert made.apply(Compact(5)) == Failed("compacted", 5)
    assert made.apply(Compact(9)) == Failed("future_revision")


def test_revoking_a_lease_deletes_its_keys_under_one_revision() -> None:
    """In order of name, and only those that it holds still."""
    made = machine(
        LeaseGrant(7, 10), LeaseGrant(8, 10), Put("b", 1, 7), Put("a", 1, 7), Put("c", 1, 7), Put("c", 2, 8)
    )
    made.apply(LeaseRevoke(7))

    assert list(made.store.current) == ["c"]
    deleted = made.store.events_from(6, "", True)
    assert [(event.kind, event.kv.key, event.kv.mod_revision) for event in deleted] == [
        ("delete", "a", 6), ("delete", "b", 6),
    ]  # fmt: skip


def test_put_without_lease_takes_the_key_out_of_it() -> None:
    """E06: a key that is put again without its lease outlives it."""
    made = machine(LeaseGrant(7, 10), Put("a", 1, 7), Put("a", 2), LeaseRevoke(7))

    assert list(made.store.current) == ["a"]


def test_lease_that_is_not_there_holds_nothing() -> None:
    """Neither a put nor a transaction does anything, also not the part that could."""
    made = machine()

    assert made.apply(Put("a", 1, 7)) == Failed("lease_not_found")
    assert made.apply(Txn((), (Put("b", 1), Put("a", 1, 7)))) == Failed("lease_not_found")
    assert made.apply(LeaseRevoke(7)) == Failed("lease_not_found")
    assert (made.store.revision, made.store.current) == (1, {})


def test_lease_is_granted_once() -> None:
    """Whoever asks for the same number again is told so."""
    assert machine(LeaseGrant(7, 10)).apply(LeaseGrant(7, 10)) == Failed("lease_exists")


def test_snapshot_restores_everything_and_shares_nothing() -> None:
    """A member that was restored goes on exactly like one that applied everything."""
    before = [LeaseGrant(7, 10), Put("a", 1, 7), Put("a", 2, 7), Put("b", 1), Delete("b"), ("put", "k", "v")]
    after = [Put("a", 3, 7), LeaseRevoke(7), Put("b", 2), ("cas", "k", "v", "w")]
    whole, first = machine(*before), machine(*before)
    state = first.snapshot()
    first.apply(Put("a", "later"))
    restored = machine(Put("x", 1))
    restored.restore(state)

    assert [whole.apply(each) for each in after] == [restored.apply(each) for each in after]
    assert whole.snapshot() == restored.snapshot()
    assert first.snapshot() != restored.snapshot()


def test_listener_hears_of_changes_as_they_are_applied() -> None:
    """One call per revision; none for what changes nothing."""

    class Listener:
        def __init__(self) -> None:
            self.heard: list[Any] = []

        def changed(self, events: list[WatchEvent]) -> None:
            self.heard.append([(event.kind, event.kv.key) for event in events])

        def granted(self, lease: int) -> None:
            self.heard.append(("granted", lease))

        def revoked(self, lease: int) -> None:
            self.heard.append(("revoked", lease))

        def checkpointed(self, lease: int) -> None:
            raise AssertionError

    made, listener = machine(), Listener()
    made.listener = listener
    for operation in (LeaseGrant(7, 10), Put("a", 1, 7), Delete("none"), LeaseRevoke(7)):
        made.apply(operation)

    assert listener.heard == [("granted", 7), [("put", "a")], ("revoked", 7), [("delete", "a")]]
