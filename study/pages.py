"""The pages, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.plots.style import duration
from study.measure import Measured
from study.settings import SEEDS

MADE = "<!-- Made by `make study` from real runs; do not edit. -->"
ANSWERS = {
    "answer-leader-crash": (
        'Leader crash: "fast election"',
        "The leader is killed at 15 s and stays down. An answer is the time without a leader, and its price. "
        "A dead leader writes nothing late, so there is no damage to see here, but for clients that wait.",
    ),
    "answer-network-partition": (
        'Network partition: "majority rule"',
        "The leader is cut off from all other members at 15 s, for 70 s; the store that leaders "
        "write to is reached "
        "by both sides. The majority rule keeps the number of leaders *per epoch* at one. It does "
        "not tell the old "
        "one: until it hears of the new one, or gives up by itself (CheckQuorum, the end of its "
        "lease), its writes "
        "go on. Fencing at the store stops them.",
    ),
    "answer-clock-drift": (
        'Clock drift: "lease expires, synchronise clocks"',
        "The leader's clock is slow by 25 %; ten seconds later it is cut off as in the page on "
        "partitions, but still "
        "reaches the store. Who counts a lease on that clock believes for longer than the lease lasts: "
        "the difference "
        "to the partition page is what the clock does. A margin for the error is paid with a shorter "
        "use of each "
        "lease; fencing makes the damage impossible; who uses no clock for safety (Raft) is no worse "
        "off than there.",
    ),
}
TESTS = {
    "answer-leader-crash": "Kill the leader",
    "answer-network-partition": "Partition the network",
    "answer-clock-drift": "Skew the clock",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What the pages say of one setting under one scenario; nothing if it could not be run."""

    protocol: str
    answer: tuple[str, ...] = ()
    test: tuple[str, ...] = ()


def row(each: Measured) -> Row:
    """Return the cells of a setting."""
    protocol, what = each.setting.protocol, each.setting.what
    if not each.plain:
        return Row(protocol)
    stale, leaderless = f"{each.mean('effects.stale_accepted'):.3g}", each.leaderless
    answer = (
        protocol,
        what,
        leaderless,
        duration(each.mean("split_brain.dual_belief.total")),
        stale,
        f"{each.mean('effects.stale_accepted', fenced=True):.3g}",
        f"{each.mean('availability.system'):.1%}",
        f"{each.mean('cost.messages_per_second'):.0f}",
    )
    return Row(protocol, answer, (protocol, what, each.violated, stale, leaderless))


def answer_page(scenario: str, found: Sequence[Row]) -> str:
    """Return the page of one classic answer: a row per protocol and setting."""
    title, about = ANSWERS[scenario]
    head = [
        "protocol", "setting", "without a leader (median)", "two believers, per run",
        "stale writes accepted, per run", "the same, fenced", "available", "messages/s",
    ]  # fmt: skip
    rows = [each.answer for each in found if each.answer]
    return _page(title, f"{about}\n\n{_how(scenario)}\n\n{_table(head, rows)}\n{_left_out(found)}")


def three_ways_page(found: Mapping[str, Sequence[Row]]) -> str:
    """Return the page of the three ways to test an election: what each finds, and where it finds nothing."""
    parts = [
        "Each way is tried on sound protocols and on recipes with a known mistake (`*-naive-*`). A "
        "way to test is "
        "worth what it finds: a mistake that only shows under a partition is not found by killing leaders."
    ]
    head = [
        "protocol",
        "setting",
        "properties violated",
        "stale writes accepted, per run",
        "without a leader (median)",
    ]
    for scenario, title in TESTS.items():
        rows = [each.test for each in found[scenario] if each.test]
        parts.append(f"## {title}\n\n{_how(scenario)}\n\n{_table(head, rows)}")
    return _page("Three ways to test an election", "\n\n".join(parts))


def _how(scenario: str) -> str:
    seeds = f"{SEEDS.start}..{SEEDS.stop - 1}"
    command = f"leadersim run scenarios/studies/{scenario}.yaml --protocol NAME --set ... --seeds {seeds}"
    return f"Scenario: [{scenario}]({scenario}.yaml), seeds {seeds} for every row: `{command}`."


def _page(title: str, text: str) -> str:
    return f"{MADE}\n# {title}\n\n{text}\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _left_out(found: Sequence[Row]) -> str:
    names = sorted({each.protocol for each in found if not each.answer})
    return (
        f"\nNot measured, since the scenario does not fit its parameters: {', '.join(names)}.\n"
        if names
        else ""
    )
