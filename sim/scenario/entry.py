"""What the entries of `faults:` have in common: the timing, the length, the mode."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from sim.errors import SimulatorError
from sim.scenario.faults import Action
from sim.scenario.shapes import Duration, EventRate, Length, Shape
from sim.scenario.triggers import TriggerField

TIMINGS = ("at", "every", "rate", "when")
# What may stand beside which timing.
BESIDE = {
    "first": ("every",),
    "jitter": ("every", "when"),
    "until": ("every", "rate"),
    "from": ("rate",),
    "delay": ("when",),
    "times": ("when",),
}
_SCHEMA = {
    "oneOf": [{"required": [timing]} for timing in TIMINGS],
    "dependentSchemas": {
        key: {"anyOf": [{"required": [timing]} for timing in timings]} for key, timings in BESIDE.items()
    },
}


class Entry(Shape):
    """What every fault may have."""

    model_config = ConfigDict(json_schema_extra=_SCHEMA)  # type: ignore[typeddict-item]

    at: Duration | None = Field(None, description="once, at this time")
    every: Length | None = Field(None, description="periodically")
    first: Duration | None = Field(None, description="with every: the first time (default: after one period)")
    jitter: Duration | None = Field(
        None, description="with every or when: each time is up to this much later"
    )
    rate: EventRate | None = Field(None, description="at random, so often on average (exponential gaps)")
    from_: Duration | None = Field(None, alias="from", description="with rate: not before (default 0s)")
    until: Duration | None = Field(None, description="with every or rate: not from then on")
    when: TriggerField | None = Field(None, description="when something happens")
    delay: Duration | None = Field(None, description="with when: so much later")
    times: Annotated[int, Field(ge=1, le=10**6)] | None = Field(
        None, description="with when: how many times at most (default 1)"
    )
    about: str = Field("", description="why, for whoever reads the result")

    def action(self) -> Action:
        """Return what it does; each kind of entry says so itself."""
        raise SimulatorError(f"{type(self).__name__} has no action")


class Lasting(Entry):
    """A fault that may end."""

    for_: Length | None = Field(None, alias="for", description="for how long (default: until healed)")


class Ending(Entry):
    """A fault that must end."""

    for_: Length = Field(alias="for", description="for how long")


Mode = Annotated[
    Literal["drop", "hold"], Field(description="messages are lost, or wait until it is healed (default drop)")
]
