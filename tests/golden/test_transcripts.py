"""Whole elections as text: a change of behaviour shows as a diff that can be read.

`pytest tests/golden --rewrite` writes them anew; whoever does that explains the difference.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Golden
from tests.golden import stories
from tests.golden.transcript import transcript

FOLDER = Path(__file__).parent
CLIENT = ("Request", "Reply")

STORIES: dict[str, tuple[dict[str, Any], str]] = {
    "election": (stories.ELECTION, "One server campaigns and is elected (Raft §5.2)."),
    "split_vote": (stories.SPLIT_VOTE, "Two of four campaign at once; the next term decides (Raft §5.2)."),
    "pre_vote": (
        stories.PRE_VOTE,
        "A server that hears nobody asks, and its term stays (Dissertation §9.6).",
    ),
    "check_quorum": (stories.CHECK_QUORUM, "A leader that hears nobody steps down (Dissertation §6.2)."),
    "figure_8_overwritten": (
        stories.FIGURE_8_OVERWRITTEN,
        "Raft Figure 8 (a) to (d): an entry of an earlier term is on a majority, and is overwritten.",
    ),
    "figure_8_committed": (
        stories.FIGURE_8_COMMITTED,
        "Raft Figure 8 (e): once an entry of the leader's own term is on a majority, all before it is safe.",
    ),
    "conflict": (stories.CONFLICT, "What a deposed leader appended alone is replaced (Raft §5.3)."),
    "install_snapshot": (stories.INSTALL_SNAPSHOT, "A follower lacks what is compacted already (Raft §7)."),
    "transfer": (stories.TRANSFER, "Leadership is handed over (Dissertation §3.10)."),
    "joint_membership": (stories.JOINT_MEMBERSHIP, "n4 for n2, by joint consensus (Raft §6)."),
}


@pytest.mark.parametrize("name", sorted(STORIES))
def test_transcript(name: str, golden: Golden) -> None:
    scenario, title = STORIES[name]

    golden.check(FOLDER / f"{name}.txt", transcript(scenario, title, quiet=CLIENT))


def test_every_transcript_is_told() -> None:
    """No file is left of a story that is not told any more."""
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(STORIES)
