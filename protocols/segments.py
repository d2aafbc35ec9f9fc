"""What connections are made of: the messages of `protocols.connections`, as TCP's segments are."""

from __future__ import annotations

from typing import Any

from protocols.api import message


@message
class Open:
    """Asks for a connection to a service (a port); `connection` is unique for the sender (SYN)."""

    connection: int
    service: str = ""


@message
class Opened:
    """It is open (SYN-ACK)."""

    connection: int


@message
class Segment:
    """One message of a connection; numbers count from 0 in each direction."""

    connection: int
    from_opener: bool
    number: int
    payload: Any

    @property
    def carried(self) -> Any:
        """Return what a reader of a trace wants to see in its place."""
        return self.payload


@message
class Acknowledged:
    """All segments below `number` arrived."""

    connection: int
    from_opener: bool
    number: int


@message
class Reset:
    """There is no such connection here (RST)."""

    connection: int
    from_opener: bool


@message
class Close:
    """The connection is over on this side (FIN)."""

    connection: int
    from_opener: bool


@message
class Closed:
    """The other side knows that it is over (ACK of FIN); `from_opener` is that of its `Close`."""

    connection: int
    from_opener: bool
