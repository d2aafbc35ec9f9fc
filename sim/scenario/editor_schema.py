"""The JSON Schema of a scenario, generated from the models, for editors."""

from __future__ import annotations

from typing import Any

from sim.scenario.model import Scenario
from sim.scenario.shapes import SHARED

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file.

    It says less than the loader: names of nodes, overlaps and other things that depend on the rest
    of the file are not in it. The parameters are those of the protocols that are installed.
    """
    shared: dict[str, Any] = {}
    schema = _simple(Scenario.model_json_schema(by_alias=True), shared)
    schema["$defs"] |= dict(sorted(shared.items()))
    return {"$schema": DIALECT, **schema}


def _simple(schema: Any, shared: dict[str, Any]) -> Any:
    """Return the schema without titles made up from names and without null, which no key may be.

    What is `SHARED` goes to `shared`, and is referred to where it was.
    """
    if isinstance(schema, list):
        return [_simple(item, shared) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    plain = {key: _simple(value, shared) for key, value in _without_null(kept).items()}
    if SHARED not in plain:
        return plain
    name, content = plain.pop(SHARED)
    shared[name] = content
    return {"$ref": f"#/$defs/{name}", **plain}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return `{anyOf: [x, null], default: null}` as x."""
    choices = schema.get("anyOf", [])
    if {"type": "null"} not in choices:
        return schema
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    others = [choice for choice in choices if choice != {"type": "null"}]
    return {**others[0], **rest} if len(others) == 1 else {"anyOf": others, **rest}
