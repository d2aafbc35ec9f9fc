"""The clients: open loop, retries, hints, refusals, deadlines, and what they may say for certain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocols.api import Refused, Reply, Request
from sim.cluster import Cluster
from sim.records import Operation
from sim.run import run
from sim.workloads.database_primary import SERIALS, Client, Parameters, check
from tests.unit.faults_testing import MS, at, scenario, world

STEADY: dict[str, Any] = {
    "name": "database-primary",
    "rate": "10/s",
    "clients": 1,
    "arrival": "steady",
    "attempt_timeout": "300ms",
    "deadline": "1s",
    "retry_interval": "50ms",
}


class Bench:
    """One client whose servers never get what it sends: the test answers in their place."""

    def __init__(self, **workload: Any) -> None:
        self.cluster: Cluster = world(workload={**STEADY, **workload})
        self.sent: list[tuple[int, str, Request]] = []
        routes = self.cluster.network.routes["c1"]
        for server in self.cluster.servers:
            routes[server] = self._recorder(server)
        self.client: Client = self.cluster.nodes["c1"].process  # type: ignore[assignment]

    def _recorder(self, server: str) -> Any:
        return lambda message: self.sent.append((self.cluster.now // MS, server, message))

    def attempts(self, serial: int = 1) -> list[tuple[int, str]]:
        """Return when, in milliseconds, and to whom a command was sent."""
        return [(time, server) for time, server, request in self.sent if request.serial == serial]

    def answer(self, time_ms: float, source: str, outcome: Any, leader: str | None = None) -> None:
        """Let a server answer the first command at that time."""
        at(self.cluster, time_ms)
        self.client.on_reply(source, Reply("c1", 1, outcome, 7, leader, 3))

    def refuse(self, time_ms: float, source: str) -> None:
        """Let a machine say that nobody listens."""
        at(self.cluster, time_ms)
        self.client.on_refused(source, Refused(source))

    def outcome(self) -> tuple[int, int, int]:
        """Return how many operations ended ok, fail and info."""
        tally = self.cluster.tally
        return tally.ok, tally.fail, tally.info


def test_commands_arrive_on_schedule_whether_or_not_they_are_answered() -> None:
    """Open loop: a client that waits politely hides an outage."""
    bench = Bench()
    at(bench.cluster, 1001)
    first = {request.serial: time for time, _, request in reversed(bench.sent)}

    assert first == {serial: 100 * serial for serial in range(1, 11)}


def test_rate_is_that_of_all_clients_together() -> None:
    """100 per second for ten seconds, by two clients: 1000 in all, of which each has its half."""
    result = run(scenario(workload={**STEADY, "rate": "100/s", "clients": 2}), trace="summary")
    operations = [record for record in result.details if type(record) is Operation]
    clients = {client: sum(op.client == client for op in operations) for client in ("c1", "c2")}

    assert len(operations) == pytest.approx(1000, abs=20)
    assert clients["c1"] == pytest.approx(500, abs=10)


def test_poisson_arrivals_have_the_same_mean_and_other_gaps() -> None:
    cluster = at(world(workload={**STEADY, "rate": "100/s", "arrival": "poisson"}), 10_000)

    # A Poisson count of mean 1000: five standard deviations are 158.
    assert 842 < cluster.tally.ended < 1158


def test_attempt_that_is_not_answered_goes_to_the_next_server() -> None:
    bench = Bench()
    at(bench.cluster, 750)

    assert bench.attempts() == [(100, "n1"), (400, "n2"), (700, "n3")]


def test_hint_is_followed_at_once() -> None:
    bench = Bench()
    bench.answer(110, "n1", "not_leader", "n3")

    assert bench.attempts() == [(100, "n1"), (110, "n3")]


def test_answer_without_a_hint_leads_to_the_next_server_after_the_interval() -> None:
    bench = Bench()
    bench.answer(110, "n1", "not_leader")
    at(bench.cluster, 165)

    assert bench.attempts() == [(100, "n1"), (160, "n2")]


def test_server_that_names_itself_is_no_hint() -> None:
    bench = Bench()
    bench.answer(110, "n1", "not_leader", "n1")
    at(bench.cluster, 165)

    assert bench.attempts() == [(100, "n1"), (160, "n2")]


def test_late_answer_of_another_server_starts_no_attempt() -> None:
    """The command has moved on to n2; what n1 says now concerns an attempt that was given up."""
    bench = Bench()
    at(bench.cluster, 410)
    bench.answer(420, "n1", "not_leader", "n3")

    assert bench.attempts() == [(100, "n1"), (400, "n2")]


def test_late_success_counts_whoever_brings_it() -> None:
    bench = Bench()
    bench.answer(420, "n1", "ok")

    assert bench.outcome() == (1, 0, 0)


def test_second_success_is_ignored() -> None:
    bench = Bench()
    bench.answer(110, "n1", "ok")
    bench.answer(120, "n1", "ok")

    assert bench.outcome() == (1, 0, 0)


def test_refusal_moves_all_that_went_there() -> None:
    bench = Bench()
    bench.refuse(250, "n1")
    at(bench.cluster, 310)

    assert bench.attempts(1) == [(100, "n1"), (300, "n2")]
    assert bench.attempts(2) == [(200, "n1"), (300, "n2")]


def test_later_commands_go_where_the_last_success_came_from() -> None:
    bench = Bench()
    bench.answer(150, "n3", "ok")
    at(bench.cluster, 210)

    assert bench.attempts(2) == [(200, "n3")]


def test_request_names_the_oldest_open_command() -> None:
    """So that servers may forget what they answered before."""
    bench = Bench()
    at(bench.cluster, 350)
    bench.answer(360, "n1", "ok")
    at(bench.cluster, 450)
    oldest = {request.serial: request.oldest for _, _, request in bench.sent}

    assert oldest == {1: 1, 2: 1, 3: 1, 4: 2}


# What is certain -------------------------------------------------------------------------------------


def test_command_that_everybody_declined_has_failed_for_certain() -> None:
    """Each server said that it did not take it, until the deadline."""
    bench = Bench(rate="1/s")
    bench.answer(1010, "n1", "not_leader")
    decline_everything(bench)

    assert bench.outcome() == (0, 1, 0)
    assert 2000 <= bench.cluster.now // MS < 2100


def decline_everything(bench: Bench) -> None:
    """Let every server say, 10 ms after each attempt, that it does not lead, until the client gives up."""
    attempts, time = len(bench.attempts()), 1020
    while sum(bench.outcome()) == 0:
        time += 1
        at(bench.cluster, time)
        if len(bench.attempts()) > attempts:
            attempts, time = len(bench.attempts()), time + 10
            bench.answer(time, bench.attempts()[-1][1], "not_leader")


def test_unanswered_command_may_have_been_done() -> None:
    """The deadline, 1 s, is looked at when an attempt of 300 ms ends: after 1.2 s."""
    bench = Bench(rate="1/s")
    at(bench.cluster, 2199)
    assert bench.outcome() == (0, 0, 0)
    at(bench.cluster, 2201)

    assert bench.outcome() == (0, 0, 1)
    assert len(bench.attempts()) == 4


@pytest.mark.parametrize("outcome", ["unknown", "refused"])
def test_doubt_stays_even_if_everybody_declines_afterwards(outcome: str) -> None:
    """A deposed leader cannot tell; a machine without process does not say which attempt it refused."""
    bench = Bench(rate="1/s")
    if outcome == "refused":
        bench.refuse(1010, "n1")
    else:
        bench.answer(1010, "n1", outcome)
    decline_everything(bench)

    assert bench.outcome() == (0, 0, 1)


def test_refused_command_may_have_been_accepted_before_the_crash() -> None:
    """One attempt reached the leader, which replicated it and died; the refusal was for the next command."""
    bench = Bench()
    at(bench.cluster, 201)
    bench.refuse(202, "n1")
    command = bench.client._open[1]

    assert command.doubtful


def test_read_that_was_not_answered_has_failed_for_certain() -> None:
    """It has no effect, whether or not it was done."""
    bench = Bench(rate="1/s", reads="100%")
    at(bench.cluster, 2201)

    assert bench.outcome() == (0, 1, 0)


def test_reads_and_writes_come_in_the_share_that_was_asked_for() -> None:
    """Of 2000 commands 30 % read: within five standard deviations (20 each) of 600."""
    bench = Bench(rate="200/s", reads="30%", keys=4)
    at(bench.cluster, 10_000)
    commands = {request.serial: request.command for _, _, request in bench.sent}
    reads = sum(command[0] == "get" for command in commands.values())

    assert 500 < reads < 700
    assert {command[1] for command in commands.values()} == {0, 1, 2, 3}


def test_crashed_client_starts_with_numbers_that_it_never_used() -> None:
    """Or servers would take its new commands for old ones, and answer what they answered then."""
    faults = [{"at": "1050ms", "crash": "c1", "restart_after": "1s"}]
    result = run(scenario(faults, workload=STEADY), trace="summary")
    serials = [record.serial for record in result.details if type(record) is Operation]

    assert len(set(serials)) == len(serials)
    assert max(serials) == SERIALS + 79
    assert {r.outcome for r in result.details if type(r) is Operation and r.serial > SERIALS} == {"ok"}


def test_parameters_that_contradict_each_other() -> None:
    usual = Parameters()

    assert list(check(usual)) == []
    assert len(list(check(replace(usual, arrival="in waves")))) == 1
    assert len(list(check(replace(usual, attempt_timeout=2, deadline=1)))) == 1
    assert len(list(check(replace(usual, reads=1.5)))) == 1


@pytest.mark.parametrize(("duplicate", "certain"), [("0%", True), ("1%", False)])
def test_a_refusal_is_certain_only_without_duplicates(duplicate: str, certain: bool) -> None:
    """`not_leader` says that this copy of the request was not taken; another copy may have been."""
    result = run(
        {
            "schema": 1,
            "name": "refusals",
            "about": "Nobody leads, and every server that can be reached says so.",
            "duration": "4s",
            "protocol": {"name": "raft", "nodes": 3, "election_timeout": ["10s", "20s"]},
            "network": {"duplicate": duplicate},
            "workload": {"name": "database-primary", "rate": "20/s"},
        }
    )
    assert (result.tally.fail > 0) == certain
