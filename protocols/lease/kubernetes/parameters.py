"""What a scenario can set of Kubernetes leader election."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.api import Assumptions, parameter
from protocols.lease.rules import CLOCKS, clock_must_not_step, one_of, seconds

SECOND = 1_000_000_000
JITTER_FACTOR = 1.2
"""client-go, tools/leaderelection/leaderelection.go: JitterFactor."""


@dataclass(frozen=True, slots=True)
class KubernetesParameters:
    """LeaderElectionConfig, with the defaults of the core components."""

    nodes: int = parameter(3, "count", "Number of contenders.", minimum=1)
    lease_duration: int = parameter(
        15 * SECOND, "duration", "Others wait for so long without a change of the record; whole seconds.", 1
    )
    renew_deadline: int = parameter(
        10 * SECOND, "duration", "The leader tries for so long to renew before it gives up.", minimum=1
    )
    retry_period: int = parameter(2 * SECOND, "duration", "Pause between two tries.", minimum=1)
    request_timeout: int = parameter(
        5 * SECOND, "duration", "A request to the API server unanswered for so long failed.", minimum=1
    )
    release_on_cancel: bool = parameter(
        False, "flag", "A leader that stops, or that failed to renew, gives the Lease up."
    )
    hold_for: int = parameter(
        0, "duration", "The context of a leader is cancelled after so long; 0: never.", minimum=0
    )
    identities: str = parameter(
        "", "text", "Identities of the contenders, with commas between; empty: their names."
    )
    is_leader: str = parameter(
        "callbacks",
        "text",
        "Who leads: between the callbacks, or by IsLeader(), which compares the identity only (identity).",
    )
    clock: str = parameter("monotonic", "text", "On which clock contenders measure: monotonic or wall.")
    unsafe: bool = parameter(False, "flag", "Accept settings that break the rules, to see what happens.")

    def identity(self, number: int) -> str:
        """Return the identity of the contender of that number, from 0; empty: it has none of its own."""
        names = [name.strip() for name in self.identities.split(",")] if self.identities else []
        return names[number] if number < len(names) else ""


def check(parameters: KubernetesParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break (NewLeaderElector checks the first two)."""
    yield from one_of("is_leader", parameters.is_leader, ("callbacks", "identity"))
    yield from one_of("clock", parameters.clock, CLOCKS)
    if parameters.lease_duration < SECOND:
        yield "lease_duration must be at least 1 s: the record counts whole seconds"
    if parameters.unsafe:
        return
    lease, deadline = parameters.lease_duration, parameters.renew_deadline
    if lease <= deadline:
        yield (
            f"lease_duration ({seconds(lease)}) must be greater than renew_deadline ({seconds(deadline)}), "
            "or others take over while the leader still tries to renew"
        )
    if deadline <= JITTER_FACTOR * parameters.retry_period:
        yield (
            f"renew_deadline ({seconds(deadline)}) must be greater than retry_period x {JITTER_FACTOR} "
            f"({seconds(int(JITTER_FACTOR * parameters.retry_period))}), or the leader has no second try"
        )
    if lease % SECOND:
        yield f"lease_duration ({seconds(lease)}) must be whole seconds, since the record counts them"
    yield from clock_must_not_step("clock", parameters.clock)
    yield from _unique(parameters)


def _unique(parameters: KubernetesParameters) -> Iterator[str]:
    names = [parameters.identity(number) or f"n{number + 1}" for number in range(parameters.nodes)]
    if len(dict.fromkeys(names)) < len(names):
        yield f"identities must differ, or several take the Lease for their own: {', '.join(names)}"


def assume(parameters: KubernetesParameters) -> Assumptions:
    """Return the bounds within which no two contenders lead at once.

    A leader acts for retry_period + renew_deadline after its last success, others wait for
    lease_duration; half of that margin is given to the clocks (a ratio r of two rates each within p:
    (1 + p) / (1 - p) = r), the rest to the way of the reply.
    """
    acting = parameters.retry_period + parameters.renew_deadline
    if parameters.release_on_cancel:
        acting += min(parameters.request_timeout, parameters.renew_deadline)  # see LeaderElector.run
    ratio = max(1 + parameters.lease_duration / acting, 2) / 2
    rate = (ratio - 1) / (ratio + 1)
    delay = int(parameters.lease_duration / (1 + rate) - acting / (1 - rate))
    return Assumptions(clock_rate_ppm=int(rate * 1_000_000), pause_ns=0, delay_ns=max(delay, 0))
