"""The JSON Schema for editors: generated, shipped, and never stricter than the loader."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from sim.scenario import json_schema, library, loads
from sim.scenario.document import parse
from sim.scenario.finding import folder

# Imported like this since it ships no types.
Draft202012Validator: Any = import_module("jsonschema").Draft202012Validator

SCHEMA = json_schema()

FULL = """\
# yaml-language-server: $schema=../scenario.schema.json
schema: 1
name: full
about: Everything at once.
duration: 10min
seed: 7
protocol: {name: raft, nodes: 5, election_timeout: [150ms, 300ms], unsafe: true}
workload: {name: database-primary, rate: 6/min}
network:
  latency: {lognormal: {median: 1ms, p99: 8ms}}
  loss: {burst: {rate: 5%, length: 20}}
  duplicate: 1%
  reorder: {share: 5%, by: {exponential: {mean: 5ms}}}
  fifo: true
  bandwidth: 10Mbit/s
  regions:
    matrix: {eu: {us: 80ms, eu: 1ms}, us: {us: 2ms}}
    place: {all: eu, n1: us}
    jitter: {pareto: {minimum: 1us, alpha: 1.5}}
  links:
    - {from: n1, to: [n2, region us], latency: 5ms, loss: 1%}
    - {from: clients, to: all, reorder: 1%, fifo: false, bandwidth: 1MB/s, duplicate: 0%}
clocks:
  drift: {n1: 100ppm, servers: {uniform: [-5%, 5%]}}
  offset: {normal: {mean: 0s, sd: 10ms}}
  drift_model: {random_walk: {step: 10ppm, every: 1s, limit: 200ppm}}
  ntp: {every: 64s, mode: slew, slew_rate: 500ppm, error: {uniform: [-1ms, 1ms]}}
disk:
  write: 10us
  fsync: {normal: {mean: 1ms, sd: 100us}}
  torn_writes: 5%
  stalls: {every: {exponential: {mean: 1min}}, length: 200ms}
nodes: {service_time: 20us}
converge: {heal_at: 9min, within: 10s}
faults:
  - {at: 1s, crash: [n1, n2], restart_after: 5s, host: down, about: power}
  - {every: 30s, first: 5s, until: 60s, jitter: 1s, pause: leader, for: 2s}
  - {rate: 6/min, from: 10s, until: 8min, slow: a follower, factor: 10x, for: 5s}
  - {when: {event: leader_elected, node: contenders, epoch: ">= 3"}, delay: 5ms, times: 3, crash: that node}
  - {when: {event: saving, node: leader, record: hard_state}, crash: that node, restart_after: 10ms}
  - {at: 100s, partition: [[leader], [others]], for: 3s, mode: hold}
  - {at: 110s, cut: {from: leader, to: followers}, for: 3s}
  - {at: 120s, isolate: majority without the leader, direction: in}
  - {at: 130s, bridge: n3, for: 5s}
  - {at: 140s, ring: true, for: 5s}
  - {at: 150s, flap: {between: [n1, n2], up: 100ms, down: 50ms}, for: 5s}
  - {at: 160s, degrade: {loss: 30%, latency: 100ms}, for: 5s}
  - {at: 170s, disk: {of: leader, stall: true}, for: 1s}
  - {at: 171s, disk: {of: n1, fsync: 100ms}, for: 1s}
  - {at: 172s, disk: {of: n2, lying: true}}
  - {at: 180s, clock: {of: region us, step: -5s}}
  - {at: 181s, clock: {of: n1, rate: -5%}, for: 5s}
  - {at: 182s, clock: {of: n2, freeze: true}, for: 5s}
  - {at: 190s, heal: true}
  - {at: 200s, crash: all}
  - {at: 210s, restart: all}
stop_when: {event: leader_elected, nth: 9}
bound: 500ms
tie_break: seeded
grants: {clock_rate: 200ppm, pause: 1s, delay: 100ms}
reach: [leader_changes >= 2, "outages.system.longest > 1s"]
expect:
  split_brain.same_epoch: 0
  leader_changes: 1..3
  elections: [1, 30]
  election_time.belief.p99: < 1s
  availability.client: ">= 95%"
  cost.messages_per_second: < 1000/s
  violations.election_safety: 0
