"""What PaxosLease's proposers and acceptors say to each other (Trencseni et al., PaxosLease, 2012)."""

from __future__ import annotations

from protocols.api import NodeId, message, record

Ballot = int
"""run x 1,000,000 + restarts x 100 + the node's number: unique, across restarts too."""


@message
class Accepted:
    """A proposal that an acceptor holds: `epoch` is the ballot with which its owner began to own."""

    ballot: Ballot
    owner: NodeId
    epoch: Ballot


@message
class Prepare:
    """Promise to answer no lower ballot, and tell what was accepted."""

    ballot: Ballot


@message
class Promise:
    """Promised; `accepted` is None when the acceptor holds no proposal (any more)."""

    ballot: Ballot
    accepted: Accepted | None


@message
class Propose:
    """Accept this for `lease` ns, on the acceptor's own clock."""

    ballot: Ballot
    proposal: Accepted
    lease: int


@message
class ProposeAccepted:
    """It is accepted."""

    ballot: Ballot


@message
class Rejected:
    """The acceptor promised a higher ballot."""

    ballot: Ballot
    promised: Ballot


@message
class Release:
    """The owner gives up the lease that it began under that ballot."""

    epoch: Ballot


@record
class Restarted:
    """How often this node was started: what makes its ballots unique."""

    count: int
