"""Files appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import UserError
from sim.files import write_text, write_whole


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError("bug")]
)
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    """A full disk is a user error; whatever else goes wrong comes out as it is."""
    path = tmp_path / "result.txt"
    write_text(path, "old")

    def fail(temporary: Path) -> None:
        temporary.write_text("half of")
        raise error

    with pytest.raises(UserError if isinstance(error, OSError) else type(error)):
        write_whole(path, fail)
    assert {entry.name: entry.read_text() for entry in tmp_path.iterdir()} == {"result.txt": "old"}
