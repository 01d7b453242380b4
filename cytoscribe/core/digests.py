"""Digests: of files, to notice what was replaced, and of settings, to notice what was changed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import stat
from pathlib import Path
from typing import Any

import numpy as np

SAMPLED_FROM = 64 << 20
"""Bytes from which on `quick_digest` looks at samples alone."""
_SAMPLES, _SAMPLE = 16, 64 << 10


def is_file(path: Path) -> bool:
    """True for an ordinary file that can be looked at: no folder, no pipe, no link that leads nowhere or in a circle."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def quick_digest(path: str | Path) -> str:
    """Digest that notices a replaced file at little cost: of the whole content up to 64 MiB, of larger files the size, the time of
    the last change and samples; of a folder (OME-Zarr) the sizes and last changes of its files. "absent" where it cannot be read."""
    path = Path(path)
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            return _folder_digest(path)
        if not stat.S_ISREG(found.st_mode):
            return "absent"
        if found.st_size <= SAMPLED_FROM:
            return file_digest(path)[:16]
        digest = hashlib.sha256(f"{found.st_size} {found.st_mtime_ns}".encode())
        with path.open("rb") as file:
            for i in range(_SAMPLES):
                file.seek(i * (found.st_size - _SAMPLE) // (_SAMPLES - 1))
                digest.update(file.read(_SAMPLE))
        return digest.hexdigest()[:16]
    except OSError:
        return "absent"


def _folder_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if is_file(p)):
        found = path.stat()
        digest.update(f"{path.relative_to(folder)} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def fingerprint(value: Any) -> str:
    """Short stable digest of settings: equal for equal content, whatever the order of keys."""
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, default=plain_json)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def plain_json(value: Any) -> Any:
    """What JSON holds for a value that it has no form for: of settings, paths and NumPy numbers. Raises TypeError for others."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")
