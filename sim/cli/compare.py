"""`compare`: the same faults, under the same seeds, on each of several protocols."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from sim.cli import jsonout
from sim.cli.console import current_look
from sim.cli.exits import Exit
from sim.cli.sweep import Options, as_dict, close, collect, prepare, sweep_options

if TYPE_CHECKING:
    from sim.sweep.pairs import Pairs


@click.command(short_help="Compare protocols under the same faults and seeds.")
@sweep_options
def compare(paths: tuple[str, ...], **flags: Any) -> Exit:
    """Run scenarios on each protocol under the same seeds, and compare them run by run.

    \b
    leadersim compare leader-crash --protocols raft,my_package.my_protocol:SPEC --seeds 1000

    Differences are those to the first protocol named. A parameter that a protocol does not have is left out.
    """
    from sim.sweep.pairs import Pairs

    options = Options(**flags)
    if len(options.protocols) < 2:
        raise click.UsageError("expected --protocols with two or more names", click.get_current_context())
    plan, store = prepare(paths, options)
    pairs = Pairs(plan.cells)
    found, ending = collect(plan, store, options, lambda batch: pairs.add(batch.cell, batch.rows))
    if options.as_json:
        made = as_dict(plan, found, ending, options) | {"differences": _as_dicts(pairs)}
        sys.stdout.write(jsonout.listing(made))
    elif any(each.runs for each in found.values()):
        # Imported here: rich takes a tenth of a second.
        from sim.cli.screen.cells import differences, table

        sys.stdout.write(table(list(found.values()), current_look()) + differences(pairs, current_look()))
    close(found, ending, options)
    return ending.code


def _as_dicts(pairs: Pairs) -> list[dict[str, Any]]:
    by_key = {cell.key: cell for cell in pairs.cells}
    return [
        {
            "scenario": by_key[key].scenario,
            "protocol": by_key[key].protocol,
            "to": pairs.cells[0].protocol,
            "vary": dict(by_key[key].varied),
            "metrics": {name: difference.as_dict() for name, difference in found.items()},
        }
        for key, found in pairs.differences.items()
    ]
