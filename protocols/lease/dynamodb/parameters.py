"""What a scenario can set of the DynamoDB lock client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.api import parameter
from protocols.lease.rules import CLOCKS, clock_must_not_step, one_of, seconds

SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class DynamoDbParameters:
    """AmazonDynamoDBLockClientOptions and AcquireLockOptions, with their defaults."""

    nodes: int = parameter(3, "count", "Number of contenders.", minimum=1)
    lease_duration: int = parameter(
        20 * SECOND, "duration", "A lock whose version did not change for so long is stale.", minimum=1
    )
    heartbeat_period: int = parameter(5 * SECOND, "duration", "Time between two heartbeats.", minimum=1)
    refresh_period: int = parameter(
        SECOND, "duration", "Time between two reads of a contender that waits.", minimum=1
    )
    request_timeout: int = parameter(
        2 * SECOND, "duration", "A request unanswered for so long failed.", minimum=1
    )
    clock: str = parameter("monotonic", "text", "On which clock contenders measure: monotonic or wall.")
    hold_for: int = parameter(
        0, "duration", "The holder releases the lock after so long; 0: it keeps it.", minimum=0
    )
    unsafe: bool = parameter(False, "flag", "Accept settings that break the rules, to see what happens.")


def check(parameters: DynamoDbParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break."""
    yield from one_of("clock", parameters.clock, CLOCKS)
    if parameters.unsafe:
        return
    heartbeat, lease = parameters.heartbeat_period, parameters.lease_duration
    if lease < 2 * heartbeat:
        yield (
            f"lease_duration ({seconds(lease)}) must be at least twice heartbeat_period "
            f"({seconds(heartbeat)}), or a single lost heartbeat ends the lock"
        )
    yield from clock_must_not_step("clock", parameters.clock)
