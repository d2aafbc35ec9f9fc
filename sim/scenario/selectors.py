"""Who a fault hits, as written in a scenario: words, names, roles, regions, or a list of them.

A selector is data. Words are resolved when the fault fires, by `sim.faults`; here they are only
parsed, and names are checked against the nodes that there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from sim.scenario.shapes import SHARED, Context, Names, mistake, mistakes, nearest
from sim.scenario.units import found

ROLES = ("contenders", "servers", "clients", "resources")

WORDS: dict[str, str] = {
    "leader": "the node that believes it leads, under the highest epoch if there are several",
    "service leader": "the leader of the coordination service's own members (Raft: the leader)",
    "followers": "the contenders but for the leader",
    "a follower": "one of the followers, drawn at random",
    "another follower": "a follower that nothing else in this fault names, drawn at random",
    "others": "the contenders and servers that nothing else in this fault names",
    "all": "every contender and server",
    "a contender": "one of the contenders, drawn at random",
    "a server": "one of the servers, drawn at random",
    "a client": "one of the clients, drawn at random",
    "majority": "the smallest majority of the servers, drawn at random",
    "majority with the leader": "the same, the leader among them",
    "majority without the leader": "the same, the leader not among them",
    "minority": "the largest minority of the servers, drawn at random",
    "minority with the leader": "the same, the leader among them",
    "minority without the leader": "the same, the leader not among them",
    "that node": "the node of the event that triggered the fault; with `when:` only",
}


@dataclass(frozen=True, slots=True)
class Word:
    """One of `WORDS`, resolved when the fault fires."""

    word: str

    def __str__(self) -> str:
        return self.word


@dataclass(frozen=True, slots=True)
class Node:
    """One node, by name."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Role:
    """Every node of a role: "contenders", "servers", "clients" or "resources"."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Region:
    """Every node placed in a region."""

    name: str

    def __str__(self) -> str:
        return f"region {self.name}"


@dataclass(frozen=True, slots=True)
class Several:
    """Everything that any of the parts selects."""

    parts: tuple[Single, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.parts))


Single = Word | Node | Role | Region
Selector = Single | Several

_NODE = re.compile(r"[a-z]{1,8}[1-9][0-9]{0,3}")


def parse(value: Any, names: Names | None, words: Iterable[str] = tuple(WORDS)) -> Selector:
    """Return the selector that `value` describes; `names` None: any name may be right.

    Raises:
        PydanticCustomError, ValidationError: with the path of every mistake in it.
    """
    if isinstance(value, tuple):
        return _several(value, names, tuple(words))
    try:
        return _single(value, names, tuple(words))
    except SelectorError as error:
        raise mistake(str(error)) from None


class SelectorError(ValueError):
    """A selector means nothing; the message names the nearest one that does."""


def static_nodes(selector: Selector, names: Names, regions: dict[str, str]) -> tuple[str, ...] | None:
    """Return the nodes that `selector` always means, in order; None if that depends on the run."""
    if isinstance(selector, Several):
        parts = [static_nodes(part, names, regions) for part in selector.parts]
        known = [part for part in parts if part is not None]
        return None if len(known) < len(parts) else tuple(dict.fromkeys(n for part in known for n in part))
    if isinstance(selector, Node):
        return (selector.name,)
    if isinstance(selector, Role):
        return names.roles[selector.name]
    if isinstance(selector, Region):
        return tuple(node for node, region in regions.items() if region == selector.name)
    both = (*names.roles["contenders"], *names.roles["servers"])
    return tuple(dict.fromkeys(both)) if selector.word == "all" else None


def _several(value: tuple[Any, ...], names: Names | None, words: tuple[str, ...]) -> Selector:
    if not value:
        raise mistake("found an empty list, expected at least one node")
    parts: list[Single] = []
    wrong = []
    for index, item in enumerate(value):
        try:
            parts.append(_single(item, names, words))
        except SelectorError as error:
            wrong.append(((index,), str(error)))
    if wrong:
        raise mistakes(wrong)
    return parts[0] if len(parts) == 1 else Several(tuple(parts))


def _single(value: Any, names: Names | None, words: tuple[str, ...]) -> Single:
    if not isinstance(value, str):
        raise SelectorError(f"found {found(value)}, expected nodes such as leader, a follower, or n1")
    text = " ".join(value.split())
    if text in words:
        return Word(text)
    if text in ROLES:
        return _role(text, names)
    if text.startswith("region "):
        return _region(text.removeprefix("region "), names)
    return _node(text, names, words)


def _role(name: str, names: Names | None) -> Role:
    if names is not None and not names.roles[name]:
        raise SelectorError(f"found '{name}', but this scenario has none (clients come with a workload)")
    return Role(name)


def _region(name: str, names: Names | None) -> Region:
    if names is not None and names.regions is not None and name not in names.regions:
        hint = nearest(name, names.regions) or "; there is none (see network.regions)"
        raise SelectorError(f"found the region '{name}', in which no node is placed{hint}")
    return Region(name)


def _node(name: str, names: Names | None, words: tuple[str, ...]) -> Node:
    if _NODE.fullmatch(name) and (names is None or name in names.nodes):
        return Node(name)
    if names is None and not _NODE.fullmatch(name):
        raise SelectorError(f"found '{name}', which names no node{nearest(name, (*words, *ROLES))}")
    return _unknown(name, names, words)


def _unknown(name: str, names: Names | None, words: tuple[str, ...]) -> Node:
    nodes = names.nodes if names else ()
    if _NODE.fullmatch(name):
        raise SelectorError(f"found '{name}', expected one of the nodes {_ranges(names)}")
    near = nearest(name, (*words, *ROLES, *nodes)) or "; expected a name such as n1, or words such as leader"
    raise SelectorError(f"found '{name}', which names no node{near}")


def _ranges(names: Names | None) -> str:
    """Return `n1..n5, c1`: the nodes in short."""
    roles = dict.fromkeys(names.roles.values()) if names else {}
    parts = [nodes[0] if len(nodes) == 1 else f"{nodes[0]}..{nodes[-1]}" for nodes in roles if nodes]
    return ", ".join(parts)


class Who:
    """Metadata of an annotation: a selector that may use `words`."""

    def __init__(self, words: Iterable[str] = tuple(WORDS)) -> None:
        self._words = tuple(words)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a schema that calls `parse`."""

        def validate(value: Any, info: core_schema.ValidationInfo[Context]) -> Selector:
            return parse(value, info.context.names if info.context else None, self._words)

        return core_schema.with_info_plain_validator_function(validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """Return the words and the shape of names, alone or in a list."""
        one = {
            "anyOf": [
                {"enum": [*self._words, *ROLES]},
                {"type": "string", "pattern": f"^(?:{_NODE.pattern}|region .+)$"},
            ]
        }
        many = {"type": "array", "minItems": 1, "items": one}
        name = "nodes" if "leader" in self._words else "fixedNodes"
        name = "triggerNodes" if "leader" in self._words and "that node" not in self._words else name
        text = "a word, a name, a role, or a list"
        return {SHARED: [name, {"anyOf": [*one["anyOf"], many], "description": text}]}


Targets = Annotated[Selector, Who()]
FixedTargets = Annotated[Selector, Who(("all",))]
"""Targets that do not depend on the run: names, roles, regions."""
