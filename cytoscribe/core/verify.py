"""Whether a finished folder still holds what its run wrote: sizes and checksums of every file, kept in run.json."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.digests import file_digest, is_file
from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import RUN_FILE, read_json, write_json
from cytoscribe.core.shapes import check, entries, mapping, text

_FORM = entries({"stage": text(100), "status": text(100)}, {"files": mapping(text(200))})
_MENDING = "run the stage again with --overwrite"


def written_files(folder: Path) -> dict[str, str]:
    """Path within the folder to "SIZE SHA256" of every result; hidden files, links and run.json itself are left out."""
    return {name: _mark(folder / name) for name in sorted(_results(folder))}


def record_files(folder: Path) -> None:
    """Bring run.json up to date where a finished folder was changed on purpose; a folder that keeps no checksums is let be."""
    path = folder / RUN_FILE
    told = read_json(path) if path.is_file() else {}
    if isinstance(told, dict) and "files" in told:
        write_json(path, {**told, "files": written_files(folder)})


def damage(folder: Path, names: Iterable[str] | None = None) -> list[str]:
    """What is wrong with a finished folder's files, one line each; [] where all are as they were written.

    names: look at these alone. Raises InputError where the folder keeps no checksums.
    """
    path = folder / RUN_FILE
    told = check(read_json(path), _FORM, path, _MENDING)
    files = told.get("files")
    if not files:
        raise InputError("has no checksums, so no finished run wrote it", where=folder, fix="finish the run first")
    looked_at = files if names is None else [n for n in names if n in files]
    return [fault for name in looked_at if (fault := _fault(folder, name, files[name]))]


def refuse_damaged(folder: Path) -> None:
    """Raise InputError naming the first file of a finished folder that is not as it was written."""
    if faults := damage(folder):
        raise InputError(f"{faults[0]}{_more(len(faults))}", where=folder, fix=f"{_MENDING}, or put the file back")


def _more(count: int) -> str:
    return f" (and {count - 1} more)" if count > 1 else ""


def _fault(folder: Path, name: str, mark: str) -> str:
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        return f"{name}: not a path within the folder"
    if not is_file(path):  # a garbled name may be longer than any path
        return f"{name}: missing"
    size = path.stat().st_size
    if not mark.startswith(f"{size} "):
        return f"{name}: {size} bytes, {mark.partition(' ')[0]} were written"
    return "" if _mark(path) == mark else f"{name}: the content is not what was written"


def _mark(path: Path) -> str:
    return f"{path.stat().st_size} {file_digest(path)}"


def _results(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith(".")]
        for name in names:
            path = Path(place, name)
            if not name.startswith(".") and not path.is_symlink() and path != folder / RUN_FILE and path.is_file():
                yield path.relative_to(folder).as_posix()


def verify(folder: Annotated[Path, typer.Argument(help="Output folder of a finished stage.")]) -> None:
    """Compare every file of a finished folder with the checksum that its run kept.

    Exit code 0 where all are as they were written, 1 where one is missing or differs; each of these is named.
    """
    if not folder.is_dir():
        raise InputError("no such folder", where=folder, fix="name the --out folder of a stage")
    faults = damage(folder)
    for fault in faults:
        typer.echo(fault)
    count = len(read_json(folder / RUN_FILE)["files"])
    typer.echo(f"{folder}: {count - len(faults)} of {count} files are as they were written")
    if faults:
        raise typer.Exit(1)
