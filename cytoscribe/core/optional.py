"""Packages that only some formats need."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import InputError


def needed(module: str, what: str, where: Path, otherwise: str, package: str = "") -> Any:
    """The module. what: what is done with it, "the format .h5 is read"; package: what to install, where that is not named like it.

    Raises InputError where it is not installed; otherwise: what else the user can do.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"{what} through the package {module}, which is not installed",
            where=where,
            fix=f"pip install {package or module}, or {otherwise}",
        ) from error
