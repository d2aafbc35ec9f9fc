"""The scenario as a whole."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, PrivateAttr, ValidationInfo, field_validator

from sim.scenario.choices import Protocol, Workload
from sim.scenario.expectations import Expect, Reach
from sim.scenario.fault_list import FaultField, number
from sim.scenario.faults import Fault
from sim.scenario.machines import Clocks, Disk, Nodes
from sim.scenario.network import Network
from sim.scenario.shapes import Context, Duration, Length, RateBound, Shape, mistake
from sim.scenario.triggers import TriggerField
from sim.scenario.units import written_duration

VERSION = 1


class Converge(Shape):
    """The second phase: everything is healed and restarted, and a leader must serve in time."""

    within_ns: Length = Field(alias="within", description="a leader must serve so soon after heal_at")
    heal_at_ns: Duration = Field(alias="heal_at", description="when every fault ends and every process runs")


class Initial(Shape):
    """What the servers have on their disks when the run begins."""

    log_lengths: tuple[Annotated[int, Field(ge=0, le=100_000)], ...] = Field(
        description="entries in the log of each server, in their order; all of epoch 1, uncommitted"
    )
    shuffle: bool = Field(False, description="which server has which log is drawn from the seed")


class Grants(Shape):
    """Bounds within which the protocol must be safe, also where it assumes less.

    A violation beyond them is broken outside the envelope, if the protocol assumes less.
    """

    clock_rate_ppb: RateBound | None = Field(None, alias="clock_rate", description="no clock is more wrong")
    clock_error_ns: Duration | None = Field(
        None, alias="clock_error", description="no wall clock is further from the truth"
    )
    pause_ns: Duration | None = Field(None, alias="pause", description="no process stands still for longer")
    delay_ns: Duration | None = Field(None, alias="delay", description="no message takes longer")


class Scenario(Shape):
    """A leader election scenario: a world, what goes wrong in it, and what is expected."""

    model_config = ConfigDict(title="leadersim scenario")

    schema_version: int = Field(
        alias="schema", description="version of this format: 1", json_schema_extra={"const": 1}
    )
    name: str = Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=100,
        description="words in lower case, joined by hyphens",
    )
    about: str = Field(min_length=1, description="what happens, and what it shows")
    duration_ns: Length = Field(alias="duration", description="length of the run")
    seed: Annotated[int, Field(ge=0, lt=1 << 64)] = Field(1, description="what all randomness comes from")
    protocol: Protocol = Field(description="who elects a leader, and how: a name and its parameters")
    workload: Workload | None = Field(None, description="what the leader is for: a name and its parameters")
    network: Network = Field({}, validate_default=True, description="what links are like")
    clocks: Clocks = Field({}, validate_default=True, description="what clocks are like")
    disk: Disk = Field({}, validate_default=True, description="what disks are like")
    initial: Initial | None = Field(None, description="what is on the disks at the start (default: nothing)")
    nodes: Nodes = Field({}, validate_default=True, description="what processors are like")
    converge: Converge | None = Field(None, description="second phase: heal everything, a leader must serve")
    faults: tuple[FaultField, ...] = Field((), description="what goes wrong: one timing and one action each")
    stop_when: TriggerField | None = Field(None, description="the run ends when this happens")
    bound_ns: Length = Field(
        "1s",
        alias="bound",
        validate_default=True,
        description="the system is available if commands commit in it",
    )
    tie_break: Literal["fifo", "seeded"] = Field(
        "fifo", description="order of simultaneous events: as they were made, or drawn from the seed"
    )
    grants: Grants | None = Field(None, description="bounds within which the protocol must be safe")
    reach: Reach = Field(
        (), validate_default=True, description="what must happen for the run to mean anything"
    )
    expect: Expect = Field({}, validate_default=True, description="what must come out: metric -> condition")

    _dropped: tuple[str, ...] = PrivateAttr(())
    _source: str = PrivateAttr("")

    @field_validator("schema_version")
    @classmethod
    def _known_version(cls, value: int) -> int:
        if value > VERSION:
            raise mistake(f"found version {value}, newer than {VERSION}: this file needs a newer leadersim")
        if value < VERSION:
            raise mistake(f"found version {value}, expected {VERSION}")
        return value

    @field_validator("duration_ns")
    @classmethod
    def _tell_duration(cls, value: int, info: ValidationInfo) -> int:
        _context(info).duration_ns = value
        return value

    @field_validator("converge")
    @classmethod
    def _inside_the_run(cls, value: Converge | None, info: ValidationInfo) -> Converge | None:
        duration = _context(info).duration_ns
        if value is None or duration is None:
            return value
        end = value.heal_at_ns + value.within_ns
        if end > duration:
            written = f"found heal_at + within = {written_duration(end)}"
            raise mistake(f"{written}, expected it inside the run of {written_duration(duration)}")
        _context(info).heal_at_ns = value.heal_at_ns
        return value

    @field_validator("initial")
    @classmethod
    def _a_log_each(cls, value: Initial | None, info: ValidationInfo) -> Initial | None:
        names, protocol = _context(info).names, info.data.get("protocol")
        if value is None or names is None or protocol is None:
            return value
        servers = names.roles["servers"]
        if not all(hasattr(role.storage(), "preload") for role in protocol.spec.roles):
            raise mistake(f"the servers of {protocol.name} keep no log that could have entries")
        if len(value.log_lengths) != len(servers):
            raise mistake(
                f"found {len(value.log_lengths)} lengths of logs, expected {len(servers)}: one a server"
            )
        return value

    @field_validator("faults")
    @classmethod
    def _number(cls, value: tuple[Fault, ...], info: ValidationInfo) -> tuple[Fault, ...]:
        return number(value, _context(info))

    @property
    def dropped(self) -> tuple[str, ...]:
        """Parameters of the file's protocol that the one given in its place does not have."""
        return self._dropped

    @property
    def source(self) -> str:
        """The file that it came from, as it was named."""
        return self._source


def _context(info: ValidationInfo) -> Context:
    context = info.context
    assert isinstance(context, Context)
    return context


# Every part is built now and once, inside the schema of the whole.
Scenario.model_rebuild()
