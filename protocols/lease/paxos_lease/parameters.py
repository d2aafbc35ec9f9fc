"""What a scenario can set of PaxosLease."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.api import Assumptions, parameter
from protocols.lease.holder import PPM, shortened
from protocols.lease.rules import rate_is_a_share, renewed_in_time, seconds

SECOND = 1_000_000_000
MS = 1_000_000


@dataclass(frozen=True, slots=True)
class PaxosLeaseParameters:
    """The settings of one group; all nodes share them, and each proposes and accepts."""

    nodes: int = parameter(3, "count", "Number of nodes.", minimum=1)
    lease: int = parameter(7 * SECOND, "duration", "Length of a lease (T).", minimum=1)
    max_lease: int = parameter(
        10 * SECOND, "duration", "No lease is longer (M); a restarted acceptor is silent for so long.", 1
    )
    renew_interval: int = parameter(
        2 * SECOND, "duration", "The owner extends its lease so often.", minimum=1
    )
    round_timeout: int = parameter(
        500 * MS, "duration", "A round without a majority of answers ends after so long.", minimum=1
    )
    backoff: int = parameter(
        500 * MS, "duration", "A proposer that failed waits for a random time up to this.", minimum=1
    )
    rate_bound: float = parameter(
        0.001, "ratio", "All clocks are said to run within this share of true time; sets the margin.", 0
    )
    pause_bound: int = parameter(
        0, "duration", "The owner is said to stop for no longer than this; taken off its lease.", minimum=0
    )
    silent_restart: bool = parameter(True, "flag", "A restarted acceptor is silent for max_lease.")
    hold_for: int = parameter(
        0, "duration", "The owner stops renewing after so long; 0: it goes on.", minimum=0
    )
    unsafe: bool = parameter(False, "flag", "Accept settings that break the rules, to see what happens.")

    @property
    def validity(self) -> int:
        """Return how long an owner counts on its lease, in ns on its own clock."""
        return shortened(self.lease, self.rate_bound) - self.pause_bound


def check(parameters: PaxosLeaseParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break."""
    yield from rate_is_a_share(parameters.rate_bound)
    if parameters.unsafe:
        return
    yield from renewed_in_time(parameters.renew_interval, parameters.validity)
    if parameters.lease >= parameters.max_lease:
        yield (
            f"lease ({seconds(parameters.lease)}) must be shorter than max_lease "
            f"({seconds(parameters.max_lease)}), or a restarted acceptor speaks while a lease lasts that it "
            "forgot"
        )
    if not parameters.silent_restart:
        yield (
            "silent_restart: a restarted acceptor forgot what it accepted, and must be silent for max_lease "
            f"({seconds(parameters.max_lease)})"
        )


def assume(parameters: PaxosLeaseParameters) -> Assumptions:
    """Return the bounds within which no two nodes believe at once that they own the lease."""
    return Assumptions(clock_rate_ppm=round(parameters.rate_bound * PPM), pause_ns=parameters.pause_bound)
