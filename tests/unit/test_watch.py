"""From the events of a protocol to the milestones that the analysis needs."""

from __future__ import annotations

from protocols.api import Entry
from sim.invariants.replay import ListLog
from sim.records import Answered, Campaigned, LeaderKnown, Served, Stalled
from tests.unit.world import MS, S, World

BOUND = 100 * MS
KINDS = (Campaigned, LeaderKnown, Served, Answered, Stalled)


class Play:
    """Nodes that say what a protocol would say, at a millisecond."""

    def __init__(self) -> None:
        self.world = World(3, bound_ns=BOUND)
        self.world.on_start = lambda probe: setattr(probe, "log", ListLog())

    def at(self, ms: int, node: str, kind: str, *values: object) -> None:
        """Let a node report something."""
        self.world.at(ms * MS, lambda: self._say(node, kind, *values))

    def _say(self, node: str, kind: str, *values: object) -> None:
        host = self.world.probes[node].host
        if kind in ("lead", "follow"):
            getattr(host, kind)(*values)
        elif kind == "append":
            host.note("appended", values[0], 1, (Entry(1, None),))
        else:
            host.note(kind, *values)

    def milestones(self) -> list[object]:
        """Return what the watch wrote, after the end of the run."""
        self.world.run(S)
        self.world.cluster.watch.finish()
        return self.world.milestones(*KINDS)


def test_candidacies_and_known_leaders_become_milestones() -> None:
    """As they are reported."""
    play = Play()
    play.at(1, "n1", "campaigned", 4)
    play.at(2, "n2", "leader_known", "n1", 4)

    assert [Campaigned(MS, "n1", 4), LeaderKnown(2 * MS, "n2", "n1", 4)] == play.milestones()


def test_the_first_commit_of_a_leader_is_its_service() -> None:
    """One for each epoch; a follower's commit is none, nor one of a leader of the past or another epoch."""
    play = Play()
    play.at(1, "n1", "lead", 1)
    play.at(2, "n2", "committed", 1, 1)
    play.at(2, "n1", "committed", 1, 7)
    play.at(3, "n1", "committed", 1, 1)
    play.at(4, "n1", "committed", 2, 1)
    play.at(5, "n2", "lead", 2)
    play.at(6, "n1", "committed", 3, 1)
    play.at(7, "n2", "committed", 3, 2)

    assert [Served(3 * MS, "n1", 1), Served(7 * MS, "n2", 2)] == play.milestones()


def test_a_command_that_commits_late_is_a_stall() -> None:
    """Later than the bound, not at it; written when it commits, with its beginning."""
    play = Play()
    play.at(0, "n1", "lead", 1)
    play.at(0, "n1", "append", 0)
    play.at(100, "n1", "committed", 1, 1)
    play.at(200, "n1", "append", 1)
    play.at(250, "n1", "append", 2)
    play.at(301, "n1", "committed", 2, 1)
    play.at(351, "n1", "committed", 3, 1)

    stalls = [Stalled(301 * MS, "n1", 1, 200 * MS), Stalled(351 * MS, "n1", 1, 250 * MS)]
    assert [Served(100 * MS, "n1", 1), *stalls] == play.milestones()


def test_a_commit_of_several_commands_is_one_stall() -> None:
    """From when the oldest of them was issued."""
    play = Play()
    play.at(0, "n1", "lead", 1)
    for ms in (10, 20, 30):
        play.at(ms, "n1", "append", ms // 10 - 1)
    play.at(500, "n1", "committed", 3, 1)

    assert [Served(500 * MS, "n1", 1), Stalled(500 * MS, "n1", 1, 10 * MS)] == play.milestones()


def test_what_waits_at_the_end_of_the_run_is_a_stall_if_it_waited_long_enough() -> None:
    """The run ends at 1 s."""
    for issued_ms, expected in ((899, [Stalled(S, "n1", 1, 899 * MS)]), (900, []), (950, [])):
        play = Play()
        play.at(0, "n1", "lead", 1)
        play.at(issued_ms, "n1", "append", 0)
        assert expected == play.milestones()


def test_what_a_fallen_leader_had_not_committed_is_no_stall() -> None:
    """It is part of the election; the next leader's commands are watched."""
    play = Play()
    play.at(0, "n1", "lead", 1)
    play.at(10, "n1", "append", 0)
    play.at(20, "n1", "follow", "higher epoch")
    play.at(500, "n1", "committed", 1, 1)
    play.at(600, "n2", "lead", 2)
    play.at(610, "n2", "append", 1)
    play.at(800, "n2", "committed", 2, 2)

    assert [Served(800 * MS, "n2", 2), Stalled(800 * MS, "n2", 2, 610 * MS)] == play.milestones()


def test_a_leader_of_a_higher_epoch_takes_the_place_of_one_that_does_not_know_yet() -> None:
    """The old leader, cut off and believing still, stalls nobody any more."""
    play = Play()
    play.at(0, "n1", "lead", 1)
    play.at(10, "n1", "append", 0)
    play.at(20, "n2", "lead", 2)
    play.at(30, "n1", "append", 1)
    play.at(40, "n2", "append", 0)
    play.at(50, "n2", "committed", 1, 2)
    play.at(900, "n1", "follow", "higher epoch")

    assert [Served(50 * MS, "n2", 2)] == play.milestones()


def test_a_leader_of_a_lower_epoch_takes_nobodys_place() -> None:
    """One that wakes up late and believes: the newer one is watched still."""
    play = Play()
    play.at(0, "n2", "lead", 2)
    play.at(10, "n2", "append", 0)
    play.at(20, "n1", "lead", 1)
    play.at(300, "n2", "committed", 1, 2)

    assert play.milestones() == [Served(300 * MS, "n2", 2), Stalled(300 * MS, "n2", 2, 10 * MS)]


def test_the_first_success_of_any_client_from_an_epoch_is_an_answer() -> None:
    """One for each epoch, and none for an epoch that is over."""
    play = Play()
    watch = play.world.cluster.watch
    for ms, client, epoch in ((1, "c1", 1), (2, "c2", 1), (3, "c2", 3), (4, "c1", 2)):
        answer = (client, f"n{epoch}", epoch)
        play.world.at(ms * MS, lambda answer=answer: watch.answered(*answer))  # type: ignore[misc]

    assert [Answered(MS, "c1", "n1", 1), Answered(3 * MS, "c2", "n3", 3)] == play.milestones()
