"""What protocols may report, with the names of the values.

Checkers, triggers of faults and the analysis rely on these meanings for every protocol.
"""

from __future__ import annotations

NOTES: dict[str, tuple[str, ...]] = {
    # liveness of the election
    "campaigned": ("epoch",),  # became a candidate in that epoch
    "vote_granted": ("candidate", "epoch"),
    "vote_refused": ("candidate", "epoch", "reason"),
    # begins to acquire what that token will stand for; of protocols without `ordered_epochs`
    "acquiring": ("token",),
    "leader_known": ("leader", "epoch"),  # first heard of that leader in that epoch
    "epoch_seen": ("epoch",),  # the node's own epoch (Raft's current_term) is now this
    # a replicated log; entries are `Entry` objects, indices start at 1
    "appended": ("prev_index", "prev_epoch", "entries"),  # to the own log, after prev_index
    "truncated": ("from_index",),  # entries from that index on were removed from the own log
    "committed": ("index", "epoch"),  # commit index, and the epoch of the node that reports it
    "applied": ("first_index", "entries"),  # to the state machine, in order
    "restored": ("index", "epoch"),  # the state machine was replaced by a snapshot up to index
    "membership": ("voters", "outgoing", "learners"),  # in force from now on at this node
    # sessions of clients, at each server
    "session_opened": ("session",),  # the transaction that opens it was applied here
    "session_closed": ("session",),  # the transaction that closes it was applied here
    "znode_created": ("path", "session"),  # an ephemeral node of that session
    "znode_removed": ("path", "session", "deleted"),  # by that session; deleted: by its wish, not its end
    "session_expired": ("session",),  # the leader finds that its time is over, and will close it
}
