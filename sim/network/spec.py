"""What a link is like: plain data, one `LinkSpec` per directed pair of nodes."""

from __future__ import annotations

from dataclasses import dataclass

from sim.distributions import Constant, Distribution


@dataclass(frozen=True, slots=True)
class Loss:
    """Share of messages lost; in bursts of mean length `burst` (1: independently).

    Bursts follow Gilbert's two-state model (Bell System Technical Journal 39, 1960) with all lost in
    the bad state: P(bad -> good) = 1 / burst, P(good -> bad) such that the average loss is `share`.
    """

    share: float = 0.0
    burst: float = 1.0


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """How a directed link treats messages."""

    latency: Distribution = Constant(1_000_000)
    loss: Loss = Loss()
    duplicate: float = 0.0  # share of messages that arrive twice
    reorder: float = 0.0  # share of messages that are held back ...
    reorder_by: Distribution = Constant(0)  # ... by this much more
    fifo: bool = False  # nothing overtakes
    bytes_per_second: int | None = None  # None: without limit
    extra_latency: Distribution | None = None  # added to `latency`: jitter on a measured base

    @property
    def plain(self) -> bool:
        """True if only latency and loss matter: the fast lane."""
        return not (self.duplicate or self.reorder or self.fifo or self.bytes_per_second)
