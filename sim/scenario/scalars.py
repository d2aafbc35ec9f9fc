"""What a plain scalar means: the core schema of YAML 1.2 (YAML 1.2.2 §10.3.2), without its traps."""

from __future__ import annotations

import math
import re

_CONSTANTS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")
_OTHER_BASE = re.compile(r"[-+]?0(?:x[0-9a-fA-F]+|o[0-7]+|b[01]+)")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_DIGITS_MAX = 30


class ScalarError(ValueError):
    """A number that is refused; the message says why and what to write instead."""


def plain(text: str) -> str | int | float | bool | None:
    """Return the value of an unquoted scalar.

    A number with leading zeros or in another base than ten is refused, since YAML 1.1 and 1.2 read
    it differently; so is one that is not finite, or has more digits than any quantity needs.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _LEADING_ZERO.fullmatch(text):
        raise ScalarError(
            f"found {text[:40]}, a number with leading zeros, which readers take for octal; {_HOW}"
        )
    if _OTHER_BASE.fullmatch(text):
        raise ScalarError(f"found {text[:40]}, a number that is not decimal; {_HOW}")
    if _NOT_FINITE.fullmatch(text):
        raise ScalarError(f"found {text}, expected a finite number")
    return _number(text)


_HOW = "write it in decimal, or in quotes if it is text"


def _number(text: str) -> str | int | float:
    integer = _INTEGER.fullmatch(text) is not None
    if not integer and not _FLOAT.fullmatch(text):
        return text
    if len(text) > _DIGITS_MAX:
        raise ScalarError(f"found a number of {len(text)} digits, more than the limit of {_DIGITS_MAX}")
    value = int(text) if integer else float(text)
    if not math.isfinite(value):
        raise ScalarError(f"found {text}, which is too large")
    return value
