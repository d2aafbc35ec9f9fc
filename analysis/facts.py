"""The analyses of one run, each made once and only when something asks for it."""

from __future__ import annotations

from functools import cached_property

from analysis.availability import Outage, Timeline, outages, timeline
from analysis.elections import Election, elections, sample
from analysis.incidents import Incident, dual_beliefs, dual_effects, incidents, lost_states, same_epochs
from analysis.leaderships import Leadership, leaderships
from analysis.rundata import RunData
from analysis.statistics import Sample
from sim.records import Record, Violated


class Facts:
    """What metrics and tables are computed from; metrics use incidents without causes, which cost time."""

    def __init__(self, run: RunData) -> None:
        self.run = run
        self._samples: dict[str, Sample] = {}

    def of(self, kind: type) -> list[Record]:
        """Return the records of that kind."""
        return self._by_kind.get(kind, [])

    @cached_property
    def _by_kind(self) -> dict[type, list[Record]]:
        found: dict[type, list[Record]] = {}
        for record in self.run.records:
            found.setdefault(type(record), []).append(record)
        return found

    @property
    def length_ns(self) -> int:
        """How long the run was."""
        return int(self.run.records[-1].at_ns - self.run.records[0].at_ns)

    @cached_property
    def elections(self) -> list[Election]:
        """See `analysis.elections`."""
        return elections(self.run.records)

    @cached_property
    def leaderships(self) -> list[Leadership]:
        """See `analysis.leaderships`."""
        return leaderships(self.run.records)

    @cached_property
    def timeline(self) -> Timeline:
        """See `analysis.availability`."""
        return timeline(self.run.records)

    @cached_property
    def ledger(self) -> list[Incident]:
        """Every incident with its cause; see `analysis.incidents`."""
        return incidents(self.run.records, self.leaderships)

    @cached_property
    def outages(self) -> list[Outage]:
        """See `analysis.availability`."""
        return outages(self.run.records, self.run.tally, self.timeline)

    def election_times(self, definition: str) -> Sample:
        """See `analysis.elections.sample`."""
        found = self._samples.get(definition)
        if found is None:
            found = self._samples[definition] = sample(self.elections, definition)
        return found

    @cached_property
    def violations(self) -> list[Violated]:
        """Every violation, inside the protocol's envelope or not."""
        return self.of(Violated)

    def incidents(self, level: str) -> list[Incident]:
        """Return the incidents of one level of split brain."""
        if level == "dual_belief":
            return dual_beliefs(self.leaderships)
        if level == "same_epoch":
            return same_epochs(self.leaderships)
        find = {"dual_effect": dual_effects, "lost_state": lost_states}[level]
        return find(self.run.records)
