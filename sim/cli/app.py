"""The command line: what commands there are. Light, so that `--help` is instant."""

from __future__ import annotations

import click

from sim.cli.baseline import baseline
from sim.cli.calibrate import calibrate
from sim.cli.check import check, schema
from sim.cli.compare import compare
from sim.cli.completion import completion
from sim.cli.console import color_option
from sim.cli.export import export
from sim.cli.history import history
from sim.cli.listing import metrics, protocols, scenarios, workloads
from sim.cli.plot import plot
from sim.cli.report import report
from sim.cli.run import run
from sim.cli.sweep import sweep
from sim.cli.tune import tune


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    import platform
    from importlib.metadata import PackageNotFoundError, version

    def of(distribution: str) -> str:
        try:
            return f"{distribution} {version(distribution)}"
        except PackageNotFoundError:
            return f"{distribution} (not installed)"

    names = ("leadersim", "simpy", "numpy")
    leadersim, simpy, numpy = map(of, names)
    click.echo(f"{leadersim}, Python {platform.python_version()}, {simpy}, {numpy}")
    context.exit()


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the versions of leadersim, Python, simpy and numpy.",
)
@color_option
@click.pass_context
def cli(context: click.Context) -> None:
    """Simulate leader election under failure: how long is there no leader, can there be two,
    and what did it damage.

    \b
    leadersim run leader-crash            run a scenario that comes with leadersim
    leadersim run my.yaml --seeds 0..99   run a file under a hundred seeds
    leadersim scenarios                   see what there is

    Exit codes: 0 pass, 1 fail, 2 bad input, 3 inconclusive, 4 campaign incomplete, 70 a bug of leadersim,
    130 interrupted. The worst of several runs wins.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


for command in (
    run, sweep, compare, tune, baseline, calibrate, plot, report, export, history,
    check, scenarios, protocols, workloads, metrics, schema, completion,
):  # fmt: skip
    cli.add_command(command)
