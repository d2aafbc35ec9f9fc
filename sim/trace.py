"""What happened in a run: who is told, what is kept, and the digest of it all.

Every event is *emitted* once under a kind: the notes of `protocols.api.NOTES`, and led, followed,
service_led, service_followed, started, crashed, paused, resumed, saving, saved, effect. Whoever
listens (invariants, triggers of faults, the trace itself) subscribes before the run; what nobody listens
to costs a dictionary look-up.
"""

from __future__ import annotations

import struct
import zlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Literal

from sim.kernel import Kernel
from sim.records import Record

Level = Literal["off", "digest", "summary", "full"]
LEVELS: tuple[Level, ...] = ("off", "digest", "summary", "full")
Listener = Callable[..., None]
Listeners = defaultdict[str, list[Listener]]

_FLUSH = 8192


class Digest:
    """A running BLAKE2b over 64-bit integers, the same on every machine.

    `add` takes an iterable of integers. It gathers them; `flush` hashes what has
    gathered and must be called now and then by whoever adds (see `flush_if_large`).
    """

    __slots__ = ("_buffer", "_hash", "add")

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=16)
        self._buffer: list[int] = []
        self.add = self._buffer.extend

    def flush_if_large(self) -> None:
        """Hash what has gathered once it is enough to be worth it."""
        if len(self._buffer) > _FLUSH:
            self.flush()

    def flush(self) -> None:
        """Hash what has gathered."""
        buffer = self._buffer
        try:
            packed = struct.pack(f"<{len(buffer)}q", *buffer)
        except struct.error:  # a seed may have 64 bits without a sign
            packed = struct.pack(f"<{len(buffer)}q", *map(_in_64_bits, buffer))
        self._hash.update(packed)
        buffer.clear()

    def hexdigest(self) -> str:
        """Return the digest of all that was added, 32 hexadecimal digits."""
        self.flush()
        return self._hash.hexdigest()


def _in_64_bits(value: int) -> int:
    return value if -(1 << 63) <= value < 1 << 63 else code_of(repr(value))


@lru_cache(maxsize=65536)
def code_of(text: str) -> int:
    """Return a fixed 32-bit number for a name, for digests."""
    return zlib.crc32(text.encode())


class MessageCodec(dict[type, tuple[int, Callable[[Any], tuple[int, ...]]]]):
    """For each class of message: its code, and a function to its integer fields.

    Entries of a log and texts are left out: what a node makes of them is digested when it saves,
    applies or answers.
    """

    def __missing__(self, cls: type) -> tuple[int, Callable[[Any], tuple[int, ...]]]:
        names = (
            [f.name for f in fields(cls) if f.type in ("int", "bool", int, bool)] if is_dataclass(cls) else []
        )
        if len(names) == 1:
            only = attrgetter(names[0])
            getter: Callable[[Any], tuple[int, ...]] = lambda message: (only(message),)  # noqa: E731
        else:
            getter = attrgetter(*names) if names else _no_fields
        self[cls] = found = (code_of(cls.__name__), getter)
        return found


def _no_fields(message: Any) -> tuple[int, ...]:
    return ()


class Trace:
    """The record of one run, and the switchboard of its events."""

    __slots__ = ("_by_node", "codec", "details", "digest", "kernel", "level", "listeners", "milestones")

    def __init__(self, kernel: Kernel, level: Level, codec: MessageCodec) -> None:
        self.kernel = kernel
        self.level = level
        self.codec = codec
        self.digest = None if level == "off" else Digest()
        self.milestones: list[Record] = []
        self.details: list[Record] | None = [] if level in ("summary", "full") else None
        self.listeners: Listeners = defaultdict(list)
        self._by_node: dict[str, Listeners] = {}

    @property
    def now(self) -> int:
        """True time, in nanoseconds since the start of the run."""
        return self.kernel._now

    def listen(self, kind: str, listener: Listener) -> None:
        """Call `listener(node, *values)` at every event of that kind, in order of subscription."""
        self.listeners[kind].append(listener)
        for listeners in self._by_node.values():
            listeners[kind].append(listener)

    def of_node(self, node: str) -> Listeners:
        """Return the listeners to one node's events: those to all nodes' and, added there, its own."""
        found = self._by_node.get(node)
        if found is None:
            copies = {kind: listeners.copy() for kind, listeners in self.listeners.items()}
            found = self._by_node[node] = defaultdict(list, copies)
        return found

    def emit(self, kind: str, node: str, *values: Any) -> None:
        """Tell those who listen to `kind`."""
        for listener in self.of_node(node)[kind]:
            listener(node, *values)

    def milestone(self, record: Record) -> None:
        """Keep a milestone, whatever the level, and digest it."""
        self.milestones.append(record)
        if self.digest is not None:
            self.digest.add(_integers(record))
            self.digest.flush_if_large()

    def detail(self, record: Record) -> None:
        """Keep a detail, at the levels that have them."""
        if self.details is not None:
            self.details.append(record)


def _integers(record: Record) -> list[int]:
    """Return a record as integers: its kind, then each field."""
    code, values = _fields_of(record.__class__)
    return [code, *[v if v.__class__ is int else _code_of_value(v) for v in values(record)]]


@lru_cache(maxsize=256)
def _fields_of(cls: type) -> tuple[int, Callable[[Record], tuple[Any, ...]]]:
    """Return a record class's code, and a function to its fields (every class has two or more)."""
    return code_of(cls.__name__), attrgetter(*[field.name for field in fields(cls)])


def _code_of_value(value: Any) -> int:
    return code_of(value) if value.__class__ is str else code_of(repr(value))
