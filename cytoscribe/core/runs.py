"""Run folders: results appear whole or not at all, a killed run resumes, and a run with other settings refuses to mix in."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from cytoscribe import __version__
from cytoscribe.core.digests import fingerprint, is_file, plain_json
from cytoscribe.core.errors import InputError, RunMismatchError, WriteError, full_disk, unwritable
from cytoscribe.core.preflight import check_out
from cytoscribe.core.shapes import anything, check, entries, mapping, text

RUN_FILE = "run.json"
SHARDS = ".shards"
CONTENTS = ".contents.json"
"""Digests of large inputs, kept by `--verify`."""
MOST_BYTES = 1 << 30
"""Of a file that is read whole."""
MOST_JSON = 64 << 20
"""Of JSON: what it holds may take twenty times its size in memory."""
_PART = ".cytoscribe-"


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and vanishes when it does not.

    The file is as readable for others as the umask says, whatever a library that writes it would choose.
    Raises WriteError that names `path` where it cannot be written, or is a device, a pipe or a socket: to take the place of /dev/null
    would harm every program of the machine.
    """
    path = Path(path)
    temporary = path.parent / f"{_PART}{secrets.token_hex(8)}.part"
    with _writing(path):
        if path.exists() and not path.is_dir() and not is_file(path):
            raise WriteError("no ordinary file", where=path, fix="name a file")
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.open("xb").close()
        mode = stat.S_IMODE(temporary.stat().st_mode)
    try:
        try:
            yield temporary
        except OSError as error:
            if full := full_disk(error, path):
                raise full from error
            raise
        with _writing(path):
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.chmod(mode)
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(error, path) from error


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text atomically; what UTF-8 cannot hold (half of a surrogate pair, as in odd file names) becomes `?`."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "replace"))


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON atomically, keys in the order given."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, default=plain_json) + "\n")


def read_bytes(path: str | Path, most: int = MOST_BYTES) -> bytes:
    """The content of a file of at most `most` bytes.

    Raises InputError where it is missing, not a regular file (a pipe would never end), too large, or may not be read.
    """
    path = Path(path)
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode) or not stat.S_ISREG(found.st_mode):
            raise InputError("a folder" if path.is_dir() else "not a regular file", where=path, fix="check the path")
        if found.st_size > most:
            raise InputError(f"{found.st_size:,} bytes, more than the {most:,} that are read", where=path, fix="check the file")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # a path with a null character is a ValueError
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read ({reason})", where=path, fix="check the path") from error


def read_json(path: str | Path, most: int = MOST_JSON) -> Any:
    """Read JSON of at most `most` bytes (UTF-8, with or without a byte-order mark).

    Raises InputError where the file is missing, broken or too large.
    """
    try:
        return json.loads(read_bytes(path, most).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"not valid JSON ({_line(error)})", where=path, fix="correct or remove the file") from error


def _line(error: BaseException) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())[:120]


