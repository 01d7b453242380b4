"""What a command can check of its options before anything slow is loaded: files, folders, and where the results go."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from cytoscribe.core.digests import is_file
from cytoscribe.core.errors import InputError

Given = tuple[str, Path | None]
"""An option's name and the path it was given; None where it was left out."""
_NEAR = 0.75
"""How much two names must resemble each other: endings are alike, so that less would propose any file of the kind."""
_DEVICE = re.compile(r"auto|cpu|mps|cuda(?::\d+)?")


def check_device(name: str) -> None:
    """Raise InputError if a device's name has no known form, before torch is loaded to ask whether it is there."""
    if not _DEVICE.fullmatch(name):
        raise InputError(f"unknown device '{name}'", where="--device", fix="use auto, cpu, cuda, cuda:1 or mps")


def check_files(*given: Given) -> None:
    """Raise InputError, naming the option and a file of nearly that name, where one is missing or not a regular file."""
    for option, path in given:
        if path is None or is_file(path):
            continue
        fault = "a folder, not a file" if path.is_dir() else ("not a regular file" if _exists(path) else "no such file")
        raise InputError(fault, where=path, fix=_way_out(option, path))


def check_folders(*given: Given) -> None:
    """Raise InputError, naming the option and a folder of nearly that name, where one is missing or a file."""
    for option, path in given:
        if path is not None and not path.is_dir():
            raise InputError("a file, not a folder" if _exists(path) else "no such folder", where=path, fix=_way_out(option, path))


def check_present(*given: Given) -> None:
    """Raise InputError where neither a file nor a folder is there."""
    for option, path in given:
        if path is not None and not _exists(path):
            raise InputError("no such file or folder", where=path, fix=_way_out(option, path))


def check_out(path: Path | None) -> None:
    """Raise InputError where results cannot go to a folder, since it is a file, lies below one, or has a name that is none."""
    try:
        if path is not None:
            path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass
    except (OSError, ValueError) as error:  # too long; a null character; links in a circle
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be written ({reason})", where=path or "", fix="choose another --out") from error
    for place in (path, *path.parents) if path is not None else ():
        if _exists(place):
            if not place.is_dir():
                raise InputError("is a file", where=place, fix="name a folder with --out")
            return


def check_model(*given: Given) -> None:
    """Raise InputError where a folder is none that a finished train-lora wrote."""
    check_folders(*given)
    for option, path in given:
        if path is not None and not (is_file(path / "regions.json") and (path / "merged").is_dir()):
            raise InputError("not a model folder", where=path, fix=f"give {option} the --out folder of a finished train-lora run")


def check_captions(option: str, folders: Iterable[Path | None]) -> None:
    """Raise InputError where a folder holds no captions."""
    for path in folders:
        check_folders((option, path))
        if path is not None and next(path.glob("data/**/*.parquet"), None) is None:
            raise InputError("no captions (data/*.parquet)", where=path, fix=f"give {option} the --out folder of generate-captions")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _way_out(option: str, path: Path) -> str:
    """A file in the folder that was given, if its name is the option's; else what lies beside it under nearly the same name."""
    if path.is_dir() and (inside := [n for n in _names(path) if Path(n).stem == option.strip("-") and is_file(path / n)]):
        return f"did you mean {path / inside[0]}?"
    near = [name for name in difflib.get_close_matches(path.name, _names(path.parent), 2, _NEAR) if name != path.name]
    return f"did you mean {path.parent / near[0]}?" if near else f"check {option}"


def _names(folder: Path) -> list[str]:
    try:
        return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
    except OSError:
        return []
