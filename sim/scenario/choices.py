"""The protocol and the workload of a scenario: a name, and parameters from its own dataclass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from importlib import import_module
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from sim.scenario import units
from sim.scenario.quantities import read_parameter
from sim.scenario.shapes import Context, Names, mistake, mistakes, nearest
from sim.scenario.units import QuantityError, found

NODES_MAX = 1000

Mistake = tuple[tuple[str | int, ...], str]


@dataclass(frozen=True, slots=True)
class ProtocolChoice:
    """Which protocol, and an instance of its parameters dataclass.

    `unsafe`: rules that the parameters break were let pass, and are listed in `broken_rules`.
    `preset`: the product whose defaults the parameters start from; "" for the protocol's own.
    """

    name: str
    parameters: Any
    unsafe: bool = False
    broken_rules: tuple[str, ...] = ()
    preset: str = ""

    @property
    def spec(self) -> Any:
        """Return the `ProtocolSpec` from the registry."""
        return specification(PROTOCOLS, self.name)


@dataclass(frozen=True, slots=True)
class WorkloadChoice:
    """Which workload, and an instance of its parameters dataclass."""

    name: str
    parameters: Any
    unsafe: bool = False
    broken_rules: tuple[str, ...] = ()

    @property
    def spec(self) -> Any:
        """Return the workload's specification from the registry."""
        return specification(WORKLOADS, self.name)


# Registries are imported when they are first asked, so that importing the schema stays cheap.
PROTOCOLS, WORKLOADS = "protocols.registry", "sim.workloads.registry"
_KINDS = {PROTOCOLS: "protocol", WORKLOADS: "workload"}
RESERVED = ("name", "unsafe")  # keys of a block that are no parameters
PRESET = "preset"  # ... and one more where the specification has presets


def specification(registry: str, name: str) -> Any:
    """Return what `registry` has under `name`.

    Raises:
        PydanticCustomError: there is no such name; the message has the nearest one.
    """
    try:
        return import_module(registry).get(name)
    except KeyError as error:
        reason = f": {error}" if ":" in name else nearest(name, import_module(registry).names())
        raise mistake(f"unknown {_KINDS[registry]} '{name}'{reason}") from None
    except ImportError as error:
        raise mistake(f"the {_KINDS[registry]} '{name}' cannot be imported: {error}") from None


def reserved(spec: Any) -> tuple[str, ...]:
    """Return the keys of the block of `spec` that are no parameters."""
    return (*RESERVED, PRESET) if getattr(spec, "presets", ()) else RESERVED


def known_keys(name: str) -> tuple[str, ...]:
    """Return the keys that a `protocol:` block may have for the protocol `name`."""
    spec = specification(PROTOCOLS, name)
    return (*reserved(spec), *(each.name for each in fields(spec.parameters)))


def _read_protocol(value: Any, context: Context) -> ProtocolChoice:
    choice: ProtocolChoice = _read(value, PROTOCOLS, ProtocolChoice)
    roles = _role_names(choice)
    network = context.document.values.get("network")
    unknown = isinstance(network, Mapping) and "regions" in network  # until that block is read
    context.names = Names({**roles, "clients": (), "resources": ()}, None if unknown else ())
    context.protocol = choice.spec
    return choice


def _read_workload(value: Any, context: Context) -> WorkloadChoice:
    names, context.names = context.names, None  # unless it is valid, nobody knows who is there
    choice: WorkloadChoice = _read(value, WORKLOADS, WorkloadChoice)
    if names is not None:
        roles = dict(names.roles)
        roles["clients"] = tuple(choice.spec.clients(choice.parameters))
        roles["resources"] = tuple(choice.spec.resources(choice.parameters, context.protocol))
        context.names = Names(roles, names.regions)
    return choice


def _role_names(choice: ProtocolChoice) -> dict[str, tuple[str, ...]]:
    """Return the names of contenders and servers, which are the same where only one is declared."""
    roles: dict[str, tuple[str, ...]] = {}
    for role in choice.spec.roles:
        count = role.count(choice.parameters)
        if not 1 <= count <= NODES_MAX:
            raise mistake(f"found {count} {role.name}s, expected 1 to {NODES_MAX}")
        roles[f"{role.name}s"] = tuple(f"{role.prefix}{i}" for i in range(1, count + 1))
    contenders = roles.get("contenders") or roles.get("servers", ())
    return {"contenders": contenders, "servers": roles.get("servers", contenders)}