"""


def plain(value: Any) -> Any:
    """Return what a JSON Schema validator understands: lists for tuples."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def mistakes(text: str) -> list[str]:
    """Return where the schema finds fault with a text."""
    errors = Draft202012Validator(SCHEMA).iter_errors(plain(parse(text, "x.yaml").values))
    return sorted(".".join(map(str, error.path)) for error in errors)


def descriptions(schema: Any, path: str = "") -> Iterator[tuple[str, bool]]:
    """Yield every property that an editor may complete, and whether it is described."""
    if not isinstance(schema, dict):
        return
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}", "description" in inner or "const" in inner
        yield from descriptions(inner, f"{path}.{name}")


def test_the_schema_is_one() -> None:
    """It is a valid schema of its own dialect."""
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_shipped_schema_is_up_to_date() -> None:
    """Editors complete what the loader reads: `leadersim schema > scenarios/scenario.schema.json`."""
    shipped = (folder() / "scenario.schema.json").read_text(encoding="utf-8")

    assert json.loads(shipped) == SCHEMA, "run: leadersim schema > scenarios/scenario.schema.json"


def test_the_full_scenario_is_valid_for_both() -> None:
    """Everything that can be written passes the loader and the schema."""
    assert loads(FULL).name == "full"
    assert mistakes(FULL) == []


@pytest.mark.parametrize("path", library(), ids=lambda path: path.stem)
def test_every_shipped_scenario_is_valid_for_the_schema(path: Path) -> None:
    """An editor shows no mistake in a shipped scenario, and knows its schema by the first line."""
    text = path.read_text(encoding="utf-8")
    up = "../" * len(path.relative_to(folder()).parts[:-1])

    assert mistakes(text) == []
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={up}scenario.schema.json"


@pytest.mark.parametrize(
    ("line", "changed", "where"),
    [
        ("duration: 10min", "duration: 600", "duration"),
        ("duration: 10min", "duration: 5m", "duration"),
        ("seed: 7", "sead: 7", ""),
        ("tie_break: seeded", "tie_break: random", "tie_break"),
        ("duplicate: 1%", "duplicate: 0.01", "network.duplicate"),
        ("nodes: {service_time: 20us}", "nodes: {service_time: {unifrm: [1us, 2us]}}", "nodes.service_time"),
        ("- {at: 190s, heal: true}", "- {at: 190s, every: 5s, heal: true}", "faults.18"),
        ("- {at: 190s, heal: true}", "- {at: 190s}", "faults.18"),
        ("- {at: 190s, heal: true}", "- {at: 190s, crash: leadr}", "faults.18"),
        ("- {at: 190s, heal: true}", "- {at: 190s, crash: n1, times: 3}", "faults.18"),
        ("leader_changes: 1..3", "leader_chnges: 1..3", "expect"),
        ("{name: raft, nodes: 5,", "{name: raft, nods: 5,", "protocol"),
    ],
)
def test_the_schema_finds_mistakes(line: str, changed: str, where: str) -> None:
    """What an editor can know without the rest of the file, it marks."""
    assert line in FULL
    assert mistakes(FULL.replace(line, changed)) == [where]


def test_other_protocols_are_not_refused() -> None:
    """A protocol that is installed elsewhere is unknown to the shipped schema, and let pass."""
    assert mistakes(FULL.replace("{name: raft, nodes: 5,", "{name: mine, peers: 5,")) == []


def test_every_key_is_described() -> None:
    """An editor shows a description for every key."""
    found = [
        *descriptions(SCHEMA),
        *(each for part in SCHEMA["$defs"].values() for each in descriptions(part)),
    ]

    assert len(found) > 150
    assert [name for name, described in found if not described] == []


def test_patterns_are_those_of_the_loader() -> None:
    """The pattern of a duration accepts and refuses what the loader does."""
    pattern = re.compile(SCHEMA["$defs"]["duration"]["pattern"])

    assert [bool(pattern.search(text)) for text in ("150ms", "0.5s", "1h")] == [True, True, True]
    assert [bool(pattern.search(text)) for text in ("5", "010s", "-5s", "5 s", "5sec")] == [False] * 5


def test_importing_the_package_stays_lean() -> None:
    """Validating a file needs neither the engine nor the analysis: no simpy, numpy, pandas or scipy."""
    code = (
        "import sys, sim.scenario; print(*sorted({'simpy', 'numpy', 'pandas', 'scipy'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder().parent
    )

    assert done.stdout == "\n"
