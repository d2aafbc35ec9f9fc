"""What a scenario can set of the row lease."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.api import Assumptions, parameter
from protocols.lease.holder import PPM, shortened
from protocols.lease.rules import one_of, rate_is_a_share, renewed_in_time

SECOND = 1_000_000_000
MS = 1_000_000

TIMES = ("statement", "transaction", "client")
METHODS = ("update", "select-then-update")


@dataclass(frozen=True, slots=True)
class DatabaseRowParameters:
    """The settings of the clients and of the database."""

    nodes: int = parameter(3, "count", "Number of contenders.", minimum=1)
    ttl: int = parameter(30 * SECOND, "duration", "Length of the lease.", minimum=1)
    renew_interval: int = parameter(10 * SECOND, "duration", "Time between two renewals.", minimum=1)
    poll_interval: int = parameter(SECOND, "duration", "Time between two tries to get the row.", minimum=1)
    request_timeout: int = parameter(SECOND, "duration", "A statement unanswered for so long failed.", 1)
    rate_bound: float = parameter(
        0.001, "ratio", "All clocks are said to run within this share of true time; sets the margin.", 0
    )
    pause_bound: int = parameter(
        0, "duration", "The holder is said to stop for no longer than this; taken off its lease.", minimum=0
    )
    clock_error: int = parameter(
        10 * MS,
        "duration",
        "The wall clock of the database is said to be no further from the truth than this; twice that is "
        "taken off the lease.",
        minimum=0,
    )
    time: str = parameter(
        "statement",
        "text",
        "Whose time: of the database when it runs the statement (clock_timestamp()), when its transaction "
        "began (transaction: now()), or of the client.",
    )
    validity_from: str = parameter(
        "send", "text", "The holder counts its lease from the send of its statement, or from the reply."
    )
    method: str = parameter("update", "text", "How the row is taken: update, or select-then-update.")
    replicas: int = parameter(0, "count", "A standby database that takes over when the primary is silent.", 0)
    synchronous: bool = parameter(True, "flag", "A commit waits for the standby that is connected.")
    replication_delay: int = parameter(
        0, "duration", "Commits are sent to the standby so long after they were made.", minimum=0
    )
    promote_after: int = parameter(
        5 * SECOND, "duration", "A standby that hears nothing for so long becomes the primary.", minimum=1
    )
    hold_for: int = parameter(
        0, "duration", "The holder gives the row up after so long; 0: it keeps it.", minimum=0
    )
    unsafe: bool = parameter(False, "flag", "Accept settings that break the rules, to see what happens.")

    @property
    def validity(self) -> int:
        """Return how long a holder counts on the row, in ns on its own clock.

        Where the client's wall clock is what is written into the row, that very time: no margin.
        """
        if self.time == "client":
            return self.ttl
        return shortened(self.ttl, self.rate_bound) - self.pause_bound - 2 * self.clock_error


def check(parameters: DatabaseRowParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break."""
    yield from one_of("time", parameters.time, TIMES)
    yield from one_of("method", parameters.method, METHODS)
    yield from one_of("validity_from", parameters.validity_from, ("send", "reply"))
    yield from rate_is_a_share(parameters.rate_bound)
    if parameters.replicas > 1:
        yield f"replicas: there is one standby at most, not {parameters.replicas}"
    if not parameters.unsafe:
        yield from renewed_in_time(parameters.renew_interval, parameters.validity)
        yield from (sentence for broken, sentence in _rules(parameters) if broken)


def _rules(parameters: DatabaseRowParameters) -> Iterator[tuple[bool, str]]:
    yield (
        parameters.time == "client",
        "time: clients compare clocks that differ; let the database read its own",
    )
    yield (
        parameters.validity_from == "reply",
        "validity_from: the lease begins in the database before the reply arrives; count from the send",
    )
    yield (
        parameters.method == "select-then-update",
        "method: two clients may both see a free row, and under READ COMMITTED both update it; "
        "let one UPDATE test and set",
    )
    yield (
        parameters.replicas > 0 and not parameters.synchronous,
        "synchronous: a standby that lacks the last commit takes over without the lease in it",
    )


def assume(parameters: DatabaseRowParameters) -> Assumptions:
    """Return the bounds within which no two clients believe at once that they own the row."""
    if parameters.time == "client":
        return Assumptions(clock_rate_ppm=0, pause_ns=0, clock_error_ns=0)
    return Assumptions(
        clock_rate_ppm=round(parameters.rate_bound * PPM),
        pause_ns=parameters.pause_bound,
        clock_error_ns=parameters.clock_error,
    )
