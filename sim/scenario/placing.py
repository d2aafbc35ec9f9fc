"""Values per node: mappings whose keys are nodes, roles, regions or `all`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from sim.scenario.selectors import Node, Selector, Word, parse, static_nodes
from sim.scenario.shapes import Context, mistakes


def per_node(written: Mapping[str, Any], path: tuple[str, ...], context: Context) -> dict[str, Any]:
    """Return node -> value, in the order of the nodes; what is more special wins.

    A node's own name beats a role or region, and these beat `all`; of equals the later one wins.

    Raises:
        ValidationError: a key that names nothing, at `path` and the key.
    """
    chosen: dict[str, tuple[int, Any]] = {}
    wrong = []
    for key, value in written.items():
        try:
            selector = parse(key, context.names, ("all",))
        except PydanticCustomError as error:
            wrong.append(((*path, key), error.message()))
            continue
        weight = _weight(selector)
        for node in _nodes(selector, context):
            if chosen.get(node, (0, None))[0] <= weight:
                chosen[node] = (weight, value)
    if wrong:
        raise mistakes(wrong)
    order = context.names.nodes if context.names else tuple(chosen)
    return {node: chosen[node][1] for node in order if node in chosen}


def _weight(selector: Selector) -> int:
    return 1 if isinstance(selector, Word) else 3 if isinstance(selector, Node) else 2


def _nodes(selector: Selector, context: Context) -> tuple[str, ...]:
    """Return the nodes, none when the protocol is not known because it was not valid."""
    if context.names is None:
        return ()
    return static_nodes(selector, context.names, context.place) or ()
