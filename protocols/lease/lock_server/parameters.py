"""What a scenario can set of the lock server and its clients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.api import parameter
from protocols.lease.holder import shortened
from protocols.lease.rules import (
    CLOCKS,
    clock_must_not_step,
    one_of,
    rate_is_a_share,
    renewed_in_time,
    seconds,
)

SECOND = 1_000_000_000


@dataclass(frozen=True)  # without slots: a subclass may have the slots of another base
class LeaseParameters:
    """The settings of the clients, and of the lease; what serves it adds its own."""

    nodes: int = parameter(3, "count", "Number of contenders.", minimum=1)
    ttl: int = parameter(30 * SECOND, "duration", "Length of the lease.", minimum=1)
    renew_fraction: float = parameter(
        1 / 3, "ratio", "The holder renews when this share of the lease has passed.", minimum=0
    )
    rate_bound: float = parameter(
        0.001, "ratio", "All clocks are said to run within this share of true time; sets the margin.", 0
    )
    pause_bound: int = parameter(
        0, "duration", "The holder is said to stop for no longer than this; taken off its lease.", minimum=0
    )
    validity_from: str = parameter(
        "send", "text", "The holder counts its lease from the send of its request, or from the reply."
    )
    client_clock: str = parameter("monotonic", "text", "On which clock the holder counts: monotonic or wall.")
    server_clock: str = parameter("monotonic", "text", "On which clock the server counts: monotonic or wall.")
    request_timeout: int = parameter(SECOND, "duration", "A request unanswered for so long failed.", 1)
    poll_interval: int = parameter(
        SECOND, "duration", "A contender that was refused asks again after so long.", minimum=1
    )
    waiters: str = parameter(
        "poll", "text", "How contenders learn that the lock is free: poll, or notify (and poll)."
    )
    hold_for: int = parameter(
        0, "duration", "The holder releases the lock after so long; 0: it keeps it.", minimum=0
    )
    unsafe: bool = parameter(False, "flag", "Accept settings that break the rules, to see what happens.")

    @property
    def validity(self) -> int:
        """Return how long a holder counts on a lease, in ns on its own clock."""
        return shortened(self.ttl, self.rate_bound) - self.pause_bound

    @property
    def renew_interval(self) -> int:
        """Return the time between two renewals, in ns."""
        return int(self.ttl * self.renew_fraction)


@dataclass(frozen=True, slots=True)
class LockServerParameters(LeaseParameters):
    """The settings of one lock server and its clients."""

    durable: str = parameter(
        "table", "text", "What the server does not lose in a crash: table, token or nothing."
    )
    restart_wait: bool = parameter(
        True, "flag", "A restarted server grants nothing until the longest lease is over."
    )


DURABLE = ("table", "token", "nothing")


def check_lease(parameters: LeaseParameters) -> Iterator[str]:
    """Yield one sentence for each rule on leases that the settings break."""
    yield from one_of("validity_from", parameters.validity_from, ("send", "reply"))
    yield from one_of("client_clock", parameters.client_clock, CLOCKS)
    yield from one_of("server_clock", parameters.server_clock, CLOCKS)
    yield from one_of("waiters", parameters.waiters, ("poll", "notify"))
    yield from rate_is_a_share(parameters.rate_bound)
    if parameters.renew_interval < 1:
        yield "renew_fraction must leave some time between two renewals"
    if parameters.unsafe:
        return
    yield from renewed_in_time(parameters.renew_interval, parameters.validity)
    yield from clock_must_not_step("client_clock", parameters.client_clock)
    yield from clock_must_not_step("server_clock", parameters.server_clock)
    if parameters.validity_from == "reply":
        yield (
            "validity_from: a lease begins at the server before the reply arrives, so that a holder which "
            "counts from the reply believes longer than the server; count from the send"
        )


def check(parameters: LockServerParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break."""
    yield from check_lease(parameters)
    yield from one_of("durable", parameters.durable, DURABLE)
    if parameters.unsafe:
        return
    if not parameters.restart_wait:
        yield (
            f"restart_wait: a server does not know which leases it had renewed before a crash, and must wait "
            f"for the longest of them ({seconds(parameters.ttl)}) before it grants one"
        )
    if parameters.durable == "nothing":
        yield "durable: a server that forgets its token gives the same out again; save at least the token"
