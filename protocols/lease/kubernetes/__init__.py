"""Kubernetes leader election: client-go's LeaderElector on a Lease object in the API server.

README.md in this folder maps each rule to its source, function and test.
"""

from __future__ import annotations

from dataclasses import replace

from protocols.api import ProtocolSpec, Role
from protocols.lease.empty import EmptyStorage
from protocols.lease.kubernetes.contender import LeaderElector
from protocols.lease.kubernetes.parameters import KubernetesParameters, assume, check
from protocols.lease.kubernetes.server import ApiServer, ApiStorage
from protocols.presets import Preset, Setting

_CLIENT_GO = "client-go tools/leaderelection/leaderelection.go, LeaderElectionConfig"
_COMPONENT_BASE = "client-go resourcelock.NewFromKubeconfig: RenewDeadline / 2"

DEFAULTS = Preset(
    "kubernetes-defaults",
    "What the core components of Kubernetes use",
    {
        "lease_duration": Setting(15_000_000_000, f"{_CLIENT_GO}: core clients default to 15 seconds"),
        "renew_deadline": Setting(10_000_000_000, f"{_CLIENT_GO}: core clients default to 10 seconds"),
        "retry_period": Setting(2_000_000_000, f"{_CLIENT_GO}: core clients default to 2 seconds"),
        "request_timeout": Setting(5_000_000_000, _COMPONENT_BASE),
    },
)


def make_spec(
    name: str = "kubernetes",
    contender: type[LeaderElector] = LeaderElector,
    server: type[ApiServer] = ApiServer,
) -> ProtocolSpec:
    """Return the specification of Kubernetes leader election, or of a variant of it."""
    return ProtocolSpec(
        name=name,
        summary="Kubernetes client-go leaderelection: compare-and-swap on a Lease, time on the own clock",
        parameters=KubernetesParameters,
        roles=(
            Role("contender", "n", lambda parameters: parameters.nodes, contender, EmptyStorage),
            Role("server", "s", lambda parameters: 1, server, ApiStorage),
        ),
        check=check,
        epoch_name="transition",
        assume=assume,
        exclusive_belief=True,
        presets=(DEFAULTS, replace(DEFAULTS, name="kubernetes")),
    )


SPEC = make_spec()
