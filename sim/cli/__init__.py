"""The command `leadersim`: it returns the exit codes of `sim.cli.exits` whatever happens.

Nothing here or in `sim.cli.app` imports the engine, rich or numpy: `leadersim --help` must be instant.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from sim.cli.exits import Exit

COMPLETE = "_LEADERSIM_COMPLETE"
"""The variable by which a shell asks for completions."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave the process with its exit code."""
    sys.exit(status(sys.argv[1:] if arguments is None else arguments))


def status(arguments: Sequence[str]) -> int:
    """Run the command line; return its exit code."""
    _show_what_the_terminal_cannot()
    try:
        code = _invoke(list(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()
        code = Exit.PASS
    except KeyboardInterrupt:
        say("interrupted")
        code = Exit.INTERRUPTED
    except Exception:
        report_bug()
        code = Exit.OUR_BUG
    return int(code)


def report_bug(replay: str = "") -> None:
    """Print the current exception on stderr, as a bug of this program, and what reproduces it."""
    import traceback

    traceback.print_exc()
    say("this is a bug in leadersim; please report it, with the lines above and the scenario")
    if replay:
        say(f"replay: {replay}", prefix="")


def _invoke(arguments: list[str]) -> int:
    """Run click without its own exit codes: it returns 1 for an interruption and for a crash."""
    import click

    from sim.cli.app import cli
    from sim.errors import UserError

    if COMPLETE in os.environ:
        cli.main(arguments, prog_name="leadersim", complete_var=COMPLETE)
    try:
        with cli.make_context("leadersim", arguments) as context:
            return int(cli.invoke(context) or Exit.PASS)
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        say(_with_hint(error))
        return Exit.BAD_INPUT
    except UserError as error:
        # A scenario's problems begin with file:line:column, as editors and CI expect them.
        say(str(error), prefix="" if hasattr(error, "problems") else "leadersim: ")
        _annotate(error)
        return Exit.BAD_INPUT


def _annotate(error: Exception) -> None:
    """Show each mistake at its place where GitHub Actions runs this."""
    from sim.cli import github

    if github.wanted():
        for problem in getattr(error, "problems", ()):
            github.show(github.of_problem(problem))


def _with_hint(error: Exception) -> str:
    """Return the message of a click exception on one line, with the help page to turn to."""
    context = getattr(error, "ctx", None)
    message = " ".join(error.format_message().split())  # type: ignore[attr-defined]
    return f"{message} (see {context.command_path} --help)" if context is not None else message


def say(message: str, prefix: str = "leadersim: ") -> None:
    """Print a message on stderr; a closed stderr is no reason to lose the exit code."""
    try:
        print(f"{prefix}{message}", file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


def discard_stdout() -> None:
    """Let the interpreter flush into nothing when it ends: the reader has gone."""
    _discard(sys.stdout)


def _discard(stream: object) -> None:
    if not isinstance(stream, io.TextIOWrapper):
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        return
    os.close(nowhere)


def _show_what_the_terminal_cannot() -> None:
    """Print a question mark for what the terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
