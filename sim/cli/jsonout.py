"""Results and listings as JSON: an object per line, no NaN."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.result import Result


def result_line(result: Result) -> str:
    """Return the result as one line; see `Result.as_dict` for what it holds."""
    return json.dumps(finite(result.as_dict()), allow_nan=False) + "\n"


def listing(items: object) -> str:
    """Return a listing, indented for people who look at it all the same."""
    return json.dumps(finite(items), indent=2, allow_nan=False) + "\n"


def finite(value: Any) -> Any:
    """Return `value` with null for NaN and infinity, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list | tuple) else value
