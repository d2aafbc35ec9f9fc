"""What a process tells: in one call, or by a function made for a kind that comes often."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.api import NOTES
from protocols.recording import Noted, RecordingHost
from tests.unit.world import World


@pytest.mark.parametrize("kind", sorted(NOTES))
def test_a_noter_says_what_a_note_says(kind: str) -> None:
    """For every kind, to those who listened before it was made and to those who began later."""
    world = World().start()
    host, heard = world.probes["n1"].host, []

    def listener(*told: Any) -> None:
        heard.append(told)

    values = tuple(range(len(NOTES[kind])))
    world.cluster.trace.listen(kind, listener)
    note = host.noter(kind)
    note(*values)
    host.note(kind, *values)
    world.cluster.trace.listen(kind, listener)
    note(*values)

    assert heard == [("n1", *values)] * 4


def test_a_recording_host_records_what_a_noter_says() -> None:
    """As it does with a note."""
    host = RecordingHost("n1")
    host.note("truncated", 3)
    host.noter("truncated")(3)

    assert [Noted("truncated", (3,))] * 2 == host.take()
