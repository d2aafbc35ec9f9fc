"""A Mermaid sequence diagram of a short window, to paste into documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from analysis.exports.happenings import Happening, happenings
from analysis.rundata import RunData
from sim.errors import UserError

MOST = 200
_SHOWN = frozenset(
    {"led", "followed", "campaigned", "served", "crashed", "started", "paused", "resumed", "violated"}
)


def mermaid(run: RunData, from_ns: int = 0, to_ns: int | None = None) -> str:
    """Return a `sequenceDiagram` of messages in order of arrival, and of what nodes became.

    It has no time axis, so notes give the time.

    Raises:
        UserError: more than `MOST` messages lie in the window.

    Source: Mermaid's syntax of sequence diagrams (mermaid.js.org/syntax/sequenceDiagram.html).
    """
    found = [each for each in happenings(run, from_ns, to_ns) if each.node]
    count = sum(each.event in ("receive", "lose") for each in found)
    if count > MOST:
        raise UserError(f"{count} messages; a sequence diagram holds {MOST}: narrow it with --from and --to")
    shown = [each for each in found if each.event in ("receive", "lose") or each.event in _SHOWN]
    nodes = {node: f"p{number}" for number, node in enumerate(sorted(_nodes(shown)))}
    lines = [
        "sequenceDiagram",
        *(f"    participant {alias} as {_text(node)}" for node, alias in nodes.items()),
    ]
    return "\n".join([*lines, *(f"    {line}" for line in _lines(shown, nodes))]) + "\n"


def _nodes(found: Sequence[Happening]) -> set[str]:
    return {name for each in found for name in (each.node, each.peer) if name}


def _lines(found: Sequence[Happening], nodes: dict[str, str]) -> Iterator[str]:
    for each in found:
        if each.event == "receive":
            yield f"{nodes[each.peer]}->>{nodes[each.node]}: {_text(each.name)}"
        elif each.event == "lose":
            yield f"{nodes[each.node]}-x{nodes[each.peer]}: {_text(each.name)} ({each.values['outcome']})"
        else:
            epoch = f", epoch {each.values['epoch']}" if "epoch" in each.values else ""
            yield f"Note over {nodes[each.node]}: {each.name}{epoch} at {each.at_ns / 1e9:.6f} s"


def _text(text: str) -> str:
    """Return a text without what Mermaid reads as syntax."""
    return re.sub(r"[;#:\n<>]+", " ", text).strip() or "unnamed"
