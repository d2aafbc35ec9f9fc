"""Run the benchmarks: `python -m benchmarks [NAME...] [--rounds N] [--json FILE]`."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks import cases, services, sweeps, switches

CASES = (*cases.CASES, *sweeps.CASES, *switches.CASES, *services.CASES)
LIMITS = {**cases.LIMITS, **sweeps.LIMITS, **switches.LIMITS, **services.LIMITS}


def main() -> int:
    """Measure, print a table, keep the numbers; return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the simulator.")
    names = [case.__name__ for case in CASES]
    parser.add_argument("case", nargs="*", choices=[*names, []], help=f"which ones: {', '.join(names)}")
    parser.add_argument("--rounds", type=int, default=11, help="rounds per case (default 11)")
    parser.add_argument(
        "--json", type=Path, default=Path(".benchmarks/latest.json"), help="where to keep them"
    )
    chosen = parser.parse_args()
    found: dict[str, float] = {}
    for case in CASES:
        if not chosen.case or case.__name__ in chosen.case:
            found |= case(chosen.rounds)
    missed = [name for name, value in found.items() if not _within(name, value)]
    print(f"{'':52}{'measured':>10}{'limit':>10}")
    for name, value in found.items():
        limit = f"{LIMITS[name][0]:10.4g}" if name in LIMITS else ""
        print(f"{name:52}{value:10.2f}{limit}{'  MISSED' if name in missed else ''}")
    _keep(chosen.json, found)
    return 1 if missed else 0


def _within(name: str, value: float) -> bool:
    if name not in LIMITS:  # measured to compare with
        return True
    limit, less_is_better = LIMITS[name]
    return value <= limit if less_is_better else value >= limit


def _keep(path: Path, found: dict[str, float]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "simpy": version("simpy"),
        "numpy": version("numpy"),
    }
    path.write_text(json.dumps({"about": about, "measured": found}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
