"""Measure everything, on all cores, and write the pages."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor

from study.measure import FOLDER, measure
from study.pages import ANSWERS, Row, answer_page, row, three_ways_page
from study.settings import BROKEN, SETTINGS, Setting

EVERYTHING = (*SETTINGS, *BROKEN)


def main() -> None:
    """Write the pages; say on stderr how far it is."""
    work = [(scenario, setting) for scenario in ANSWERS for setting in EVERYTHING]
    found: dict[str, list[Row]] = {scenario: [] for scenario in ANSWERS}
    with ProcessPoolExecutor() as pool:
        for (scenario, setting), made in zip(work, pool.map(_row, *zip(*work, strict=True)), strict=True):
            print(f"{scenario}: {setting.protocol}, {setting.what}", file=sys.stderr, flush=True)
            found[scenario].append(made)
    for scenario, rows in found.items():
        page = answer_page(scenario, rows[: len(SETTINGS)])
        (FOLDER / f"{scenario}.md").write_text(page, encoding="utf-8")
    (FOLDER / "three-ways-to-test.md").write_text(three_ways_page(found), encoding="utf-8")


def _row(scenario: str, setting: Setting) -> Row:
    return row(measure(scenario, setting))


if __name__ == "__main__":
    main()
