"""Fences: how a resource tells the leader of today from that of yesterday.

*By order*: tokens rise with every leadership, and the resource turns away what comes under a lower one
than it has let in (Kleppmann, "How to do distributed locking", 2016; sequencers in Chubby, OSDI 2006, §2.4).

*By compare-and-set*, where tokens only tell leaderships apart (Sanfilippo, "Is Redlock safe?", 2016, where
the owner is set without a condition, so that who begins late can take it back): the resource lets in its
owner, and whoever names the owner that it had when the sender asked, *before it began to acquire the lock*;
the sender then is the owner. If A becomes the owner after B, the owner that A had read was B or came after
B, so that B led before A began to acquire: leaderships follow each other at the resource as they did in
truth, whatever clocks, pauses and networks do. It asks that no two leaderships have one token, and that
the resource is one machine that forgets nothing.
"""

from __future__ import annotations

from typing import Protocol

from protocols.api import record


@record
class Admitted:
    """Whom a resource let in last: what a fenced resource must not forget. -1: nobody yet.

    `generation` counts those who were let in. Where tokens have no order, it is one.
    """

    token: int = -1
    generation: int = 0


NOBODY = Admitted()


class Fence(Protocol):
    """Decides whom a resource lets in."""

    fenced: bool
    meaning: str  # for users
    teaches: bool  # whether who asks is told who was let in last

    def token(self, epoch: int, claim: int | None) -> int:
        """Return what to remember of who is let in."""

    def passes(self, admitted: Admitted, epoch: int, claim: int | None) -> bool:
        """Return whether to let in what comes under `epoch`; for `claim` see each fence."""


class NoFence:
    """Lets everybody in, and remembers nobody."""

    fenced = False
    meaning = "none"
    teaches = False

    def token(self, epoch: int, claim: int | None) -> int:
        """Return nobody's token."""
        return NOBODY.token

    def passes(self, admitted: Admitted, epoch: int, claim: int | None) -> bool:
        """Let it in."""
        return True


class ByOrder:
    """Keeps the highest token. A claim, if there is one, is a token with an order in place of the epoch."""

    fenced = True
    meaning = "by the order of tokens"
    teaches = False

    def token(self, epoch: int, claim: int | None) -> int:
        """Return what has an order."""
        return epoch if claim is None else claim

    def passes(self, admitted: Admitted, epoch: int, claim: int | None) -> bool:
        """Let in what is not lower than the highest so far."""
        return self.token(epoch, claim) >= admitted.token


class ByOwner:
    """Compares and sets. A claim is the token of the owner that the sender expects to succeed."""

    fenced = True
    meaning = "by compare-and-set on the owner: tokens have no order"
    teaches = True

    def token(self, epoch: int, claim: int | None) -> int:
        """Return the new owner."""
        return epoch

    def passes(self, admitted: Admitted, epoch: int, claim: int | None) -> bool:
        """Let in the owner, and its successor."""
        return admitted.token in (epoch, claim)


def fence_for(fenced: bool, ordered: bool) -> Fence:
    """Return the fence of a resource, which depends on whether the tokens of leaders are `ordered`."""
    if not fenced:
        return NoFence()
    return ByOrder() if ordered else ByOwner()
