"""The swarm with Raft's extensions: the same worlds and faults, and every switch drawn as well.

What is drawn stays within what each switch assumes: where leases are read, no clock stands still, and the
declared bound on their rates holds for the faults that change them.
"""

from __future__ import annotations

from typing import Any

from sim.rng import Seed, Stream
from tests.scenarios.swarm import swarm
from tests.scenarios.swarm_faults import Entry, percent, scale, us

READS = ("log", "read_index", "read_index", "lease", "lease", "unsafe_lease")
MEMBERSHIPS = ("fixed", "fixed", "single", "joint")
TIMERS = ("reset", "reset", "ticks", "polled", "candidate")


def swarm_switches(seed: int) -> dict[str, Any]:
    """Return the swarm scenario of that seed with its switches, a mapping for `sim.run.run`."""
    scenario = swarm(seed)
    draws = Seed(seed)
    protocol = scenario["protocol"] = _protocol(draws, scenario["protocol"])
    if "workload" in scenario:
        scenario["workload"]["reads"] = percent(draws.stream("swarm reads").choice((0.3, 0.7)))
    faults = [fault for fault in scenario["faults"] if not (_freezes(fault) and protocol["reads"] == "lease")]
    scenario["faults"] = [*faults, *_orders(draws, protocol, _us(scenario["converge"]["heal_at"]))]
    # Priorities and ticks make timeouts longer, and a change of the members may have to end first.
    within = 3 * _us(scenario["converge"]["within"])
    scenario["converge"]["within"] = us(within)
    scenario["duration"] = us(_us(scenario["converge"]["heal_at"]) + within)
    return scenario


def _us(written: str) -> int:
    return int(written.removesuffix("us"))


def _freezes(fault: Entry) -> bool:
    return "freeze" in fault.get("clock", {})


def _protocol(draws: Seed, protocol: Entry) -> Entry:
    reads = draws.stream("swarm read mode").choice(READS)
    chance = draws.stream("swarm switches").chance
    check_quorum = chance(0.5) or reads == "unsafe_lease"
    return {
        **protocol,
        "pre_vote": chance(0.5),
        "check_quorum": check_quorum,
        "voter_stickiness": chance(0.5) or reads == "lease",
        "leadership_transfer": chance(0.7),
        "reads": reads,
        "clock_drift_bound": 2.2,
        **_timers(draws.stream("swarm timers"), protocol, check_quorum),
        **_members(draws.stream("swarm members"), protocol["nodes"]),
        "pipeline": draws.stream("swarm pipeline").choice((1, 1, 2, 8)),
        "batch_delay": draws.stream("swarm batches").choice(("0s", "0s", "1ms", "5ms")),
        "announce_commits": draws.stream("swarm announcements").chance(0.3),
    }


def _timers(stream: Stream, protocol: Entry, check_quorum: bool) -> Entry:
    shortest, longest = (_us(written) for written in protocol["election_timeout"])
    kind = stream.choice(TIMERS)
    settings: Entry = {}
    if kind == "ticks":
        settings = {"tick": us(shortest / 10), "heartbeat_ticks": stream.choice((1, 2, 4))}
    elif kind == "polled":
        settings = {"polled_contact": True}
    elif kind == "candidate":
        settings = {"candidate_timeout": [us(shortest / 2), us(longest)]}
    if check_quorum and stream.chance(0.3):
        settings["leader_lease_timeout"] = us(shortest * (0.5 + stream.random() / 2))
    if stream.chance(0.2):
        settings["priorities"] = " ".join(str(stream.choice((1, 2))) for _ in range(protocol["nodes"]))
    if kind == "ticks" and stream.chance(0.3):
        settings |= {"tick": us(shortest / 20), "election_ticks": 20}
    return settings


def _members(stream: Stream, nodes: int) -> Entry:
    membership = stream.choice(MEMBERSHIPS)
    if membership == "fixed":
        return {}
    voters = stream.randrange(1, nodes + 1)
    learners = stream.randrange(0, nodes - voters + 1)
    return {"membership": membership, "voters": voters, "learners": learners}


def _orders(draws: Seed, protocol: Entry, heal_us: int) -> list[Entry]:
    """Return what an administrator does meanwhile, at random times."""
    stream = draws.stream("swarm orders")
    found: list[Entry] = []
    for _ in range(stream.randrange(0, 4)):
        kinds: list[Entry] = [{"stop": "leader", "restart_after": us(scale(stream, 1_000, 500_000))}]
        if protocol["leadership_transfer"]:
            kinds += [{"transfer": "leader"}, {"transfer": "leader", "to": "a follower"}]
        if "membership" in protocol:
            kinds += [{"members": _change(stream)} for _ in range(3)]
        timing = {"rate": f"{int(scale(stream, 20, 900))}/min", "from": us(stream.randrange(0, heal_us))}
        found.append({**timing, **stream.choice(kinds)})
    return found


def _change(stream: Stream) -> Entry:
    kinds: tuple[Entry, ...] = (
        {"voters": "a server"},
        {"voters": "majority"},
        {"learners": "a server"},
        {"remove": "a server"},
        {"remove": "leader", "voters": "all"},
        {"remove": "minority", "voters": "a server"},
    )
    return stream.choice(kinds)
