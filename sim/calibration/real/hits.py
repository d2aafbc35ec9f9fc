"""What the column `fault` says, in the words of whoever measured: how the leader was hit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Action = Literal["kill", "pause", "stop", "cut"]
Direction = Literal["both", "in", "out"]


@dataclass(frozen=True, slots=True)
class Hit:
    """What was done to whoever led.

    `direction`, of a cut: "in": it received nothing, "out": nothing of it arrived. `service_too`: the
    leader of the service was hit with the client that led.
    """

    action: Action
    direction: Direction = "both"
    service_too: bool = False


_ACTIONS: tuple[tuple[Action, str], ...] = (
    ("pause", r"sigstop|paused?\b|kill -stop|frozen"),
    ("stop", r"sigterm|graceful|kill -15|kill -term"),
    ("kill", r"kill|crash"),
    ("cut", r"cut off|partition|isolat|disconnect|drop|block"),
)
_VICTIM = r"leader|leading|holder"
_SERVICE_TOO = r"(holder|client)\b.*\b(and|with)\b.*\bleader|leader\b.*\b(and|with)\b.*(holder|client)"

_OTHERS = r"(?:followers?|members|others|peers|rest|quorum)"
_WAYS: tuple[tuple[Direction, str], ...] = (
    ("both", r"\bboth\b|\bfull"),
    ("out", rf"leader (?:->|to) (?:the )?{_OTHERS}"),
    ("in", rf"{_OTHERS} (?:->|to) (?:the )?leader"),
    ("out", r"(?:not|cannot|never) (?:be )?heard|sends nothing|(?:not|cannot|can't|never) send"),
    ("in", r"(?:hears|receives) nothing|(?:not|cannot|can't|never) (?:hear|receive)"),
    ("in", r"(?:only|still|can) send|send(?:s|ing)? only"),
    ("out", r"(?:only|still|can) (?:hear|receive)|(?:hear|receiv)\w* only"),
    ("in", r"\b(?:in|inbound|incoming|ingress|input|deaf|receiv\w*)\b"),
    ("out", r"\b(?:out|outbound|outgoing|egress|output|mute|send\w*)\b"),
)
"""The first that is found says which direction was cut."""
_ONE_WAY = r"one[- ](?:way|direction|side)|asymmetric|single direction"


def hit_of(text: str) -> Hit | None:
    """Return what a fault is, None if it is none of these, or of somebody who did not lead.

    Raises:
        ValueError: a cut is one-way, and it does not say which way.
    """
    said = " ".join(text.lower().replace("→", "->").split())
    action = next((action for action, words in _ACTIONS if re.search(words, said)), None)
    if action is None or not re.search(_VICTIM, said):
        return None
    direction = _direction(text, said) if action == "cut" else "both"
    return Hit(action, direction, bool(re.search(_SERVICE_TOO, said)))


def _direction(text: str, said: str) -> Direction:
    for direction, words in _WAYS:
        if re.search(words, said):
            return direction
    if re.search(_ONE_WAY, said):
        raise ValueError(f"'{text}' does not say which way is cut, expected incoming or outgoing")
    return "both"
