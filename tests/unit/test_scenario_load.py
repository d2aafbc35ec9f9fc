"""A valid file becomes a Scenario; every mistake becomes one line with its place and a way out."""

from __future__ import annotations

import pickle

import pytest

from sim.conditions import Condition
from sim.distributions import Constant, Exponential, Lognormal, Normal, Pareto, Uniform
from sim.errors import ScenarioError
from sim.network.spec import Loss
from sim.scenario import Scenario, from_dict, loads
from sim.scenario.machines import ConstantDrift, Drift, Piecewise, RandomWalk
from sim.scenario.network import Reorder

SMALL = """\
schema: 1
name: small
about: Nothing happens.
duration: 30s
protocol: {name: raft, nodes: 5}
"""

MS = 1_000_000
S = 1_000_000_000


def scenario(extra: str = "") -> Scenario:
    """Load the small scenario with more lines."""
    return loads(SMALL + extra, "x.yaml")


def problems(text: str) -> list[str]:
    """Return what is wrong with a text, a line each."""
    with pytest.raises(ScenarioError) as refused:
        loads(text, "x.yaml")
    return [str(each) for each in refused.value.problems]


def wrong(extra: str) -> list[str]:
    """Return what is wrong with more lines after the small scenario; they begin at line 6."""
    return problems(SMALL + extra)


def test_defaults() -> None:
    """What a scenario leaves out is a plain network, exact clocks, instant disks, and seed 1."""
    small = scenario()

    assert (small.schema_version, small.name, small.duration_ns, small.seed) == (1, "small", 30 * S, 1)
    assert small.network.latency == Constant(MS)
    assert small.network.loss == Loss(0.0, 1.0)
    assert (small.network.duplicate, small.network.fifo, small.network.bandwidth) == (0.0, False, None)
    assert small.network.reorder == Reorder(0.0, Uniform(0, 10 * MS))
    assert small.clocks.drift == Drift(Constant(0), {})
    assert small.clocks.drift_model == ConstantDrift()
    assert (small.disk.write, small.disk.fsync, small.nodes.service_time) == (Constant(0),) * 3
    assert (small.workload, small.converge, small.stop_when, small.grants) == (None,) * 4
    assert (small.faults, small.reach, small.expect) == ((), (), ())
    assert (small.bound_ns, small.tie_break) == (S, "fifo")


def test_a_scenario_can_be_sent_to_another_process() -> None:
    """A campaign pickles scenarios; the copy is equal, and still knows where it came from."""
    original = scenario("faults: [{rate: 6/min, crash: a follower}]\n")

    copy = pickle.loads(pickle.dumps(original))

    assert copy == original
    assert (copy.source, copy.dropped) == ("x.yaml", ())


def test_a_mapping_is_as_good_as_a_file() -> None:
    """`from_dict` reads what the notebook writes, under the same rules."""
    values = {
        "schema": 1,
        "name": "small",
        "about": "Nothing happens.",
        "duration": "30s",
        "protocol": {"name": "raft", "nodes": 5},
        "faults": [{"at": "1s", "crash": ["n1", "n2"]}],
    }

    assert (
        from_dict(values).faults[0].action == scenario("faults: [{at: 1s, crash: [n1, n2]}]").faults[0].action
    )
    with pytest.raises(ScenarioError, match="<mapping>:1:1: seed: found 'x', expected an integer"):
        from_dict({**values, "seed": "x"})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("5ms", Constant(5 * MS)),
        ("{uniform: [1ms, 5ms]}", Uniform(MS, 5 * MS)),
        ("{uniform: [5ms, 5ms]}", Constant(5 * MS)),
        ("{normal: {mean: 5ms, sd: 1ms}}", Normal(5 * MS, MS, 0)),
        ("{normal: {mean: 5ms, sd: 1ms, minimum: 2ms}}", Normal(5 * MS, MS, 2 * MS)),
        ("{lognormal: {median: 1ms, p99: 8ms}}", Lognormal(MS, 8 * MS)),
        ("{exponential: {mean: 5ms}}", Exponential(5 * MS, 0)),
        ("{exponential: {mean: 5ms, minimum: 1ms}}", Exponential(5 * MS, MS)),
        ("{pareto: {minimum: 1ms, alpha: 2}}", Pareto(MS, 2.0)),
    ],
)
def test_distributions(written: str, expected: object) -> None:
    """Every kind of distribution has its notation."""
    assert scenario(f"network: {{latency: {written}}}").network.latency == expected


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("5", ": found 5 without a unit, expected a duration such as 150ms or 5s; or a distribution such as"),
        ("-5ms", ": found '-5ms', expected a duration"),
        ("{}", ": found 0 keys, expected one distribution"),
        ("{unifrom: [1ms, 2ms]}", ".unifrom: unknown distribution 'unifrom'; did you mean 'uniform'?"),
        ("{uniform: [5ms, 1ms]}", ".uniform: found a lower end above the upper end"),
        ("{uniform: [5ms]}", ".uniform: found a list of 1, expected [low, high]"),
        ("{uniform: [1, 2ms]}", ".uniform.0: found 1 without a unit"),
        ("{normal: {mean: 5ms}}", ".normal.sd: this key is missing"),
        ("{normal: {mean: 5ms, sd: -1ms}}", ".normal.sd: found '-1ms'"),
        (
            "{normal: {mean: 5ms, sd: 1ms, min: 0s}}",
            ".normal.min: unknown key 'min'; did you mean 'minimum'?",
        ),
        ("{lognormal: {median: 8ms, p99: 1ms}}", ".lognormal: expected a median above zero"),
        ("{exponential: {mean: 1ms, minimum: 1ms}}", ".exponential: expected a mean above the minimum"),
        ("{pareto: {minimum: 0s, alpha: 2}}", ".pareto: expected a minimum above zero"),
        ("{pareto: {minimum: 1ms, alpha: 0}}", ".pareto: expected a minimum above zero"),
        ("{pareto: {minimum: 1ms, alpha: 2x}}", ".pareto.alpha: found '2x', expected a plain number"),
        ("{lognormal: 5ms}", ".lognormal: found '5ms', expected a mapping with median, p99"),
    ],
)
def test_bad_distributions(written: str, message: str) -> None:
    """A mistake in a distribution is reported where it is."""
    (line,) = wrong(f"network: {{latency: {written}}}")

    assert f": network.latency{message}" in line


