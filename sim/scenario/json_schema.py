"""The JSON Schema of a scenario, generated from the models, for editors."""

from __future__ import annotations

from typing import Any

from sim.scenario.model import Scenario

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file.

    It says less than the loader: names of nodes, overlaps and other things that depend on the rest
    of the file are not in it. The parameters are those of the protocols that are installed.
    """
    schema: dict[str, Any] = _plain(Scenario.model_json_schema(by_alias=True))
    return {"$schema": DIALECT, **schema}


def _plain(schema: Any) -> Any:
    """Return the schema without the titles that pydantic makes up from names."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _plain(value) for key, value in schema.items() if key != "title" or not isinstance(value, str)}
