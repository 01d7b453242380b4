"""The one way to read a single array of NumPy's format: its header is data, and a file cannot claim more than it holds."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_bytes

MOST_BYTES = 2**32


def read_npy(path: Path, fix: str) -> np.ndarray:
    """The array of an .npy file, with `fix` as the advice where it is none.

    Raises InputError where the file is missing, larger than 4 GiB, holds objects (which are stored as code, and never run), or claims
    more values than it holds.
    """
    content = read_bytes(path, MOST_BYTES)
    try:
        shape, kind, start = _header(content)
        claimed = math.prod(shape) * kind.itemsize
        if not kind.hasobject and 0 <= claimed <= len(content) - start:
            return np.load(io.BytesIO(content), allow_pickle=False)
    except Exception as error:  # the header is a Python literal, and its parser fails in many ways
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(f"not a NumPy array ({reason})", where=path, fix=fix) from error
    if kind.hasobject:
        raise InputError("not an array of numbers: objects are stored as code, which is never run", where=path, fix=fix)
    raise InputError(f"claims {claimed:,} bytes of values and holds {len(content) - start:,}", where=path, fix=fix)


def _header(content: bytes) -> tuple[tuple[int, ...], np.dtype, int]:
    """Shape, type, and where the values begin."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(file)
    return shape, kind, file.tell()
