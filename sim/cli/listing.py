"""`scenarios`, `protocols`, `workloads` and `metrics`: what there is to run, and to ask for."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any

import click

from sim.cli import engine, jsonout
from sim.cli.console import Look, color_option, current_look

if TYPE_CHECKING:
    from protocols.api import ProtocolSpec
    from protocols.presets import Preset

json_option = click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
NAME_MAX = 34


@click.command(short_help="List the scenarios that come with leadersim.")
@json_option
@color_option
def scenarios(as_json: bool) -> None:
    """List the scenarios that come with leadersim, for `leadersim run NAME`."""
    files = engine.library()
    loaded = engine.load_all(files.values(), (), None)
    listed = [
        {"name": each.name, "summary": _one_line(each.about), "library": name, "file": str(file)}
        for (name, file), each in zip(files.items(), loaded, strict=True)
    ]
    _print(listed, as_json, ["library", "summary"])


@click.command(short_help="List the protocols and their parameters.")
@json_option
@color_option
def protocols(as_json: bool) -> None:
    """List the protocols, with their parameters, units and defaults, and the presets with their sources."""
    listed: list[dict[str, Any]] = [
        {
            "name": spec.name,
            "summary": _one_line(spec.summary),
            "parameters": _parameters(spec),
            "presets": _presets(spec),
        }
        for spec in engine.protocols()
    ]
    if as_json:
        sys.stdout.write(jsonout.listing(listed))
        return
    look = current_look()
    for protocol in listed:
        sys.stdout.write(_entry(protocol["name"], protocol["summary"], look, 0))
        sys.stdout.writelines(_parameter_lines(protocol["parameters"], look))
        for preset in protocol["presets"]:
            sys.stdout.write(_entry(f"preset: {preset['name']}", preset["summary"], look, 2))
            for setting in preset["settings"]:
                name = f"{setting['name']}: {_flow(setting['value'])}"
                sys.stdout.write(_entry(name, setting["source"], look, 4))


@click.command(short_help="List the workloads and their parameters.")
@json_option
@color_option
def workloads(as_json: bool) -> None:
    """List what a leader can be for: parameters, units and defaults, and the damage that is measured."""
    listed: list[dict[str, Any]] = [
        {
            "name": spec.name,
            "summary": _one_line(spec.summary),
            "parameters": _parameters(spec),
            "metrics": [f"damage.{name}" for name in spec.damage],
        }
        for spec in engine.workloads()
    ]
    if as_json:
        sys.stdout.write(jsonout.listing(listed))
        return
    look = current_look()
    for workload in listed:
        sys.stdout.write(_entry(workload["name"], workload["summary"], look, 0))
        sys.stdout.writelines(_parameter_lines(workload["parameters"], look))
        sys.stdout.write(_entry("measures", ", ".join(workload["metrics"]), look, 2))


def _parameter_lines(parameters: Sequence[dict[str, Any]], look: Look) -> Iterator[str]:
    for parameter in parameters:
        name = f"{parameter['name']}: {_flow(parameter['default'])}"
        yield _entry(name, parameter["doc"], look, 2)


@click.command(short_help="List the metrics that expectations can name.")
@json_option
@color_option
def metrics(as_json: bool) -> None:
    """List the metrics that `reach:` and `expect:` can ask for, with unit and meaning."""
    from sim.cli.screen.tables import list_rows

    listed = [{"name": name, "unit": unit, "doc": doc} for name, unit, doc in list_rows()]
    shown = [{"name": each["name"], "doc": f"{each['unit']}: {each['doc']}"} for each in listed]
    _print(listed if as_json else shown, as_json, ["name", "doc"])


def _print(listed: Sequence[dict[str, Any]], as_json: bool, columns: list[str]) -> None:
    if as_json:
        sys.stdout.write(jsonout.listing(listed))
        return
    look = current_look()
    name, text = columns
    sys.stdout.writelines(_entry(each[name], each[text], look, 0) for each in listed)


def _entry(name: str, text: str, look: Look, indent: int) -> str:
    """Return a name and its text beside it, wrapped to the width; below it if the name is long."""
    margin = " " * (NAME_MAX + 2)
    shown = " " * indent + name
    lines = textwrap.wrap(text, max(30, look.width - len(margin))) or [""]
    painted = f"\x1b[1m{shown}\x1b[0m" if look.color else shown
    gap = " " * max(0, len(margin) - len(shown))
    if len(shown) >= len(margin):
        return f"{painted}\n" + "".join(f"{margin}{line}\n" for line in lines)
    return f"{painted}{gap}{lines[0]}\n" + "".join(f"{margin}{line}\n" for line in lines[1:])


def _parameters(spec: Any) -> list[dict[str, Any]]:
    return [_parameter(field) for field in fields(spec.parameters)]


def _parameter(field: Field[Any]) -> dict[str, Any]:
    from sim.cli.units import written

    unit, minimum = field.metadata["unit"], field.metadata["minimum"]
    # The least value of a range is that of its ends.
    of_minimum = "duration" if unit == "duration_range" else unit
    return {
        "name": field.name,
        "unit": unit,
        "default": None if field.default is MISSING else written(field.default, unit),
        "doc": field.metadata["doc"],
        "minimum": None if minimum is None else written(minimum, of_minimum),
    }


def _presets(spec: ProtocolSpec) -> list[dict[str, Any]]:
    return [
        {"name": each.name, "summary": each.summary, "settings": _settings(spec, each)}
        for each in spec.presets
    ]


def _settings(spec: ProtocolSpec, preset: Preset) -> list[dict[str, Any]]:
    from sim.cli.units import written

    units = {field.name: field.metadata["unit"] for field in fields(spec.parameters)}
    return [
        {"name": name, "value": written(setting.value, units[name]), "source": setting.source}
        for name, setting in preset.settings.items()
    ]


def _flow(default: Any) -> str:
    """Return a default as one would write it in a scenario."""
    if isinstance(default, list):
        return f"[{', '.join(map(_flow, default))}]"
    if default is None:
        return "required"
    return str(default).lower() if isinstance(default, bool) else str(default)


def _one_line(text: str) -> str:
    return " ".join(text.split())
