"""Log Matching and State Machine Safety agree with brute force on small random histories."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.api import Entry
from sim.invariants.log_matching import LogMatching
from sim.invariants.replay import Event, replay
from sim.invariants.state_machine_safety import StateMachineSafety

SERVERS = ("n1", "n2", "n3")
Log = tuple[Entry, ...]

# Few epochs and commands, so that logs often agree by chance; a new object each time, so that entries
# which are equal are not always the same.
entries = st.builds(Entry, epoch=st.integers(1, 2), command=st.sampled_from("ab"))
shared = st.sampled_from([Entry(1, "a"), Entry(1, "b"), Entry(2, "a")])
runs = st.lists(entries | shared, min_size=1, max_size=3).map(tuple)

# At which length to cut the log of a server, and what to append then.
writes = st.lists(st.tuples(st.sampled_from(SERVERS), st.integers(0, 4), runs), max_size=8)


def told(writes: list[tuple[str, int, Log]]) -> tuple[list[Event], list[Log]]:
    """Return the notes that tell of these writes, and every log that ever was."""
    logs: dict[str, Log] = dict.fromkeys(SERVERS, ())
    events: list[Event] = []
    states: list[Log] = []
    for server, length, added in writes:
        kept = logs[server][:length]
        if len(kept) < len(logs[server]):
            events.append(("truncated", server, len(kept) + 1))
        events.append(("appended", server, len(kept), kept[-1].epoch if kept else 0, added))
        logs[server] = kept + added
        states.append(logs[server])
    return events, states


def logs_match(states: list[Log]) -> bool:
    """Raft Figure 3, literally: the same index and term, so identical up through that index."""
    return all(
        one[: i + 1] == other[: i + 1]
        for one in states
        for other in states
        for i in range(min(len(one), len(other)))
        if one[i].epoch == other[i].epoch
    )


@settings(max_examples=300)
@given(writes)
def test_log_matching_agrees_with_the_definition(writes: list[tuple[str, int, Log]]) -> None:
    """The inductive check over (index, epoch) flags exactly the histories that break Raft Figure 3."""
    events, states = told(writes)

    assert logs_match(states) == (replay((LogMatching,), SERVERS, events) == [])


def applies_safely(applied: list[tuple[str, int, Log]]) -> bool:
    """Nobody applied another entry at an index, and everybody applied 1, 2, 3 ... in that order."""
    indices: dict[str, list[int]] = {server: [] for server in SERVERS}
    at: dict[int, list[Entry]] = {}
    for server, first, run in applied:
        for index, entry in enumerate(run, first):
            indices[server].append(index)
            at.setdefault(index, []).append(entry)
    in_order = all(numbers == list(range(1, len(numbers) + 1)) for numbers in indices.values())
    return in_order and all(entry == found[0] for found in at.values() for entry in found)


@settings(max_examples=300)
@given(st.data())
def test_state_machine_safety_agrees_with_the_definition(data: st.DataObject) -> None:
    """It flags exactly the histories in which somebody applied something else, or out of order."""
    agreed = data.draw(st.lists(shared, min_size=6, max_size=6))
    reached = dict.fromkeys(SERVERS, 1)
    applied: list[tuple[str, int, Log]] = []
    for server in data.draw(st.lists(st.sampled_from(SERVERS), max_size=8)):
        first = reached[server] + data.draw(st.sampled_from([0] * 12 + [-1, 1]))
        run = tuple(
            Entry(e.epoch, e.command) for e in agreed[first - 1 : first + data.draw(st.integers(0, 2))]
        )
        if run and data.draw(st.sampled_from([False] * 12 + [True])):
            run = (*run[:-1], data.draw(entries))
        reached[server] = max(first, 1) + len(run)
        applied.append((server, max(first, 1), run))
    # An empty run of entries says nothing, and protocols do not report it.
    applied = [a for a in applied if a[2]]

    events: list[Event] = [("applied", *a) for a in applied]
    assert applies_safely(applied) == (replay((StateMachineSafety,), SERVERS, events) == [])
