"""Mutants of Kubernetes leader election: K01 to K13."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from protocols.api import Group, Host
from protocols.lease.kubernetes import make_spec
from protocols.lease.kubernetes.contender import LeaderElector
from protocols.lease.kubernetes.messages import LeaderElectionRecord, StoredLease, UpdateLease
from protocols.lease.kubernetes.parameters import KubernetesParameters
from protocols.script import Script, Sleep
from tests.unit.lease_mutant import Mutant, dual_belief, overlaps, same_epoch, stuck

SECOND = 1_000_000_000


class RenewTimeCompared(LeaderElector):
    """K01: the renew time in the record is compared with the own wall clock."""

    def _is_lease_valid(self, now: int) -> bool:
        assert self.observed is not None
        record = self.observed.record
        return record.renew_time + record.lease_duration_seconds * SECOND > self.host.wall()


class _MixedConfigurations(LeaderElector):
    """The world of K03: n1 is configured for twice the lease of the others."""

    def __init__(self, host: Host, group: Group, parameters: KubernetesParameters, image: Any) -> None:
        if host.id == "n1":
            parameters = replace(parameters, lease_duration=30 * SECOND, renew_deadline=25 * SECOND)
        super().__init__(host, group, parameters, image)


class OwnLeaseDuration(_MixedConfigurations):
    """K03: the own lease duration is waited for, not the record's."""

    def _is_lease_valid(self, now: int) -> bool:
        return self.observed_time + self.parameters.lease_duration > now


class NoTimeout(LeaderElector):
    """K04: a request waits for its reply for ever, whatever the deadline."""

    def _ask(self, message: Any, deadline: int | None) -> Any:
        return self.call(self.server, message, 1 << 60)


class StopNotCalled(LeaderElector):
    """K05: the loss of the lease is noticed, and OnStoppedLeading not called."""

    def _stopped_leading(self, reason: str) -> None:
        pass


class NoResourceVersion(LeaderElector):
    """K06: the record is written over whatever is there."""

    def _update(self, deadline: int | None) -> Script:
        assert self.observed is not None
        transitions = self.observed.record.leader_transitions + (not self._is_leader())
        record = self._record(self.host.wall(), transitions)
        return self._written((yield self._ask(UpdateLease(self.next_request(), record, None), deadline)))


class ReleaseBeforeWorkEnds(LeaderElector):
    """K07: the lease is released while its work goes on for five seconds more."""

    def _release(self) -> Script:
        epoch = self.observed.record.leader_transitions + 1 if self.observed else 0
        self.lead(epoch)
        yield from super()._release()
        yield Sleep(5 * SECOND)


class StaleRelease(LeaderElector):
    """K08: the release has an old resource version, and fails."""

    def _release(self) -> Script:
        if self.observed is not None:
            record = LeaderElectionRecord("", 1, 0, 0, self.observed.record.leader_transitions)
            version = self.observed.resource_version - 1
            yield self._ask(UpdateLease(self.next_request(), record, version), None)


class ObservedOnEveryGet(LeaderElector):
    """K09: the time of observation moves with every read."""

    def _observe(self, lease: StoredLease) -> None:
        super()._observe(lease)
        self._observed_now()


class SlowStopHooks(LeaderElector):
    """K12: what runs at the loss of the lease takes five seconds, and the leader acts meanwhile."""

    def _renew(self) -> Script:
        cancelled = yield from super()._renew()
        yield Sleep(5 * SECOND)
        return cancelled


class RetriesForever(LeaderElector):
    """K13: a leader that cannot renew tries on, and leads on."""

    def _renew_until(self, deadline: int) -> Script:
        return (yield from super()._renew_until(1 << 60))


_CUT = {"faults": [{"at": "40s", "partition": [["leader"], ["servers"]], "for": "60s"}], "duration": "110s"}
_CRASH = {"faults": [{"at": "40s", "crash": "leader"}], "duration": "100s"}
_N1_FIRST = {"at": "0s", "pause": ["n2", "n3"], "for": "5s"}


