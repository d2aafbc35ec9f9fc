"""What a client can ask of the key-value store, and what it answers, under the names of etcd's API.

Source: etcd API reference v3 (KV, Lease), `api/etcdserverpb/rpc.proto` and `api/mvccpb/kv.proto`.
"""

from __future__ import annotations

from typing import Any, Literal

from protocols.api import message

LeaseId = int
NO_LEASE: LeaseId = 0


@message
class KeyValue:
    """A key at one revision; `version` counts the changes since its creation, 0 in a tombstone."""

    key: str
    value: Any
    create_revision: int
    mod_revision: int
    version: int
    lease: LeaseId


@message
class WatchEvent:
    """A change of one key; of a deletion, `kv` has only the key and its revision."""

    kind: Literal["put", "delete"]
    kv: KeyValue


# Requests ----------------------------------------------------------------------------------------

Target = Literal["create_revision", "mod_revision", "version", "value", "lease"]
Relation = Literal["=", "!=", "<", ">"]


@message
class Compare:
    """A condition of a transaction; a key that does not exist has 0 (value: None) everywhere."""

    key: str
    target: Target
    relation: Relation
    value: Any


@message
class Put:
    """Set a key; `lease` holds it from now on, and whatever held it before does not."""

    key: str
    value: Any
    lease: LeaseId = NO_LEASE


@message
class Get:
    """Read a key, or all keys with a prefix.

    `order`: "key" by name; "first_create" or "last_create" only the one with the lowest or highest
    create revision. `max_create_revision`: only keys created up to then; 0: all. `revision`: as
    things were then; 0: now.
    """

    key: str
    prefix: bool = False
    order: Literal["key", "first_create", "last_create"] = "key"
    max_create_revision: int = 0
    revision: int = 0


@message
class Delete:
    """Delete a key, or all keys with a prefix."""

    key: str
    prefix: bool = False


@message
class Txn:
    """If all of `compare` hold do `success`, otherwise `failure`; all under one revision."""

    compare: tuple[Compare, ...]
    success: tuple[Put | Get | Delete, ...]
    failure: tuple[Put | Get | Delete, ...] = ()


@message
class LeaseGrant:
    """Make a lease; members raise `ttl_ns` to their minimum before they propose it."""

    lease: LeaseId
    ttl_ns: int


@message
class LeaseRevoke:
    """End a lease and delete the keys that it holds."""

    lease: LeaseId


@message
class LeaseCheckpoint:
    """Tell all members what remains of these leases: (lease, ns); 0: the full TTL again."""

    remaining: tuple[tuple[LeaseId, int], ...]


@message
class Compact:
    """Forget what was overwritten or deleted up to a revision."""

    revision: int


# Responses ---------------------------------------------------------------------------------------


@message
class GetResponse:
    """The keys found, and the revision of the store when it was read."""

    revision: int
    kvs: tuple[KeyValue, ...]


@message
class PutResponse:
    """The revision that the put made."""

    revision: int


@message
class DeleteResponse:
    """The revision after the deletion, and how many keys it deleted."""

    revision: int
    deleted: int


@message
class TxnResponse:
    """Which branch ran, the answers to its operations, and the revision afterwards."""

    revision: int
    succeeded: bool
    responses: tuple[GetResponse | PutResponse | DeleteResponse, ...]


@message
class LeaseGrantResponse:
    """The lease, and the TTL that it has."""

    lease: LeaseId
    ttl_ns: int


@message
class Done:
    """It is done, and that is all there is to say; the revision afterwards."""

    revision: int


ErrorCode = Literal["lease_not_found", "lease_exists", "compacted", "future_revision"]


@message
class Failed:
    """The store refused: nothing was changed. `compact_revision` where that is why."""

    code: ErrorCode
    compact_revision: int = 0


Operation = Put | Get | Delete | Txn | LeaseGrant | LeaseRevoke | LeaseCheckpoint | Compact
Response = GetResponse | PutResponse | DeleteResponse | TxnResponse | LeaseGrantResponse | Done | Failed
