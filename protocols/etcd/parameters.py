"""What a scenario can set of etcd: its members (Raft's parameters), its clients and their recipe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.api import parameter
from protocols.lease.holder import shortened
from protocols.lease.rules import one_of, rate_is_a_share, seconds
from protocols.raft.parameters import RaftParameters, heartbeat, timeouts
from protocols.raft.rules import check as check_raft

MS = 1_000_000
SECOND = 1_000_000_000
RECIPES = ("election", "mutex")
DEADLINES = ("reply", "request")


@dataclass(frozen=True, slots=True)
class EtcdParameters(RaftParameters):
    """The settings of one ensemble and its contenders."""

    nodes: int = parameter(3, "count", "Number of contenders, the clients that want to lead.", minimum=1)
    servers: int = parameter(3, "count", "Number of members of the ensemble.", minimum=1)
    # Members: as etcd runs its Raft (`server/etcdserver/bootstrap.go`, raftConfig).
    tick: int = parameter(
        100 * MS, "duration", "Timers count ticks of this length, as in etcd; 0: they are continuous.", 0
    )
    check_quorum: bool = parameter(
        True, "flag", "A leader that hears from no majority for an election timeout steps down."
    )
    voter_stickiness: bool = parameter(
        True, "flag", "A server that heard from a leader within an election timeout ignores votes."
    )
    announce_commits: bool = parameter(
        True, "flag", "The leader says at once what it committed; otherwise with its next message."
    )
    reads: str = parameter(
        "read_index", "text", "How linearizable reads are answered, see raft; unsafe_lease asks no clock."
    )
    ensure_leadership: bool = parameter(
        True, "flag", "A leader makes sure that it still is one before it renews or revokes leases."
    )
    lease_checkpoint_interval: int = parameter(
        0, "duration", "What remains of long leases is replicated so often; 0: never.", minimum=0
    )
    # Clients
    recipe: str = parameter("election", "text", "What contenders run: election (Campaign) or mutex (Lock).")
    ttl: int = parameter(60 * SECOND, "duration", "TTL of a contender's session lease.", minimum=1)
    recheck_key: bool = parameter(
        False, "flag", "Campaign looks for its own key after waiting, as Lock does; off as in the product."
    )
    obey_done: bool = parameter(True, "flag", "A leader stops when its session is done.")
    deadline: str = parameter(
        "reply", "text", "A session ends TTL after the last reply (as in the product) or after its request."
    )
    rate_bound: float = parameter(
        0.001, "ratio", "With deadline: request, clocks are said to run within this share of true time.", 0
    )
    pause_bound: int = parameter(
        0, "duration", "With deadline: request, taken off the session for pauses of the client.", minimum=0
    )
    hold_for: int = parameter(
        0, "duration", "The leader resigns (unlocks) after so long; 0: it does not.", minimum=0
    )
    observe: bool = parameter(False, "flag", "Contenders that do not lead watch who does (Observe).")
    request_timeout: int = parameter(
        5 * SECOND, "duration", "A client gives a request up after so long.", minimum=1
    )
    retry_interval: int = parameter(
        500 * MS, "duration", "A contender that failed starts again after so long.", minimum=1
    )
    keep_alive_time: int = parameter(
        10 * SECOND, "duration", "A client pings a connection that is silent for so long; 0: never.", 0
    )
    keep_alive_timeout: int = parameter(
        6 * SECOND, "duration", "A connection whose ping is unanswered for so long is dead.", minimum=1
    )

    @property
    def election(self) -> int:
        """Return the election timeout, in ns; what Raft draws is this and up to as much more."""
        return timeouts(self)[0]

    @property
    def minimum_ttl(self) -> int:
        """Return the shortest TTL of a lease, in ns: 1.5 election timeouts in whole seconds, rounded up.

        Source: `server/etcdserver/server.go` (minTTL).
        """
        return -(-3 * self.election // (2 * SECOND)) * SECOND

    @property
    def member_timeout(self) -> int:
        """Return how long a member works on one request, in ns (`ServerConfig.ReqTimeout`)."""
        return 5 * SECOND + 2 * self.election

    @property
    def validity(self) -> int:
        """Return how long a client counts on a renewal with `deadline: request`, on its own clock."""
        return shortened(max(self.ttl, self.minimum_ttl), self.rate_bound) - self.pause_bound


def check(parameters: EtcdParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break."""
    yield from check_raft(parameters)
    yield from one_of("recipe", parameters.recipe, RECIPES)
    yield from one_of("deadline", parameters.deadline, DEADLINES)
    yield from rate_is_a_share(parameters.rate_bound)
    if parameters.ttl % SECOND:
        yield f"ttl is a whole number of seconds in etcd, not {seconds(parameters.ttl)}"
    if not parameters.obey_done:
        yield "obey_done: a leader that goes on when its session is done leads beside the next one"
    # etcd refuses less than five (`server/embed/config.go`, Validate).
    if 5 * heartbeat(parameters) > parameters.election:
        yield (
            f"an election timeout lasts at least 5 heartbeats in etcd, not "
            f"{seconds(parameters.election)} where a heartbeat comes every {seconds(heartbeat(parameters))}"
        )
