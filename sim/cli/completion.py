"""Completion in shells: scripts to source, and what can stand where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli import engine

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


@click.command(short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that makes SHELL complete commands, options, scenarios and protocols.

    \b
    bash:  eval "$(leadersim completion bash)"              in ~/.bashrc
    zsh:   eval "$(leadersim completion zsh)"               in ~/.zshrc
    fish:  leadersim completion fish > ~/.config/fish/completions/leadersim.fish
    """
    from click.shell_completion import get_completion_class

    from sim.cli import COMPLETE

    known = get_completion_class(shell)
    root = click.get_current_context().find_root().command
    if known is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    click.echo(known(root, {}, "leadersim", COMPLETE).source())


def complete_scenario(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the shipped scenarios that begin so; if there are none, leave it to the shell to find files."""
    from click.shell_completion import CompletionItem

    here = [path.name for path in sorted(Path().glob("*.yaml")) if path.name.startswith(incomplete)]
    names = [name for name in _scenario_names() if name.startswith(incomplete)]
    if here or names:
        return [CompletionItem(name) for name in [*here, *names]]
    return [CompletionItem(incomplete, type="file")]


def complete_protocol(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the protocols that begin so, each with its summary."""
    from click.shell_completion import CompletionItem

    return [
        CompletionItem(spec.name, help=spec.summary)
        for spec in engine.protocols()
        if spec.name.startswith(incomplete)
    ]


def _scenario_names() -> list[str]:
    """Return the shortest name of each shipped scenario that means only it."""
    paths = list(engine.library())
    short = [path.rpartition("/")[2] for path in paths]
    return [name if short.count(name) == 1 else path for name, path in zip(short, paths, strict=True)]
