"""Raft with its extensions: used as soon as a scenario switches one on, or a service runs on it."""

from __future__ import annotations

from protocols.api import Group, Host
from protocols.raft.parameters import RaftParameters
from protocols.raft.sending import Sending
from protocols.raft.service import PLAIN, Seam
from protocols.raft.storage import RaftStorage


class ExtendedRaft(Sending):
    """One incarnation of one server that knows all extensions; each does nothing while it is off."""

    __slots__ = ()

    def __init__(
        self,
        host: Host,
        group: Group,
        parameters: RaftParameters,
        storage: RaftStorage,
        seam: Seam = PLAIN,
    ) -> None:
        super().__init__(host, group, parameters, storage, seam)
        # Last, so that a service may take a message from Raft.
        self.handlers = {**self.handlers, **self.service.handlers}
