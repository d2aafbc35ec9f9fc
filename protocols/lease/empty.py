"""The disk of a process that saves nothing."""

from __future__ import annotations

from typing import Any


class EmptyStorage:
    """An image without content; contenders of lease protocols forget everything in a crash."""

    def apply(self, record: Any) -> None:
        """Keep nothing."""

    def copy(self) -> EmptyStorage:
        """Return itself: there is nothing to change."""
        return self