class RunFolder:
    """The output folder of one stage. Use as a context manager: it holds a lock, so two runs never write into one folder.

    settings and inputs (digests of what is read) make the fingerprint. The same fingerprint resumes; another one raises
    RunMismatchError, unless `overwrite`, which forgets the shards of the earlier run, or nothing was made yet
    but the files named `prepared`. A folder that holds foreign files is refused. A folder that was made for this run goes again where
    an InputError ends the block before anything else was written: a slip in an option leaves nothing behind.
    """

    def __init__(
        self,
        path: str | Path,
        stage: str,
        settings: Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None,
        *,
        overwrite: bool = False,
        prepared: Sequence[str] = (),
    ) -> None:
        self.path, self.stage, self.overwrite, self._prepared = Path(path), stage, overwrite, prepared
        self.settings, self.inputs = dict(settings), dict(inputs or {})
        self.fingerprint = fingerprint({"stage": stage, "settings": self.settings, "inputs": self.inputs})
        self.resumed = self._made = False
        self._lock: FileLock | None = None

    def __enter__(self) -> RunFolder:
        check_out(self.path)
        self._check_owner()
        try:
            self._made = not self.path.exists()
            self.path.mkdir(parents=True, exist_ok=True)
            self._take_lock()
        except OSError as error:
            raise InputError(f"cannot be written ({error.strerror})", where=self.path, fix="choose another --out") from error
        try:
            self._clean()
            self._check_fingerprint()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, kind: object = None, error: object = None, trace: object = None) -> None:
        if self._lock is not None:
            if self._made and isinstance(error, InputError) and not self._holds_work():
                self._unmake()
            self._lock.release()  # the file stays, since removing it would race with a waiter
            self._lock = None

    def _check_owner(self) -> None:
        if self.path.is_dir() and not (self.path / RUN_FILE).exists() and any(not _is_ours(f) for f in self.path.iterdir()):
            raise RunMismatchError(
                "the folder holds files that no cytoscribe run made", where=self.path, fix="choose an empty folder with --out"
            )

    def _take_lock(self) -> None:
        self._lock = FileLock(self.path / ".lock", timeout=0)  # never through a link: filelock opens with O_NOFOLLOW
        try:
            self._lock.acquire()
        except Timeout as error:
            self._lock = None
            raise RunMismatchError(
                "another run is writing into this folder", where=self.path, fix="wait for it or choose another --out"
            ) from error

    def _clean(self) -> None:
        """Remove what a killed run had begun to write. Links are never followed out of the folder."""
        if (self.path / SHARDS).is_symlink():
            raise RunMismatchError("a symbolic link is in the place of the run's state", where=self.path / SHARDS, fix="remove it")
        for place, _, names in os.walk(self.path):
            for name in names:
                if name.startswith(_PART) and name.endswith(".part"):
                    Path(place, name).unlink(missing_ok=True)

    def _earlier(self) -> dict[str, Any] | None:
        """What run.json says of the run that the folder holds; None where it holds none, or a broken one is to be overwritten."""
        record = self.path / RUN_FILE
        if not record.exists():
            return None
        try:
            return check(read_json(record), _RECORD, record, "pass --overwrite to start over, or choose another --out")
        except InputError as error:
            if self.overwrite:
                return None
            fix = "pass --overwrite to start over, or choose another --out"
            raise RunMismatchError(error.what, where=error.where, fix=fix) from error

    def _check_fingerprint(self) -> None:
        earlier = self._earlier()
        if earlier and earlier.get("fingerprint") == self.fingerprint:
            self.resumed = True
            return
        if earlier and not self.overwrite and not self._without_work(earlier):
            changed = ", ".join(self._changes(earlier)) or "stage"
            raise RunMismatchError(
                f"the folder holds a '{earlier.get('stage')}' run with other settings ({changed})",
                where=self.path,
                fix="choose another --out, or pass --overwrite",
            )
        self.forget()
        self._save("running")

    def _without_work(self, earlier: Mapping[str, Any]) -> bool:
        """Whether the earlier run ended before it had made anything that is worth keeping."""
        if earlier["status"] != "running" or earlier["stage"] != self.stage:
            return False
        return not self._holds_work()

    def _holds_work(self) -> bool:
        left = {p.name for p in self.path.iterdir()} - {*self._own, SHARDS}
        return bool(left) or any((self.path / SHARDS).glob("*"))

    @property
    def _own(self) -> tuple[str, ...]:
        """Files that are there before any work is done."""
        return (RUN_FILE, ".lock", CONTENTS, *self._prepared)

    def _unmake(self) -> None:
        if any((self.path / name).is_dir() for name in self._own):
            return  # a cache is worth keeping
        with contextlib.suppress(OSError):
            for name in self._own:
                (self.path / name).unlink(missing_ok=True)
            if (self.path / SHARDS).is_dir():
                (self.path / SHARDS).rmdir()
            self.path.rmdir()

    def _changes(self, earlier: Mapping[str, Any]) -> list[str]:
        now = json.loads(json.dumps({"settings": self.settings, "inputs": self.inputs}, default=plain_json))
        return sorted(
            key
            for part in now
            for key in {*now[part], *earlier.get(part, {})}
            if now[part].get(key) != earlier.get(part, {}).get(key)
        )

    def _save(self, status: str, summary: Mapping[str, Any] | None = None, files: Mapping[str, str] | None = None) -> None:
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
                **({"files": dict(files)} if files else {}),
                "written": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )

    def finish(self, summary: Mapping[str, Any] | None = None, done_with: Sequence[str] = ()) -> None:
        """Record that the run is complete, with a summary of counts and a checksum of every result.

        done_with: files within the folder that only an unfinished run needs; they are removed once the record is written.
        """
        from cytoscribe.core.verify import written_files

        files = {name: mark for name, mark in written_files(self.path).items() if name not in done_with}
        self._save("done", summary, files)
        for name in done_with:
            (self.path / name).unlink(missing_ok=True)

    def shard_path(self, key: str) -> Path:
        """Where the shard of `key` (a file digest, a prompt's content key) lies."""
        return self.path / SHARDS / f"{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.jsonl"

    def has_shard(self, key: str) -> bool:
        """True once the shard was written whole, by this run or the one it resumes. A damaged one is removed, so that it is redone."""
        path = self.shard_path(key)
        if not path.exists():
            return False
        try:
            self.read_shard(key)
        except InputError:
            path.unlink()
            return False
        return True

    def write_shard(self, key: str, rows: Iterable[Any]) -> None:
        """Write one unit of work (rows of JSON, or dataclasses) atomically. The last line is a checksum of the others."""
        text = "".join(json.dumps(r, ensure_ascii=False, default=plain_json) + "\n" for r in rows)
        whole = text.encode("utf-8", "replace")
        with atomic_path(self.shard_path(key)) as temporary:
            temporary.write_bytes(whole + _seal(whole))

    def forget(self) -> None:
        """Drop all units of work, where none of them is worth keeping: an InputError after it leaves no new folder behind."""
        (self.path / CONTENTS).unlink(missing_ok=True)
        shards = self.path / SHARDS
        if shards.is_dir():
            for shard in shards.iterdir():
                shard.unlink()

    def read_shard(self, key: str) -> list[Any]:
        """Rows of a finished shard; raises InputError where it is damaged."""
        path = self.shard_path(key)
        content = read_bytes(path)
        whole, seal = content[:-_SEAL], content[-_SEAL:]
        if seal != _seal(whole):
            raise InputError("damaged", where=path, fix="remove it and run the same command again")
        return [json.loads(line) for line in whole.decode().split("\n") if line]  # text may hold other marks that end lines


_RECORD = entries(
    {
        "stage": text(100),
        "status": text(100),
        "fingerprint": text(100),
        "settings": mapping(anything()),
        "inputs": mapping(anything()),
    },
    {"summary": mapping(anything()), "files": mapping(text(200))},
)
_SEAL = 65


def _seal(content: bytes) -> bytes:
    return f"{hashlib.sha256(content).hexdigest()}\n".encode()


def _is_ours(path: Path) -> bool:
    """Whether a run that never came to its first run.json may have left this behind."""
    return path.name == ".lock" or path.name.startswith(_PART)
