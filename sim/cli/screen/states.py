"""How lanes show the states of a node; `analysis.states` says what they are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """One state; `plain` is the symbol where only ASCII can be shown, `style` a colour of rich."""

    name: str
    symbol: str
    plain: str
    style: str


CRASHED = State("crashed", "\u00d7", "x", "red")
PAUSED = State("paused", "=", "=", "magenta")
LEADER_CUT = State("leader, cut off", "▓", "%", "bold yellow")
CUT = State("cut off", "╌", "~", "yellow")
CANDIDATE = State("candidate", "?", "?", "bold cyan")
LEADER = State("leader", "█", "#", "bold green")
SERVICE_LEADER = State("service leader", "▒", "*", "green")
FOLLOWER = State("follower", "─", "-", "dim")
ABSENT = State("not started", " ", " ", "")

STATES = (CRASHED, PAUSED, LEADER_CUT, CUT, CANDIDATE, LEADER, SERVICE_LEADER, FOLLOWER, ABSENT)
"""The most notable first: of several states within one column of a lane, that one is shown."""

BY_NAME = {state.name: state for state in STATES}

FAULT_LASTS = ("─", "-")
SYMBOLS = "".join(state.symbol for state in STATES) + FAULT_LASTS[0]
