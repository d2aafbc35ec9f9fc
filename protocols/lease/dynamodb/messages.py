"""The item that is the lock, and the requests to the table. `request` names a request.

Source: awslabs/amazon-dynamodb-lock-client, AmazonDynamoDBLockClient.java and its README.
"""

from __future__ import annotations

from protocols.api import NodeId, message, record

RequestId = tuple[int, int]


@record
class LockItem:
    """ownerName, leaseDuration and recordVersionNumber; `data` is the user's. No absolute times."""

    owner_name: NodeId
    lease_duration: int
    record_version_number: int
    data: int


@record
class Stored:
    """The item of the table as it is now; None: there is none."""

    item: LockItem | None


@message
class GetItem:
    """Read the item, consistently."""

    request: RequestId


@message
class ItemReply:
    """The item; None: there is none."""

    request: RequestId
    item: LockItem | None


@message
class PutItem:
    """Replace the item (None: delete it) if its version is `expected`; None: if there is no item."""

    request: RequestId
    item: LockItem | None
    expected: int | None


@message
class PutReply:
    """False: ConditionalCheckFailedException."""

    request: RequestId
    ok: bool
