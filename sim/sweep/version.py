"""Which code makes the runs: rows made by different code must not stand in one table."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("analysis", "protocols", "sim")
_ROOT = Path(__file__).resolve().parents[2]


@cache
def code_version() -> str:
    """Return the version with a fingerprint of the sources: `0.1.0+3f9a0c...`.

    A number alone says too little: a checkout changes many times under one version.
    """
    return f"{_version()}+{fingerprint(_ROOT)}"


def fingerprint(root: Path) -> str:
    """Return 16 hexadecimal digits that stand for names and texts of the packages' modules in `root`."""
    digest = blake2b(digest_size=8)
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            text = path.read_bytes()
            digest.update(f"{path.relative_to(root).as_posix()} {len(text)}\n".encode())
            digest.update(text)
    return digest.hexdigest()


def _version() -> str:
    try:
        return version("leadersim")
    except PackageNotFoundError:
        return "checkout"
