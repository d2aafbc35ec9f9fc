"""Swarm scenarios of etcd: everything drawn from one seed, inside what is promised.

Elections (`swarm`), of two kinds. `members`: clients as the product's, whose links and processes are well
but for crashes, while the members of etcd crash, stand still and are cut off from each other, for less than
a keep-alive can wait (a client that the product leaves without an answer for its TTL believes for too long).
`everything`: sessions that count from the request, and clients that are cut off and stand still too, within
the bound that they are told.

Members (`ensemble`): the worlds and faults of Raft's swarm around etcd, whose clients only give it something
to do; judged is what the service promises.
"""

from __future__ import annotations

from typing import Any

from protocols.etcd import make_spec
from sim.rng import Seed, Stream
from tests.scenarios.swarm import swarm as raft_swarm
from tests.scenarios.swarm_faults import aimed_at, percent, scale, us

EXCLUSIVE = make_spec("etcd-exclusive", exclusive=True)
"""etcd with two believers at once judged as a violation."""
S = 1_000_000
PAUSE_BOUND = 500_000
KINDS = ("members", "everything")

Entry = dict[str, Any]


def swarm(seed: int) -> Entry:
    """Return the scenario of that seed: one kind or the other in turn."""
    kind = KINDS[seed % 2]
    streams = Seed(seed)

    def draw(name: str) -> Stream:
        return streams.stream(f"etcd swarm {name}")

    heal = 10 * S + draw("heal").randrange(0, 15 * S)
    ttl = draw("ttl").randrange(3, 9)
    # An election, a lease that was armed anew, the contenders' retries, and a silent connection.
    within = (8 + 2 * ttl + 18) * S
    servers = draw("servers").choice((3, 3, 5))
    # Where leadership goes round, or messages are lost for good, there may be no leader at the very end.
    hold = draw("hold").choice(("0s", "0s", "3s"))
    loss = draw("loss").choice((0.0, 0.01, 0.03)) if kind == "everything" else 0.0
    return {
        "schema": 1,
        "name": f"etcd-swarm-{seed}",
        "about": "Everything is drawn from the seed.",
        "seed": seed,
        "duration": us(heal + within),
        "protocol": {
            "name": "tests.scenarios.etcd_swarm:EXCLUSIVE",
            "preset": "etcd-3.5",
            "nodes": draw("nodes").randrange(2, 5),
            "servers": servers,
            "ttl": f"{ttl}s",
            "recipe": draw("recipe").choice(("election", "election", "mutex")),
            "recheck_key": draw("recheck").chance(0.5),
            "hold_for": hold,
            "pre_vote": draw("pre-vote").chance(0.5),
            "snapshot_entries": draw("snapshots").choice((5, 20, 1000)),
            **_sessions(kind),
        },
        "network": _network(draw, kind, loss),
        "clocks": {"drift": {"uniform": ["-0.5%", "0.5%"]}} if kind == "everything" else {},
        "disk": {"fsync": {"lognormal": {"median": "1ms", "p99": "8ms"}}},
        "tie_break": draw("ties").choice(("fifo", "seeded")),
        "faults": [
            _fault(draw(f"fault {number}"), kind, servers, heal)
            for number in range(draw("faults").randrange(1, 7))
        ],
        **({"converge": {"heal_at": us(heal), "within": us(within)}} if hold == "0s" and not loss else {}),
    }


def _sessions(kind: str) -> Entry:
    if kind == "members":
        return {"deadline": "reply"}
    return {"deadline": "request", "rate_bound": percent(0.01), "pause_bound": us(PAUSE_BOUND)}


def _network(draw: Any, kind: str, loss: float) -> Entry:
    latency = scale(draw("latency"), 200, 5_000)
    return {
        "latency": {"uniform": [us(0.2 * latency), us(1.8 * latency)]},
        "loss": percent(loss),
        "duplicate": percent(draw("duplicate").choice((0.0, 0.02))) if kind == "everything" else "0%",
    }


