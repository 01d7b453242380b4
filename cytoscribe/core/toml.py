"""The one way to read TOML that somebody else wrote."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import InputError
from cytoscribe.core.plain_text import line
from cytoscribe.core.runs import read_bytes

MOST_BYTES = 16 << 20


def read_toml(path: str | Path) -> dict[str, Any]:
    """The tables of a TOML file (UTF-8, with or without a byte-order mark) of at most MOST_BYTES.

    Raises InputError where the file is missing, broken, nested too deeply, or too large.
    """
    try:
        return tomllib.loads(read_bytes(path, MOST_BYTES).decode("utf-8-sig"))
    except RecursionError as error:
        raise InputError("not valid TOML (nested too deeply)", where=path, fix="correct the file") from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError, and numbers too long to be read
        raise InputError(f"not valid TOML ({line(str(error))[:120]})", where=path, fix="correct it there") from error
