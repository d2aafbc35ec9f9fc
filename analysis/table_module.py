"""Modules that are called like the table of the same name: `analysis.elections(result)`.

Importing a submodule binds its name in the package to the module. So the modules `elections`,
`leaderships`, `incidents` and `availability` can be called, like `sim.run`.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


class TableModule(ModuleType):
    """Calls the function of `analysis.frames` that has the module's own last name."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Return the table; see the function in `analysis.frames`."""
        return getattr(import_module("analysis.frames"), self.__name__.rpartition(".")[2])(
            *arguments, **options
        )
