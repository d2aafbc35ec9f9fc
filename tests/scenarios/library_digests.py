"""Prints the digest of every shipped scenario, as JSON: run in processes of its own by test_library.py."""

from __future__ import annotations

import json
import sys

from sim.run import run
from sim.scenario import library


def digests() -> dict[str, str]:
    """Return the digest of each shipped scenario under its own seed, by name."""
    return {path.stem: run(path).digest for path in library()}


if __name__ == "__main__":
    json.dump(digests(), sys.stdout)
