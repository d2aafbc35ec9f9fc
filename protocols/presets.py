"""Named sets of parameters: what a product ships with, each number with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Setting:
    """One parameter of a preset: its value as it is stored (ns, not "100ms"), and where it is from."""

    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class Preset:
    """A product's defaults; a parameter that it does not name keeps the protocol's own default."""

    name: str
    summary: str
    settings: Mapping[str, Setting]

    def values(self) -> dict[str, Any]:
        """Return the stored value of each parameter that the preset sets."""
        return {name: setting.value for name, setting in self.settings.items()}
