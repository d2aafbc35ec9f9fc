"""What a swarm found becomes a scenario file, so that it is run ever after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from sim.files import write_text

FOLDER = Path(__file__).parents[2] / "scenarios" / "regressions"
HEADER = "# yaml-language-server: $schema=../scenario.schema.json\n"
T = TypeVar("T")


def kept(
    found: Mapping[int, T], scenario: Callable[[int], Mapping[str, Any]], folder: Path = FOLDER
) -> Mapping[int, T]:
    """Write a scenario for each seed that went wrong, and return `found`.

    Whoever runs `make soak` looks at the file, gives it a name and a line in scenarios/README.md, and
    commits it with the repair.
    """
    for seed, what in found.items():
        made = {**scenario(seed), "seed": seed, "about": f"Found by a swarm: {what}"}
        made["expect"] = {"violations": 0, **made.get("expect", {})}
        text = yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=110)
        write_text(folder / f"{made['name']}.yaml", HEADER + text)
    return found
