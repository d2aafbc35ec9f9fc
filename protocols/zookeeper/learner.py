"""What a leader knows of one follower (LearnerHandler.java)."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.connections import Connection


@dataclass(slots=True)
class Learner:
    """One connection of one follower."""

    server: int
    connection: Connection
    deadline_tick: int  # of the next word from it (tickOfNextAckDeadline)
    heard_at: int
    last_zxid: int = 0
    acked_epoch: bool = False
    forwarding: bool = False  # it has been sent the history, and is sent what comes
    up_to_date: bool = False
    closed_at: int | None = None

    def alive(self, now: int, grace_ns: int) -> bool:
        """Return whether its thread runs: it ends a moment after the connection (LearnerHandler.run)."""
        return self.closed_at is None or now - self.closed_at < grace_ns
