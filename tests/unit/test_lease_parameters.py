"""Bad settings of lease protocols are refused with the rule that they break, unless `unsafe` is set."""

from __future__ import annotations

from typing import Any

import pytest

from protocols import registry
from protocols.lease.holder import shortened

SECOND = 1_000_000_000
PROTOCOLS = (
    "lock-server",
    "replicated-lock",
    "database-row",
    "kubernetes",
    "redlock",
    "dynamodb",
    "paxos-lease",
)

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("lock-server", {"renew_fraction": 1.0}, "before its first renewal"),
    ("lock-server", {"pause_bound": 25 * SECOND}, "before its first renewal"),
    ("lock-server", {"validity_from": "reply"}, "count from the send"),
    ("lock-server", {"client_clock": "wall"}, "a wall clock may be set"),
    ("lock-server", {"server_clock": "wall"}, "a wall clock may be set"),
    ("lock-server", {"restart_wait": False}, "must wait for the longest"),
    ("lock-server", {"durable": "nothing"}, "gives the same out again"),
    ("replicated-lock", {"renew_fraction": 1.0}, "before its first renewal"),
    ("database-row", {"renew_interval": 30 * SECOND}, "before its first renewal"),
    ("database-row", {"time": "client"}, "let the database read its own"),
    ("database-row", {"validity_from": "reply"}, "count from the send"),
    ("database-row", {"method": "select-then-update"}, "READ COMMITTED"),
    ("database-row", {"replicas": 1, "synchronous": False}, "without the lease in it"),
    ("kubernetes", {"renew_deadline": 15 * SECOND}, "must be greater than renew_deadline"),
    ("kubernetes", {"retry_period": 9 * SECOND}, "no second try"),
    ("kubernetes", {"lease_duration": 15 * SECOND + 1}, "whole seconds"),
    ("kubernetes", {"clock": "wall"}, "a wall clock may be set"),
    ("kubernetes", {"identities": "a, a"}, "identities must differ"),
    ("redlock", {"servers": 4}, "is even"),
    ("redlock", {"quorum": 2}, "is no majority"),
    ("redlock", {"renew_fraction": 1.0}, "must be extended earlier"),
    ("redlock", {"node_timeout": 2 * SECOND}, "small beside ttl"),
    ("redlock", {"count_elapsed": False}, "began to count before"),
    ("redlock", {"restart_wait": False}, "must stay out"),
    ("redlock", {"client_clock": "wall"}, "a wall clock may be set"),
    ("dynamodb", {"heartbeat_period": 11 * SECOND}, "a single lost heartbeat"),
    ("dynamodb", {"clock": "wall"}, "a wall clock may be set"),
    ("paxos-lease", {"renew_interval": 7 * SECOND}, "before its first renewal"),
    ("paxos-lease", {"max_lease": 7 * SECOND}, "must be shorter than max_lease"),
    ("paxos-lease", {"silent_restart": False}, "must be silent"),
]
ALWAYS: list[tuple[str, dict[str, Any]]] = [
    ("lock-server", {"validity_from": "middle"}),
    ("lock-server", {"durable": "all"}),
    ("lock-server", {"waiters": "shout"}),
    ("lock-server", {"rate_bound": 1.0}),
    ("lock-server", {"renew_fraction": 0.0}),
    ("database-row", {"time": "mine"}),
    ("database-row", {"replicas": 2}),
    ("kubernetes", {"lease_duration": 1}),
    ("kubernetes", {"is_leader": "me"}),
    ("redlock", {"persistence": "sometimes"}),
    ("dynamodb", {"clock": "sun"}),
]


def broken(protocol: str, settings: dict[str, Any]) -> list[str]:
    spec = registry.get(protocol)
    return list(spec.check(spec.parameters(**settings)))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_defaults_break_no_rule(protocol: str) -> None:
    """And neither do those of a product."""
    assert broken(protocol, {}) == []
    for preset in registry.get(protocol).presets:
        assert broken(protocol, preset.values()) == []


@pytest.mark.parametrize(("protocol", "settings", "rule"), REFUSED)
def test_a_bad_setting_is_refused_with_its_rule(protocol: str, settings: dict[str, Any], rule: str) -> None:
    """One sentence."""
    (sentence,) = broken(protocol, settings)

    assert rule in sentence


@pytest.mark.parametrize(("protocol", "settings", "rule"), REFUSED)
def test_unsafe_accepts_it(protocol: str, settings: dict[str, Any], rule: str) -> None:
    """Showing what then happens is what the tool is for."""
    assert broken(protocol, {**settings, "unsafe": True}) == []


@pytest.mark.parametrize(("protocol", "settings"), ALWAYS)
def test_nonsense_is_refused_even_if_unsafe(protocol: str, settings: dict[str, Any]) -> None:
    """It means nothing."""
    assert len(broken(protocol, {**settings, "unsafe": True})) == 1


@pytest.mark.parametrize("rate_bound", [0.0, 0.001, 0.05, 0.25])
def test_a_shortened_lease_ends_before_the_granted_one(rate_bound: float) -> None:
    """Leases: with the slowest holder and the fastest grantor that the bound allows."""
    validity = shortened(30 * SECOND, rate_bound)

    assert validity / (1 - rate_bound) <= 30 * SECOND / (1 + rate_bound)
    assert validity / (1 - rate_bound) == pytest.approx(30 * SECOND / (1 + rate_bound), rel=1e-8)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_a_protocol_needs_is_declared(protocol: str) -> None:
    """Clock rates and pauses: no lease does without."""
    spec = registry.get(protocol)
    assumed = spec.assumed(spec.parameters())

    assert assumed.clock_rate_ppm is not None
    assert assumed.pause_ns is not None
    assert spec.exclusive_belief
