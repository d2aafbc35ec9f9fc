"""House rules about data: the order of sets decides nothing, and a message is never changed."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.unit.repository_rules import FileRule, Finding, Function, Source

# Sets ------------------------------------------------------------------------------------------

SET_TYPES = {"set", "frozenset", "Set", "AbstractSet", "MutableSet"}
SET_METHODS = {"union", "intersection", "difference", "symmetric_difference", "copy"}
SET_OPERATORS = (ast.BitOr, ast.BitAnd, ast.Sub, ast.BitXor)
# Their result does not depend on the order in which they are fed.
ORDERLESS = {"sorted", "any", "all", "len", "min", "max", "set", "frozenset", "sum"}
ORDERED = {"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "reversed", "next"}
WHY_SORT = "the order of a set differs from process to process; use sorted(...) or a dict"


def sets_decide_no_order(source: Source) -> Iterator[Finding]:
    """Nothing iterates over a set, unless what comes out has no order either."""
    attributes = _set_attributes(source.tree)
    for body in _scopes(source.tree):
        known = _Known(_set_names(body), attributes)
        yield from (Finding(source.path, line, WHY_SORT) for line in _ordered_uses(body, known))


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known to be a set: names of one function, attributes of anything in the file."""

    names: frozenset[str]
    attributes: frozenset[str]

    def is_set(self, node: ast.expr) -> bool:
        """Return whether the expression is certainly a set."""
        match node:
            case ast.Set() | ast.SetComp():
                return True
            case ast.Name(id=name):
                return name in self.names
            case ast.Attribute(attr=name):
                return name in self.attributes
            case ast.Call(func=ast.Name(id="set" | "frozenset")):
                return True
            case ast.Call(func=ast.Attribute(value=owner, attr=method)) if method in SET_METHODS:
                return self.is_set(owner)
            case ast.BinOp(left=left, op=operator, right=right) if isinstance(operator, SET_OPERATORS):
                return any(self.is_set(side) or _is_keys(side) for side in (left, right))
            case ast.IfExp(body=yes, orelse=no):
                return self.is_set(yes) or self.is_set(no)
        return False


def _is_keys(node: ast.expr) -> bool:
    """A view of keys is ordered by itself; what set operators make of it is not."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "keys"


def _scopes(tree: ast.Module) -> Iterator[list[ast.AST]]:
    """Yield the nodes of each function, and of the rest of the module, without those of functions within."""
    for scope in (tree, *(node for node in ast.walk(tree) if isinstance(node, Function))):
        yield list(_own_nodes(scope))


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, Function):
            yield from _own_nodes(child)


def _set_names(body: list[ast.AST]) -> frozenset[str]:
    """Return the names that are only ever bound to sets."""
    bound: dict[str, bool] = {}
    nothing = _Known(frozenset(), frozenset())
    for node in body:
        match node:
            case ast.arg(arg=name, annotation=ast.expr() as annotation):
                bound[name] = _is_set_type(annotation)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                bound[name] = _is_set_type(annotation)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                bound[name] = bound.get(name, True) and nothing.is_set(value)
    return frozenset(name for name, is_set in bound.items() if is_set)


def _set_attributes(tree: ast.Module) -> frozenset[str]:
    found: dict[str, bool] = {}
    nothing = _Known(frozenset(), frozenset())
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(body=statements):
                found |= _set_fields(statements)
            case ast.AnnAssign(target=ast.Attribute(attr=name), annotation=annotation):
                found[name] = _is_set_type(annotation)
            case ast.Assign(targets=[ast.Attribute(attr=name)], value=value):
                found[name] = found.get(name, True) and nothing.is_set(value)
    return frozenset(name for name, is_set in found.items() if is_set)


def _set_fields(statements: list[ast.stmt]) -> dict[str, bool]:
    return {
        statement.target.id: True
        for statement in statements
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and _is_set_type(statement.annotation)
    }


def _is_set_type(annotation: ast.expr) -> bool:
    return ast.unparse(annotation).partition("[")[0].rpartition(".")[2] in SET_TYPES


def _ordered_uses(body: list[ast.AST], known: _Known) -> Iterator[int]:
    harmless = {id(argument) for node in body for argument in _orderless_arguments(node)}
    for node in body:
        if id(node) not in harmless and any(map(known.is_set, _iterated(node))):
            yield getattr(node, "lineno", 0)


def _orderless_arguments(node: ast.AST) -> list[ast.expr]:
    is_orderless = (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ORDERLESS
    )
    return node.args if is_orderless and isinstance(node, ast.Call) else []


def _iterated(node: ast.AST) -> Iterable[ast.expr]:
    """Return the expressions whose order becomes visible through `node`."""
    match node:
        case ast.For(iter=iterated):
            return [iterated]
        case ast.ListComp() | ast.DictComp() | ast.GeneratorExp():
            return [generator.iter for generator in node.generators]
        case ast.Call(func=ast.Name(id=name)) if name in ORDERED:
            return node.args
        case ast.Call(func=ast.Attribute(attr="join" | "fromkeys" | "extend")):
            return node.args
        case ast.Call(func=ast.Attribute(value=owner, attr="pop"), args=[]):
            return [owner]
        case ast.Starred(value=value):
            return [value]
        case ast.YieldFrom(value=value):
            return [value]
    return []


# Messages --------------------------------------------------------------------------------------


def message_classes(sources: Iterable[Source]) -> frozenset[str]:
    """Return the names of all classes decorated with `protocols.api.message` or `record`."""
    return frozenset(
        node.name
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and any(map(_is_message, node.decorator_list))
    )


def _is_message(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).rpartition(".")[2] in {"message", "record"}


def messages_stay_as_sent(classes: frozenset[str]) -> FileRule:
    """Return the rule that nobody assigns to an attribute of an instance of these classes.

    Sender and receiver share the object, so a change would travel without the network. Known as such
    are parameters annotated with a class, and names bound to a call of it; `python -X dev` freezes them all.
    """

    def rule(source: Source) -> Iterator[Finding]:
        for body in _scopes(source.tree):
            messages = set(_message_names(body, classes))
            for node in body:
                for name in _changed(node):
                    if name in messages:
                        text = f"{name} is a message or record: build a new one (dataclasses.replace)"
                        yield Finding(source.path, getattr(node, "lineno", 0), text)

    return rule


def _message_names(body: list[ast.AST], classes: frozenset[str]) -> Iterator[str]:
    for node in body:
        match node:
            case ast.arg(arg=name, annotation=ast.expr() as annotation):
                if not classes.isdisjoint(_alternatives(annotation)):
                    yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=called)):
                if ast.unparse(called).rpartition(".")[2] in classes:
                    yield name


def _alternatives(annotation: ast.expr) -> list[str]:
    """Return the class names of `A | module.B | None`."""
    return [part.strip().rpartition(".")[2] for part in ast.unparse(annotation).strip("'\"").split("|")]


def _changed(node: ast.AST) -> Iterator[str]:
    """Yield each name of which an attribute is assigned, deleted or changed in place."""
    match node:
        case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            yield name
        case ast.Call(func=ast.Name(id="setattr") | ast.Attribute(attr="__setattr__")):
            yield from (argument.id for argument in node.args[:1] if isinstance(argument, ast.Name))