def _read(value: Any, registry: str, choice: Callable[..., Any]) -> Any:
    kind = _KINDS[registry]
    if not isinstance(value, Mapping):
        raise mistake(f"found {found(value)}, expected a mapping such as {{name: ...}}")
    if not isinstance(value.get("name"), str):
        raise mistakes([(("name",), f"found {found(value.get('name'))}, expected the name of a {kind}")])
    try:
        spec = specification(registry, value["name"])
    except PydanticCustomError as error:
        raise mistakes([(("name",), error.message())]) from None
    unsafe = value.get("unsafe", False)
    wrong: list[Mistake] = []
    if not isinstance(unsafe, bool):
        wrong.append((("unsafe",), f"found {found(unsafe)}, expected true or false"))
    parameters = _parameters(spec, value, wrong)
    if wrong:
        raise mistakes(wrong)
    broken = tuple(spec.check(_without_excuse(parameters)))
    if broken and not unsafe:
        advice = "; `unsafe: true` in this block lets it pass"
        raise mistakes([((), sentence.rstrip(".") + advice) for sentence in broken])
    preset = {PRESET: value[PRESET]} if PRESET in value else {}
    return choice(value["name"], parameters, unsafe, broken, **preset)


def _without_excuse(parameters: Any) -> Any:
    """Return the parameters as their check must see them to name every rule that they break."""
    return replace(parameters, unsafe=False) if getattr(parameters, "unsafe", False) else parameters


def _preset(spec: Any, value: Mapping[str, Any], wrong: list[Mistake]) -> dict[str, Any]:
    """Return the parameters that the block's preset sets; none if it names none."""
    presets = {each.name: each for each in getattr(spec, "presets", ())}
    if not presets or PRESET not in value:
        return {}
    name = value[PRESET]
    if isinstance(name, str) and name in presets:
        return dict(presets[name].values())
    expected = f"unknown preset '{name}'{nearest(name, presets)}" if isinstance(name, str) else ""
    expected = expected or f"found {found(name)}, expected one of {', '.join(presets)}"
    wrong.append(((PRESET,), expected))
    return {}


def _parameters(spec: Any, value: Mapping[str, Any], wrong: list[Mistake]) -> Any:
    """Return an instance of the parameters of `spec`, or None when `wrong` had to be extended."""
    cls = spec.parameters
    declared = {each.name: each for each in fields(cls)}
    keys = [*declared, *reserved(spec)]
    wrong += [((key,), f"unknown key '{key}'{nearest(key, keys)}") for key in value if key not in keys]
    read = _preset(spec, value, wrong)
    for name, each in declared.items():
        if name in value:
            try:
                read[name] = read_parameter(value[name], each.metadata)
            except QuantityError as error:
                wrong.append(((name,), str(error)))
        elif name not in read and each.default is MISSING and each.default_factory is MISSING:
            wrong.append(((name,), "this key is missing"))
    return None if wrong else cls(**read)


class From:
    """Metadata of an annotation: a block whose keys come from a registry."""

    def __init__(self, registry: str, read: Callable[[Any, Context], Any]) -> None:
        self._registry = registry
        self._read = read

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a schema that reads the block."""

        def validate(value: Any, info: core_schema.ValidationInfo[Context]) -> Any:
            return self._read(value, info.context)

        return core_schema.with_info_plain_validator_function(validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """Return one alternative per name, and an open one for names that are not installed here."""
        return block_schema(self._registry)


Protocol = Annotated[ProtocolChoice, From(PROTOCOLS, _read_protocol)]
Workload = Annotated[WorkloadChoice, From(WORKLOADS, _read_workload)]

_QUANTITIES: dict[str, dict[str, Any]] = {
    "duration": {"type": "string", "pattern": units.DURATION_PATTERN},
    "duration_range": {
        "type": "array",
        "items": {"type": "string", "pattern": units.DURATION_PATTERN},
        "minItems": 2,
        "maxItems": 2,
    },
    "count": {"type": "integer"},
    "flag": {"type": "boolean"},
    "ratio": {
        "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": units.SHARE_PATTERN}]
    },
    "text": {"type": "string"},
    "rate": {"type": "string", "pattern": units.RATE_PATTERN},
}


def block_schema(registry: str) -> dict[str, Any]:
    """Return the JSON Schema of a `protocol:` or `workload:` block, from the registry."""
    names = sorted(import_module(registry).names())
    other = {
        "type": "object",
        "properties": {"name": {"type": "string", "not": {"enum": names}}},
        "required": ["name"],
    }
    return {"anyOf": [*(_one_schema(registry, name) for name in names), other]}


def _one_schema(registry: str, name: str) -> dict[str, Any]:
    spec = specification(registry, name)
    properties = {
        each.name: {**_QUANTITIES[each.metadata["unit"]], "description": each.metadata["doc"]}
        for each in fields(spec.parameters)
    }
    required = [
        each.name
        for each in fields(spec.parameters)
        if each.default is MISSING and each.default_factory is MISSING
    ]
    unsafe = {"type": "boolean", "description": "Let parameters pass that break a rule."}
    presets = [each.name for each in getattr(spec, "presets", ())]
    if presets:
        text = "A product whose defaults the parameters start from; keys beside it come on top."
        properties[PRESET] = {"enum": presets, "description": text}
    return {
        "type": "object",
        "description": spec.summary,
        "properties": {"name": {"const": name}, **properties, "unsafe": unsafe},
        "required": ["name", *required],
        "additionalProperties": False,
    }