def _fault(stream: Stream, kind: str, servers: int, heal: int) -> Entry:
    """Return one fault, which comes now and then; fixed times would contradict each other."""
    start = stream.randrange(0, heal - 4 * S)
    rate = f"{int(scale(stream, 3, 30))}/min"
    length = stream.randrange(200_000, 4 * S)
    one = f"s{stream.randrange(1, servers + 1)}"
    other = f"s{1 + int(one[1:]) % servers}"
    actions: list[Entry] = [
        {"crash": one, "restart_after": us(length)},
        {"crash": "service leader", "restart_after": us(length)},
        {"crash": "leader", "restart_after": us(length)},
        {"pause": one, "for": us(min(length, PAUSE_BOUND))},
        {"pause": "service leader", "for": us(min(length, PAUSE_BOUND))},
    ]
    if kind == "everything":
        actions += [
            {"cut": {"from": one, "to": other}, "for": us(length)},
            {"partition": [["leader"], ["others"]], "for": us(length)},
            {"partition": [["leader", "service leader"], ["others"]], "for": us(length)},
            {"cut": {"from": "contenders", "to": one}, "for": us(length)},
            {"cut": {"from": "servers", "to": "leader"}, "for": us(length)},
            {"pause": "leader", "for": us(min(length, PAUSE_BOUND))},
            {"pause": "a contender", "for": us(min(length, PAUSE_BOUND))},
        ]
    else:
        short = us(min(length, PAUSE_BOUND))
        actions += [
            {"partition": [["service leader"], ["others"]], "for": short},
            {"cut": {"from": one, "to": other}, "for": short},
        ]
    return {"rate": rate, "from": us(start), **stream.choice(actions)}


def ensemble(seed: int) -> Entry:
    """Return the scenario of that seed for the members.

    An election timeout is 20 to 40 one-way trips, or more. Where messages are lost for good a session may
    end by chance at any time, so that nobody need lead at the very end.
    """
    stream = Seed(seed).stream("etcd swarm ensemble")
    scenario = raft_swarm(seed)
    tick_us = stream.randrange(10_000, 20_000) + int(1.5 * _longest_us(scenario["network"]["latency"]))
    ttl = stream.randrange(2, 4)
    heal_us = int(scenario["converge"]["heal_at"].removesuffix("us"))
    within_us = (26 + 2 * ttl) * S + 40 * tick_us
    hold = stream.choice(("0s", "0s", "200ms"))
    certain = hold == "0s" and scenario["network"]["loss"] == percent(0.0)
    for part in ("workload", "converge"):
        scenario.pop(part, None)
    return {
        **scenario,
        "name": f"etcd-ensemble-swarm-{seed}",
        "duration": us(heal_us + within_us),
        "protocol": {
            "name": "etcd",
            "preset": stream.choice(("etcd-3.4", "etcd-3.5")),
            "nodes": stream.randrange(1, 4),
            "servers": stream.choice((3, 3, 4, 5)),
            "tick": us(tick_us),
            "election_ticks": stream.randrange(10, 15),
            "ttl": f"{ttl}s",
            "recipe": stream.choice(("election", "mutex")),
            "hold_for": hold,
            "snapshot_entries": stream.choice((3, 10, 1000)),
            "lease_checkpoint_interval": stream.choice(("0s", "500ms")),
        },
        "faults": [
            aimed_at(stream.choice(("service leader", "service leader", "leader")), fault)
            for fault in scenario["faults"]
        ],
    } | ({"converge": {"heal_at": us(heal_us), "within": us(within_us)}} if certain else {})


def _longest_us(latency: Any) -> int:
    """Return the largest length that a latency is drawn from, or around, in microseconds."""
    if isinstance(latency, str):
        return int(latency.removesuffix("us"))
    found = latency.values() if isinstance(latency, dict) else latency
    return max((_longest_us(each) for each in found if not isinstance(each, float)), default=0)
