"""What a scenario can set of Redlock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.api import Assumptions, parameter
from protocols.lease.holder import PPM
from protocols.lease.rules import CLOCKS, clock_must_not_step, one_of, seconds

SECOND = 1_000_000_000
MS = 1_000_000
PRECISION = 2 * MS
"""Added to the drift: 1 ms of Redis' expiry precision and 1 ms for short leases (redlock-rb, redlock.rb)."""

PERSISTENCE = ("none", "everysec", "always")


@dataclass(frozen=True, slots=True)
class RedlockParameters:
    """The settings of the clients and of the Redis nodes."""

    nodes: int = parameter(3, "count", "Number of contenders.", minimum=1)
    servers: int = parameter(5, "count", "Number of independent Redis nodes.", minimum=1)
    ttl: int = parameter(10 * SECOND, "duration", "Length of the lock.", minimum=1)
    node_timeout: int = parameter(
        50 * MS, "duration", "A node that does not answer for so long is taken for down.", minimum=1
    )
    drift_factor: float = parameter(
        0.01, "ratio", "Share of the length by which clocks may disagree at its end.", minimum=0
    )
    count_elapsed: bool = parameter(
        True, "flag", "The time that it took to lock, and the drift, are taken off the validity."
    )
    quorum: int = parameter(0, "count", "So many nodes must agree; 0: a majority.", minimum=0)
    retry_delay: int = parameter(
        200 * MS, "duration", "A client that failed tries again after a random time up to this.", minimum=1
    )
    renew_fraction: float = parameter(
        1 / 3, "ratio", "The holder extends the lock when this share of it has passed.", minimum=0
    )
    release_failed: bool = parameter(True, "flag", "A client that failed releases the nodes that it locked.")
    persistence: str = parameter(
        "none", "text", "What a node has after a restart: none, everysec (all but the last second) or always."
    )
    restart_wait: bool = parameter(
        True, "flag", "A restarted node without all of its data stays out until all locks are over."
    )
    client_clock: str = parameter("monotonic", "text", "On which clock the client counts: monotonic or wall.")
    hold_for: int = parameter(
        0, "duration", "The holder releases the lock after so long; 0: it keeps it.", minimum=0
    )
    unsafe: bool = parameter(False, "flag", "Accept settings that break the rules, to see what happens.")

    @property
    def majority(self) -> int:
        """Return how many nodes must agree."""
        return self.quorum or self.servers // 2 + 1

    @property
    def drift(self) -> int:
        """Return what is taken off the validity for the clocks, in ns."""
        return int(self.ttl * self.drift_factor) + PRECISION

    @property
    def renew_interval(self) -> int:
        """Return the time between two extensions, in ns."""
        return int(self.ttl * self.renew_fraction)


def check(parameters: RedlockParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break."""
    yield from one_of("persistence", parameters.persistence, PERSISTENCE)
    yield from one_of("client_clock", parameters.client_clock, CLOCKS)
    if parameters.renew_interval < 1:
        yield "renew_fraction must leave some time between two extensions"
    if not parameters.unsafe:
        yield from clock_must_not_step("client_clock", parameters.client_clock)
        yield from (sentence for broken, sentence in _rules(parameters) if broken)


def _rules(parameters: RedlockParameters) -> Iterator[tuple[bool, str]]:
    ttl, servers = parameters.ttl, parameters.servers
    slowest = servers * parameters.node_timeout
    left = ttl - parameters.drift
    yield (
        servers % 2 == 0,
        f"servers: {servers} is even: one node more than {servers - 1} tolerates no more failures",
    )
    yield (
        2 * parameters.majority <= servers,
        f"quorum: {parameters.majority} of {servers} is no majority, so that two clients can have one each",
    )
    yield (
        parameters.renew_interval >= left,
        f"renew_fraction: the lock is valid for {seconds(left)} at most and must be extended earlier than "
        f"after {seconds(parameters.renew_interval)}",
    )
    yield (
        slowest >= ttl - parameters.drift,
        f"node_timeout must be small beside ttl: {servers} silent nodes cost {seconds(slowest)} of "
        f"{seconds(ttl)}",
    )
    yield (
        not parameters.count_elapsed,
        "count_elapsed: the first node began to count before the last one was asked",
    )
    yield (
        not parameters.restart_wait and parameters.persistence != "always",
        "restart_wait: a restarted node that forgot a lock gives it to another client; it must stay out for "
        f"{seconds(ttl)}, or have persistence: always",
    )


def assume(parameters: RedlockParameters) -> Assumptions:
    """Return the bounds within which no two clients believe at once that they hold the lock.

    Half of the margin f T is given to the rate of the holder's clock, (1 - f) / (1 - r) <= 1 - f / 2, and
    half to the wall clocks of the nodes, on which a key ends too early by twice their error at most.
    """
    factor = parameters.drift_factor if parameters.count_elapsed else 0
    rate = factor / 2 / (1 - factor / 2)
    error = int(parameters.ttl * factor / 4) + (PRECISION // 2 if parameters.count_elapsed else 0)
    return Assumptions(
        clock_rate_ppm=int(rate * PPM),
        pause_ns=0,
        stable_storage=parameters.persistence == "always",
        clock_error_ns=error,
    )
