"""Run folders: results appear whole or not at all, a killed run goes on, and a run with other settings refuses to mix in."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import numpy as np

from cytoscribe import __version__
from cytoscribe.errors import InputError, RunMismatchError, full_disk

RUN_FILE = "run.json"
SHARDS = ".shards"


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and vanishes when it does not.

    Raises InputError that names `path` where the disk is full.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        if full := full_disk(error, path):
            raise full from error
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON atomically, keys in the order given."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, default=_plain) + "\n")


def read_json(path: str | Path) -> Any:
    """Read JSON; raises InputError where the file is missing or broken."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path, fix="check the path") from error
    except ValueError as error:
        raise InputError(f"not valid JSON ({error})", where=path, fix="mend or remove the file") from error


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(value: Any) -> str:
    """Short stable digest of settings: equal for equal content, whatever the order of keys."""
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, default=_plain)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")


class RunFolder:
    """The output folder of one stage. Use as a context manager: it holds a lock, so two runs never write into one folder.

    settings and inputs (digests of what is read) make the fingerprint. The same fingerprint resumes; another one raises
    RunMismatchError, unless `overwrite`, which forgets the shards of the earlier run. A folder that holds foreign files is refused.
    """

    def __init__(
        self,
        path: str | Path,
        stage: str,
        settings: Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None,
        *,
        overwrite: bool = False,
    ) -> None:
        self.path, self.stage, self.overwrite = Path(path), stage, overwrite
        self.settings, self.inputs = dict(settings), dict(inputs or {})
        self.fingerprint = fingerprint({"stage": stage, "settings": self.settings, "inputs": self.inputs})
        self.resumed = False
        self._lock: IO[str] | None = None

    def __enter__(self) -> RunFolder:
        if self.path.exists() and not self.path.is_dir():
            raise InputError("is a file", where=self.path, fix="name a folder with --out")
        self._check_owner()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._take_lock()
        except OSError as error:
            raise InputError(f"cannot be written ({error.strerror})", where=self.path, fix="choose another --out") from error
        self._check_fingerprint()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._lock is not None:
            self._lock.close()  # closing frees the lock; the file stays, since removing it would race with a waiter
            self._lock = None

    def _check_owner(self) -> None:
        if self.path.is_dir() and not (self.path / RUN_FILE).exists() and any(f.name != ".lock" for f in self.path.iterdir()):
            raise RunMismatchError(
                "the folder holds files that no cytoscribe run made", where=self.path, fix="choose an empty folder with --out"
            )

    def _take_lock(self) -> None:
        self._lock = (self.path / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            self._lock = None
            raise RunMismatchError(
                "another run is writing into this folder", where=self.path, fix="wait for it or choose another --out"
            ) from error

    def _check_fingerprint(self) -> None:
        record = self.path / RUN_FILE
        earlier = read_json(record) if record.exists() else None
        if earlier and earlier.get("fingerprint") == self.fingerprint:
            self.resumed = True
            return
        if earlier and not self.overwrite:
            changed = ", ".join(self._changes(earlier)) or "stage"
            raise RunMismatchError(
                f"the folder holds a '{earlier.get('stage')}' run with other settings ({changed})",
                where=self.path,
                fix="choose another --out, or pass --overwrite",
            )
        self._forget()
        self._save("running")

    def _changes(self, earlier: Mapping[str, Any]) -> list[str]:
        now = json.loads(json.dumps({"settings": self.settings, "inputs": self.inputs}, default=_plain))
        return sorted(
            key
            for part in now
            for key in {*now[part], *earlier.get(part, {})}
            if now[part].get(key) != earlier.get(part, {}).get(key)
        )

    def _forget(self) -> None:
        shards = self.path / SHARDS
        if shards.is_dir():
            for shard in shards.iterdir():
                shard.unlink()

    def _save(self, status: str, summary: Mapping[str, Any] | None = None) -> None:
        write_json(
            self.path / RUN_FILE,
            {
                "stage": self.stage,
                "status": status,
                "cytoscribe": __version__,
                "fingerprint": self.fingerprint,
                "settings": self.settings,
                "inputs": self.inputs,
                "summary": dict(summary or {}),
                "written": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )

    def finish(self, summary: Mapping[str, Any] | None = None) -> None:
        """Record that the run is complete, with a summary of counts for whoever reads run.json."""
        self._save("done", summary)

    def shard_path(self, key: str) -> Path:
        """Where the shard of `key` (a file digest, a prompt's content key) lies."""
        return self.path / SHARDS / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.jsonl"

    def has_shard(self, key: str) -> bool:
        """True once the shard was written whole, by this run or the one it resumes."""
        return self.shard_path(key).exists()

    def write_shard(self, key: str, rows: Iterable[Any]) -> None:
        """Write one unit of work (rows of JSON, or dataclasses) atomically."""
        write_text(self.shard_path(key), "".join(json.dumps(r, ensure_ascii=False, default=_plain) + "\n" for r in rows))

    def read_shard(self, key: str) -> list[Any]:
        """Rows of a finished shard."""
        return [json.loads(line) for line in self.shard_path(key).read_text(encoding="utf-8").splitlines()]