def _slow_takeover(found: Any) -> bool:
    return bool(found.gap_s > 10)


KUBERNETES: dict[str, Mutant] = {
    "K01": Mutant(
        "compares the record's renewTime with the local clock (forbidden by client-go's doc comment)",
        "kubernetes",
        dual_belief,
        {"faults": [{"at": "40s", "clock": {"of": "followers", "step": "20s"}}], "duration": "60s"},
        make_spec("K01", RenewTimeCompared),
    ),
    "K02": Mutant(
        "RenewDeadline >= LeaseDuration (refused by NewLeaderElector)",
        "kubernetes",
        dual_belief,
        _CUT,
        mistake={"renew_deadline": "20s"},
    ),
    "K03": Mutant(
        "waits for the own LeaseDuration instead of the record's (client-go b4217e149)",
        "kubernetes",
        dual_belief,
        {**_CUT, "faults": [_N1_FIRST, *_CUT["faults"]]},
        make_spec("K03", OwnLeaseDuration),
        make_spec("mixed", _MixedConfigurations),
    ),
    "K04": Mutant(
        "no timeout on requests (kubernetes 44887, client-go f9eba8e8c)",
        "kubernetes",
        dual_belief,
        _CUT,
        make_spec("K04", NoTimeout),
    ),
    "K05": Mutant(
        "loses the lease and does not call OnStoppedLeading (kubernetes 23731)",
        "kubernetes",
        dual_belief,
        _CUT,
        make_spec("K05", StopNotCalled),
    ),
    "K06": Mutant(
        "updates without the resourceVersion",
        "kubernetes",
        dual_belief,
        {**_CRASH, "network": {"latency": "900ms"}},
        make_spec("K06", NoResourceVersion),
        settings={"nodes": 6},
        seeds=(1, 2, 3, 4, 5),
    ),
    "K07": Mutant(
        "releases before its work is finished (client-go, ReleaseOnCancel)",
        "kubernetes",
        dual_belief,
        {"duration": "60s"},
        make_spec("K07", ReleaseBeforeWorkEnds),
        settings={"hold_for": "20s", "release_on_cancel": True},
    ),
    "K08": Mutant(
        "releases with a stale resourceVersion (client-go 500bfe00c, 1b1630d32)",
        "kubernetes",
        _slow_takeover,
        {
            "faults": [{"when": {"event": "leader_lost"}, "delay": "500ms", "crash": "that node"}],
            "duration": "60s",
        },
        make_spec("K08", StaleRelease),
        settings={"hold_for": "20s", "release_on_cancel": True},
    ),
    "K09": Mutant(
        "observedTime moves with every Get",
        "kubernetes",
        stuck,
        _CRASH,
        make_spec("K09", ObservedOnEveryGet),
    ),
    "K10": Mutant(
        "observedTime from the wall clock",
        "kubernetes",
        dual_belief,
        # While the leader cannot renew, but is within its deadline: else a poll sees a new record first.
        {
            "faults": [
                {"at": "40s", "partition": [["leader"], ["servers"]], "for": "8s"},
                {"at": "43s", "clock": {"of": "followers", "step": "16s"}},
            ],
            "duration": "60s",
        },
        mistake={"clock": "wall"},
    ),
    "K11": Mutant(
        "two contenders with one identity (IsLeader compares the identity)",
        "kubernetes",
        same_epoch,
        {"duration": "30s"},
        mistake={"identities": "pod, pod, other"},
    ),
    "K12": Mutant(
        "stop hooks take longer than the margin (cilium 42920)",
        "kubernetes",
        overlaps(0),
        _CUT,
        make_spec("K12", SlowStopHooks),
        seeds=tuple(range(1, 11)),
    ),
    "K13": Mutant(
        "acts on past the deadline, retrying (kubernetes 44887)",
        "kubernetes",
        overlaps(20),
        _CUT,
        make_spec("K13", RetriesForever),
    ),
}
