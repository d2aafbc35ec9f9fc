"""A preset sets a product's defaults, and what a scenario says beside it comes on top."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import pytest

from protocols import registry
from protocols.api import ProtocolSpec, Role, parameter
from protocols.presets import Preset, Setting
from sim.errors import ScenarioError
from sim.scenario import from_dict

MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Parameters:
    """One that the preset sets and one that it leaves alone."""

    ttl: int = parameter(1000 * MS, "duration", "How long.")
    tries: int = parameter(3, "count", "How often.")


def _nobody(*arguments: Any) -> Any:
    raise AssertionError("nothing is run here")


SPEC = ProtocolSpec(
    "preset-toy",
    "A toy.",
    Parameters,
    (Role("contender", "n", lambda parameters: 3, _nobody, _nobody),),
    lambda parameters: ["tries must not be 13"] if parameters.tries == 13 else [],
    presets=(Preset("product-1", "A product.", {"ttl": Setting(15_000 * MS, "its manual")}),),
)


def scenario(**protocol: Any) -> dict[str, Any]:
    return {
        "schema": 1, "name": "toy", "about": "A toy.", "duration": "1s",
        "protocol": {"name": "tests.unit.test_scenario_presets:SPEC", **protocol},
    }  # fmt: skip


def message(**protocol: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        from_dict(scenario(**protocol))
    (problem,) = caught.value.problems
    return f"{problem.path}: {problem.message}"


def test_preset_sets_what_it_names() -> None:
    """The rest keeps the protocol's default."""
    choice = from_dict(scenario(preset="product-1")).protocol

    assert (choice.parameters, choice.preset) == (Parameters(ttl=15_000 * MS), "product-1")


def test_preset_yields_to_explicit_keys() -> None:
    """Whatever the order in which they are written."""
    choice = from_dict(scenario(ttl="2s", preset="product-1", tries=5)).protocol

    assert choice.parameters == Parameters(ttl=2000 * MS, tries=5)


def test_preset_that_is_unknown_is_refused_with_the_nearest() -> None:
    """One line, at the key's value."""
    assert message(preset="product-2") == (
        "protocol.preset: unknown preset 'product-2'; did you mean 'product-1'?"
    )
    assert message(preset=3) == "protocol.preset: found 3, expected one of product-1"


def test_preset_is_an_unknown_key_where_there_are_none() -> None:
    """A workload has no presets."""
    values = scenario() | {"workload": {"name": "external-store", "preset": "product-1"}}
    with pytest.raises(ScenarioError, match="unknown key 'preset'"):
        from_dict(values)


def test_rules_are_checked_on_what_results() -> None:
    """A preset does not excuse what is broken beside it."""
    assert "tries must not be 13" in message(preset="product-1", tries=13)


def presets() -> Iterator[tuple[ProtocolSpec, Preset]]:
    for name in registry.names():
        spec = registry.get(name)
        yield from ((spec, preset) for preset in spec.presets)


def test_presets_of_all_protocols_are_sound() -> None:
    """They name parameters that exist, break no rule, and say where each number is from."""
    for spec, preset in presets():
        known = {field.name for field in fields(spec.parameters)}
        assert set(preset.settings) <= known, (spec.name, preset.name)
        assert all(setting.source for setting in preset.settings.values()), (spec.name, preset.name)
        assert not [*spec.check(spec.parameters(**preset.values()))], (spec.name, preset.name)
        assert len({each.name for each in spec.presets}) == len(spec.presets), spec.name
