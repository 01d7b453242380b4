"""Inputs too large to be hashed whole at every start: `--verify` does it, and compares with what an earlier start of the run read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cytoscribe.core.digests import SAMPLED_FROM, file_digest, is_file
from cytoscribe.core.errors import RunMismatchError
from cytoscribe.core.progress import say, track
from cytoscribe.core.runs import CONTENTS, read_json, write_json
from cytoscribe.core.shapes import check, mapping, text


def verify_contents(folder: Path, files: Iterable[Path]) -> None:
    """Hash the inputs of a run that `quick_digest` only samples, and compare them with what the run's folder remembers of them.

    Files that are not remembered yet are noted. Raises RunMismatchError that names a file whose content is another one.
    """
    kept = folder / CONTENTS
    known = check(read_json(kept), mapping(text(64)), kept, "remove it") if kept.is_file() else {}
    large = [path for path in files if is_file(path) and path.stat().st_size > SAMPLED_FROM]
    found = {str(path.resolve()): file_digest(path) for path in track(large, "verifying", unit="files")}
    changed = [name for name in found if known.get(name, found[name]) != found[name]]
    if changed:
        raise RunMismatchError(
            "the content changed since this run read it", where=changed[0], fix="put it back, or pass --overwrite to start over"
        )
    if new := found.keys() - known.keys():
        write_json(kept, known | found)
        say(f"{len(new)} large files hashed for the first time: a later start with --verify compares them")
