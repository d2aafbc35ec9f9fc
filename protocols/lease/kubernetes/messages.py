"""What the API server keeps of a Lease, and what is said to it. `request` names a request.

Source: client-go, tools/leaderelection/resourcelock (LeaderElectionRecord, Interface).
"""

from __future__ import annotations

from protocols.api import message, record

RequestId = tuple[int, int]


@record
class LeaderElectionRecord:
    """The content of a Lease; times are wall clocks of whoever wrote it, for people to read."""

    holder_identity: str
    lease_duration_seconds: int
    acquire_time: int
    renew_time: int
    leader_transitions: int


@record
class StoredLease:
    """A Lease in the API server: the content, and the version that a compare-and-swap asks for."""

    record: LeaderElectionRecord
    resource_version: int


@message
class GetLease:
    """Read the Lease."""

    request: RequestId


@message
class GetReply:
    """The Lease; None: not found."""

    request: RequestId
    lease: StoredLease | None


@message
class CreateLease:
    """Create the Lease, unless there is one."""

    request: RequestId
    record: LeaderElectionRecord


@message
class UpdateLease:
    """Replace the content of the Lease, if it has still that version; None: whatever it has."""

    request: RequestId
    record: LeaderElectionRecord
    resource_version: int | None


@message
class WriteReply:
    """The Lease as it was written; None: conflict, it exists or has another version."""

    request: RequestId
    lease: StoredLease | None
