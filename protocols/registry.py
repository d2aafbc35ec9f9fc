"""Names of protocols -> what is known of them.

A name is looked for, in this order, among the specs given to `register`, the built-in protocols, the
entry points of installed packages in the group `leadersim.protocols`, and, when it has the form
`module:Attribute`, by importing that module. Nothing is imported before it is asked for.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

from protocols.api import ProtocolSpec

GROUP = "leadersim.protocols"
"""The entry-point group by which other packages offer protocols: `name = "module:SPEC"`."""

BUILT_IN: dict[str, str] = {
    "bully": "protocols.classic.bully:SPEC",
    "database-row": "protocols.lease.database_row:SPEC",
    "dynamodb": "protocols.lease.dynamodb:SPEC",
    "etcd": "protocols.etcd:SPEC",
    "etcd-naive-blind-put": "protocols.etcd:BLIND_PUT",
    "etcd-naive-key-per-node": "protocols.etcd:KEY_PER_NODE",
    "kubernetes": "protocols.lease.kubernetes:SPEC",
    "lock-server": "protocols.lease.lock_server:SPEC",
    "multi-paxos": "protocols.classic.paxos:SPEC",
    "omni-paxos": "protocols.classic.omni_paxos:SPEC",
    "paxos-lease": "protocols.lease.paxos_lease:SPEC",
    "raft": "protocols.raft:SPEC",
    "redlock": "protocols.lease.redlock:SPEC",
    "replicated-lock": "protocols.lease.replicated_lock:SPEC",
    "ring": "protocols.classic.ring:SPEC",
    "viewstamped-replication": "protocols.classic.viewstamped:SPEC",
    "zk-create-watch": "protocols.zookeeper:CREATE_WATCH",
    "zk-naive-create": "protocols.zookeeper:NAIVE_CREATE",
    "zookeeper": "protocols.zookeeper:SPEC",
    "zookeeper-ensemble": "protocols.zookeeper:ENSEMBLE",
}

_registered: dict[str, ProtocolSpec] = {}


class UnknownProtocol(KeyError):
    """There is no such protocol; `nearest` are names that it may have meant, the best first."""

    def __init__(self, message: str, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.nearest = nearest

    def __str__(self) -> str:
        """Return the message as it is; `KeyError` would show it in quotes."""
        return str(self.args[0])


def register(spec: ProtocolSpec) -> None:
    """Make `spec` known under its name; doing so twice is harmless.

    Raises:
        ValueError: the name belongs to another protocol.
    """
    if spec.name in BUILT_IN or _registered.setdefault(spec.name, spec) is not spec:
        raise ValueError(f"a protocol named {spec.name!r} is already registered")


def get(name: str) -> ProtocolSpec:
    """Return the protocol of that name.

    Raises:
        UnknownProtocol: there is none, or its module cannot be imported or holds no `ProtocolSpec`.
    """
    if name in _registered:
        return _registered[name]
    target = BUILT_IN.get(name) or (name if ":" in name else _entry_points().get(name))
    if target is None:
        raise _unknown(name)
    return _load(name, target)


def names() -> list[str]:
    """Return the names of all protocols that can be found without knowing a module, sorted."""
    return sorted({*_registered, *BUILT_IN, *_entry_points()})


def _entry_points() -> dict[str, str]:
    # Imported here: it costs more than all the rest of this module, and built-ins do not need it.
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=GROUP)}


def _unknown(name: str) -> UnknownProtocol:
    known = names()
    nearest = tuple(get_close_matches(name, known))
    hint = f"did you mean {' or '.join(nearest)}?" if nearest else f"known are: {', '.join(known)}"
    return UnknownProtocol(f"unknown protocol {name!r}; {hint}", nearest)


def _load(name: str, target: str) -> ProtocolSpec:
    module_name, _, attribute = target.partition(":")
    module_name, attribute = module_name.strip(), attribute.split("[")[0].strip()
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        # A missing import *inside* that module is its author's problem, and must not look like ours.
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise UnknownProtocol(f"protocol {name!r}: there is no module {module_name!r}") from error
    except ValueError as error:  # an empty module name
        raise UnknownProtocol(f"protocol {name!r}: there is no module {module_name!r}") from error
    spec = getattr(module, attribute, None)
    if not isinstance(spec, ProtocolSpec):
        raise UnknownProtocol(f"protocol {name!r}: {module_name}:{attribute} is not a ProtocolSpec")
    return spec
