"""Who holds what: faults of one kind may overlap on one node, and the first to end must not end them all."""

from __future__ import annotations

from typing import Any

Key = tuple[str, str, int]
"""What is held: the kind ("down"), the node, and the incarnation where it dies with the process (or 0)."""


class Claims:
    """What the faults that are on hold of each node, the newest last, each with a value of its own."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[Key, list[tuple[object, Any]]] = {}

    def add(self, key: Key, token: object, value: Any = None) -> None:
        """Claim `key` for `token`."""
        self._held.setdefault(key, []).append((token, value))

    def release(self, key: Key, token: object) -> bool:
        """Give up the claim of `token`; return whether there was one, and nobody holds `key` any more."""
        held = self._held.get(key, [])
        left = [(owner, value) for owner, value in held if owner is not token]
        if left:
            self._held[key] = left
        else:
            self._held.pop(key, None)
        return bool(held) and not left

    def newest(self, key: Key) -> Any:
        """Return the value of the newest claim; None if there is none."""
        held = self._held.get(key)
        return held[-1][1] if held else None

    def holder(self, key: Key) -> object:
        """Return whose claim is the newest; None if there is none."""
        held = self._held.get(key)
        return held[-1][0] if held else None

    def drop(self, key: Key) -> None:
        """Forget every claim of `key`."""
        self._held.pop(key, None)
