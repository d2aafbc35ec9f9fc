"""How long there was no leader, by four definitions and phase by phase.

A leader knows of itself; others hear of it; it commits; a client sees it. An election time is the length
from the fault to one of these. What had not happened by the end of the run is None, and right-censored.
Source of the definitions: Dissertation §9.4 measures "from when the old leader crashed until the other
servers received the new leader's first heartbeat" (announced); Omni-Paxos (EuroSys 2023) the gap
between decided proposals (service).
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from analysis.calls import Call, calls
from analysis.statistics import Sample
from analysis.table_module import TableModule
from analysis.world import started
from sim.records import Answered, Campaigned, LeaderKnown, Led, Record

_AT = attrgetter("at_ns")


@dataclass(frozen=True, slots=True)
class Election:
    """One loss of a leader and what followed. All lengths are counted from `fault_at_ns`.

    cause: "start" (of the run), "crash", "pause", "partition", "quorum", the action of another fault, or
    "unforced" (see `analysis.calls`). old_epoch is 0, old_leader "" at the start.
    belief_ns: until a running node believed under a higher epoch; `new_leader` is the first that did.
    announced_ns: until a majority of all contenders, alive or not, had heard of one and the same leader
    of `new_epoch` or higher; the leader itself counts.
    service_ns: until a leader of `new_epoch` or higher committed a command: `serving_leader`.
    client_ns: until a client saw a success from `new_epoch` or higher.
    end_ns: until the end of the run: where the lengths that are None are censored.
    first_candidacy_ns, winning_candidacy_ns: until the first candidacy for a higher epoch, and until
    that of `new_leader` for `new_epoch`; 0 if it was under way before. last_round_began_ns: until
    the first candidacy of anybody for `new_epoch`.
    split_rounds: epochs with a candidate and no winner, from the fault to the service.
    """

    fault_at_ns: int
    cause: str
    old_leader: str
    old_epoch: int
    new_leader: str | None
    new_epoch: int | None
    serving_leader: str | None
    serving_epoch: int | None
    belief_ns: int | None
    announced_ns: int | None
    service_ns: int | None
    client_ns: int | None
    end_ns: int
    first_candidacy_ns: int | None
    winning_candidacy_ns: int | None
    last_round_began_ns: int | None
    split_rounds: int

    @property
    def censored(self) -> bool:
        """True if nobody believed under a higher epoch by the end of the run."""
        return self.belief_ns is None

    @property
    def detection_ns(self) -> int | None:
        """From the fault to the first candidacy."""
        return self.first_candidacy_ns

    @property
    def candidacy_ns(self) -> int | None:
        """From the first candidacy to the one that won, failed rounds between them included."""
        return _difference(self.winning_candidacy_ns, self.first_candidacy_ns)

    @property
    def failed_rounds_ns(self) -> int | None:
        """The part of candidacy before anybody was a candidate in the epoch that was won."""
        return _difference(self.last_round_began_ns, self.first_candidacy_ns)

    @property
    def last_round_ns(self) -> int | None:
        """The rest of it: the winner was not the first candidate of its epoch."""
        return _difference(self.winning_candidacy_ns, self.last_round_began_ns)

    @property
    def votes_ns(self) -> int | None:
        """From the winning candidacy to belief."""
        return _difference(self.belief_ns, self.winning_candidacy_ns)

    @property
    def first_service_ns(self) -> int | None:
        """From belief to service; leaders that fell before they served lie in between."""
        return _difference(self.service_ns, self.belief_ns)


def _difference(later: int | None, earlier: int | None) -> int | None:
    return None if later is None or earlier is None else later - earlier


def elections(records: Sequence[Record]) -> list[Election]:
    """Return the elections of a run in order of the fault; the first is that at its start.

    An election goes on until a leader has served: if the first one falls before, the row names it
    for belief and the one that did serve for service, and no other row begins in between. Faults that
    the incumbent survived are no election (see `analysis.calls`).

    Raises:
        ValueError: the records do not begin with RunStarted.
    """
    found = calls(records).elections
    history = _History(records)
    return [history.election(call) for call in found]


class _History:
    """What a run has of candidacies, winners, announcements and answers, each in order of time."""

    __slots__ = ("announced", "answered", "campaigned", "ended_at_ns", "first_in_epoch", "set_out", "won")

    def __init__(self, records: Sequence[Record]) -> None:
        self.ended_at_ns = records[-1].at_ns
        self.campaigned = [r for r in records if type(r) is Campaigned]
        self.answered = [r for r in records if type(r) is Answered]
        self.set_out = {(r.node, r.epoch): r.at_ns for r in reversed(self.campaigned)}
        self.first_in_epoch = {r.epoch: r.at_ns for r in reversed(self.campaigned)}
        self.won = {r.epoch for r in records if type(r) is Led}
        self.announced = list(announcements(records))

    def election(self, call: Call) -> Election:
        since, new_epoch = call.fault_at_ns, call.new_epoch
        winning = self._winning(call)
        first = self._first_candidacy(call, winning)
        return Election(
            fault_at_ns=since,
            cause=call.cause,
            old_leader=call.old_leader,
            old_epoch=call.old_epoch,
            new_leader=call.new_leader,
            new_epoch=new_epoch,
            serving_leader=call.serving_leader,
            serving_epoch=call.serving_epoch,
            belief_ns=_difference(call.believed_at_ns, since),
            announced_ns=_difference(_first(self.announced, since, new_epoch), since),
            service_ns=_difference(call.served_at_ns, since),
            client_ns=_difference(_first(self.answered, since, new_epoch), since),
            end_ns=self.ended_at_ns - since,
            first_candidacy_ns=_difference(first, since),
            winning_candidacy_ns=_difference(winning, since),
            last_round_began_ns=_difference(self._last_round_began(call, first, winning), since),
            split_rounds=self._split_rounds(call),
        )

    def _winning(self, call: Call) -> int | None:
        """Return when the winner set out, but not before the fault: a candidate may be under way then."""
        if call.believed_at_ns is None or call.new_leader is None or call.new_epoch is None:
            return None
        at_ns = self.set_out.get((call.new_leader, call.new_epoch))
        if at_ns is None or at_ns > call.believed_at_ns:
            return None
        return max(at_ns, call.fault_at_ns)

    def _first_candidacy(self, call: Call, winning: int | None) -> int | None:
        first = _first(self.campaigned, call.fault_at_ns, call.old_epoch + 1)
        if winning is None:
            # A protocol without candidacies, or one in which the winner needs none.
            return None if call.believed_at_ns is not None else first
        return winning if first is None else min(first, winning)

    def _last_round_began(self, call: Call, first: int | None, winning: int | None) -> int | None:
        if first is None or winning is None:
            return None
        assert call.new_epoch is not None
        return max(first, min(winning, self.first_in_epoch.get(call.new_epoch, winning)))

    def _split_rounds(self, call: Call) -> int:
        to = self.ended_at_ns if call.served_at_ns is None else call.served_at_ns
        since = bisect_left(self.campaigned, call.fault_at_ns, key=_AT)
        upto = bisect_left(self.campaigned, to + 1, key=_AT)
        tried = {c.epoch for c in self.campaigned[since:upto] if c.epoch > call.old_epoch}
        return len(tried - self.won)


@dataclass(frozen=True, slots=True)
class _Announced:
    at_ns: int
    epoch: int


def announcements(records: Sequence[Record]) -> Iterable[_Announced]:
    """Yield when a majority of the contenders had first heard of a leader, and of which epoch."""
    contenders = started(records).contenders
    majority = len(contenders) // 2 + 1
    heard: dict[tuple[str, int], set[str]] = {}
    for record in records:
        if type(record) is Led:
            leader = record.node
        elif type(record) is LeaderKnown:
            leader = record.leader
        else:
            continue
        if record.node in contenders:
            knowing = heard.setdefault((leader, record.epoch), set())
            before = len(knowing)
            knowing.add(record.node)
            if before < len(knowing) == majority:
                yield _Announced(record.at_ns, record.epoch)


def _first(events: Sequence[Record], since_ns: int, epoch: int | None) -> int | None:
    """Return when the first of `events` from `since_ns` on happened that has that epoch or a higher one."""
    if epoch is None:
        return None
    start = bisect_left(events, since_ns, key=_AT)
    return next((events[i].at_ns for i in range(start, len(events)) if events[i].epoch >= epoch), None)


def sample(rows: Sequence[Election], definition: str) -> Sample:
    """Return the lengths in ns, censored at the end of the run.

    definition: "belief", "announced", "service" or "client".
    """
    length = attrgetter(f"{definition}_ns")
    return Sample(
        tuple(length(row) for row in rows if length(row) is not None),
        tuple(row.end_ns for row in rows if length(row) is None),
    )


sys.modules[__name__].__class__ = TableModule