def test_clocks() -> None:
    """Rate errors are ppb, per node or for all; offsets may be negative, and so may their minimum."""
    clocks = scenario(
        "clocks:\n"
        "  drift: {all: 1ppm, servers: 2ppm, n1: {uniform: [-100ppm, 100ppm]}}\n"
        "  offset: {normal: {mean: -1ms, sd: 5ms}}\n"
        "  drift_model: {random_walk: {step: 10ppm, every: 1s, limit: 200ppm}}\n"
        "  ntp: {every: 64s}\n"
    ).clocks

    assert clocks.drift.of_node == {
        "n1": Uniform(-100_000, 100_000),
        **{f"n{i}": Constant(2000) for i in range(2, 6)},
    }
    assert isinstance(clocks.offset, Normal)
    assert clocks.offset.minimum < -(10**15)
    assert clocks.drift_model == RandomWalk(10_000, S, 200_000)
    assert clocks.ntp is not None
    assert (clocks.ntp.every_ns, clocks.ntp.mode, clocks.ntp.slew_rate_ppb) == (64 * S, "slew", 500_000)


def test_the_more_special_name_wins() -> None:
    """A node beats its role, and a role beats `all`, in whatever order they are written."""
    drift = scenario("clocks: {drift: {n1: 3ppm, servers: 2ppm, all: 1ppm}}").clocks.drift

    assert drift.of_node == {"n1": Constant(3000), **{f"n{i}": Constant(2000) for i in range(2, 6)}}


def test_piecewise_drift() -> None:
    """Rate errors by time must be in order of time."""
    text = "clocks: {{drift_model: {{piecewise: [{{at: {}, rate: 5%}}, {{at: 5s, rate: 0ppm}}]}}}}"

    assert scenario(text.format("1s")).clocks.drift_model == Piecewise(((S, 50_000_000), (5 * S, 0)))
    assert "found times out of order" in wrong(text.format("6s"))[0]


def test_network_forms() -> None:
    """Loss and reordering have a short and a long form."""
    network = scenario(
        "network:\n"
        "  loss: {burst: {rate: 5%, length: 20}}\n"
        "  reorder: {share: 5%, by: 3ms}\n"
        "  bandwidth: 10Mbit/s\n"
        "  links: [{from: n1, to: [n2, n3], latency: 50ms, loss: 1%}]\n"
    ).network

    assert network.loss == Loss(0.05, 20.0)
    assert network.reorder == Reorder(0.05, Constant(3 * MS))
    assert network.bandwidth == 1_250_000
    assert (str(network.links[0].source), str(network.links[0].target)) == ("n1", "n2, n3")
    assert (network.links[0].latency, network.links[0].loss) == (Constant(50 * MS), Loss(0.01, 1.0))
    assert network.links[0].duplicate is None


def test_bursts_cannot_lose_everything() -> None:
    """Gilbert's good state lasts a message at least: bursts of 1 lose no more than half on average."""
    (line,) = wrong("network: {loss: {burst: {rate: 51%, length: 1}}}")

    assert "network.loss.burst.rate: bursts of 1 messages lose at most 50%" in line


def test_expectations() -> None:
    """Values are in the metric's unit: seconds, shares from 0 to 1, counts; a range is two conditions."""
    conditions = scenario(
        "reach: [leader_changes >= 2]\n"
        "expect:\n"
        "  split_brain.same_epoch: 0\n"
        "  election_time.belief.p99: < 1s\n"
        "  availability.client: '>= 95%'\n"
        "  leader_changes: 1..3\n"
        "  latency.p50: [1ms, 2ms]\n"
        "  elections: ['>= 1', '!= 7']\n"
        "  cost.bytes: < 1MB\n"
        "  cost.messages_per_second: < 100/s\n"
        "  violations.election_safety: '>= 1'\n"
    )

    assert conditions.reach == (Condition("leader_changes", ">=", 2.0, ">= 2", 6),)
    assert conditions.expect == (
        Condition("split_brain.same_epoch", "==", 0.0, "0", 8),
        Condition("election_time.belief.p99", "<", 1.0, "< 1s", 9),
        Condition("availability.client", ">=", 0.95, ">= 95%", 10),
        Condition("leader_changes", ">=", 1.0, ">= 1", 11),
        Condition("leader_changes", "<=", 3.0, "<= 3", 11),
        Condition("latency.p50", ">=", 0.001, ">= 1ms", 12),
        Condition("latency.p50", "<=", 0.002, "<= 2ms", 12),
        Condition("elections", ">=", 1.0, ">= 1", 13),
        Condition("elections", "!=", 7.0, "!= 7", 13),
        Condition("cost.bytes", "<", 1e6, "< 1MB", 14),
        Condition("cost.messages_per_second", "<", 100.0, "< 100/s", 15),
        Condition("violations.election_safety", ">=", 1.0, ">= 1", 16),
    )
