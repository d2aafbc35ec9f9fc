"""Finding protocols by name."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from protocols import registry
from protocols.raft import SPEC, make_spec
from protocols.registry import UnknownProtocol, get, names, register


@pytest.fixture(autouse=True)
def _forget_registrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {})


def _install(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    def entry_points(**selection: Any) -> list[EntryPoint]:
        assert selection == {"group": "leadersim.protocols"}
        return [EntryPoint(name, value, "leadersim.protocols")]

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)


def test_raft_is_built_in() -> None:
    """It is there without any registration, and is the one object of its module."""
    assert get("raft") is SPEC
    assert "raft" in names()


def test_built_ins_are_not_imported_before_they_are_asked_for() -> None:
    """Importing the registry, and listing it, loads no protocol."""
    program = "import sys, protocols.registry as r; r.names(); print('protocols.raft' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_a_registered_protocol_is_found_and_listed_in_order() -> None:
    """`names` is sorted, whatever the order of registration."""
    first, second = make_spec("zeta"), make_spec("alpha")
    register(first)
    register(second)
    register(first)

    assert get("zeta") is first
    assert [name for name in names() if name in ("zeta", "alpha", "raft")] == ["alpha", "raft", "zeta"]


@pytest.mark.parametrize("name", ["raft", "mine"])
def test_a_name_belongs_to_one_protocol(name: str) -> None:
    """Neither a built-in nor a registered one can be replaced silently."""
    if name == "mine":
        register(make_spec(name))

    with pytest.raises(ValueError, match=f"a protocol named '{name}' is already registered"):
        register(make_spec(name))


def test_an_installed_package_offers_protocols_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """Third parties need no change here."""
    _install(monkeypatch, "theirs", "protocols.raft:SPEC")

    assert get("theirs") is SPEC
    assert "theirs" in names()


def test_module_and_attribute_name_a_protocol_directly() -> None:
    """For a protocol that is not installed."""
    assert get("protocols.raft:SPEC") is SPEC


def test_an_unknown_name_is_answered_with_the_nearest_ones() -> None:
    """The error is a KeyError that reads as a sentence."""
    with pytest.raises(UnknownProtocol) as caught:
        get("rafd")

    assert caught.value.nearest == ("raft",)
    assert str(caught.value) == "unknown protocol 'rafd'; did you mean raft?"
    assert isinstance(caught.value, KeyError)


def test_a_name_like_nothing_else_is_answered_with_the_list() -> None:
    """There is always something to go on with."""
    with pytest.raises(UnknownProtocol, match=r"unknown protocol 'qqq'; known are: .*raft"):
        get("qqq")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("no.such.module:SPEC", "there is no module 'no.such.module'"),
        (":SPEC", "there is no module ''"),
        ("protocols.raft:Raft", "protocols.raft:Raft is not a ProtocolSpec"),
        ("protocols.raft:missing", "protocols.raft:missing is not a ProtocolSpec"),
    ],
)
def test_what_cannot_be_loaded_is_unknown_and_says_why(name: str, complaint: str) -> None:
    """No traceback of the import system for a mistyped name."""
    with pytest.raises(UnknownProtocol, match=complaint):
        get(name)
