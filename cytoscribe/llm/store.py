"""Completions on disk: one line each, appended as it arrives, found again by the content key of its prompt."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import os
from collections.abc import Iterable
from io import FileIO
from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import write_text
from cytoscribe.llm.base import Completion

_ALSO = {"seconds": (int,), "stated": (list,)}
"""Types that JSON gives to a field beside its own."""


class CompletionStore:
    """A journal that survives kill -9: whole lines of the right types count, others are dropped and their requests sent again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: dict[str, Completion] = {}
        self._used: set[str] = set()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            self._load()
        self._file = self._open()

    def _open(self) -> FileIO:
        return self.path.open("ab", buffering=0)  # nothing waits in memory, so a full disk is noticed at once and not when closing

    def _load(self) -> None:
        text = self.path.read_text(encoding="utf-8", errors="replace")
        whole = []
        for line in text.split("\n"):  # a model's text may hold other marks that end lines
            if (row := _row(line)) is not None:
                self._rows[row.key] = row
                whole.append(f"{line}\n")
        if "".join(whole) != text:
            write_text(self.path, "".join(whole))

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: str) -> Completion | None:
        """The stored completion of this content, or None."""
        found = self._rows.get(key)
        if found is not None:
            self._used.add(key)
        return found

    def put(self, completion: Completion) -> None:
        """Store a completion at once. Raises InputError where the disk is full or the folder cannot be written."""
        self._rows[completion.key] = completion
        self._used.add(completion.key)
        if completion.error:
            return  # kept for this run alone: the next one asks again
        line = _line(completion).encode()
        end = os.fstat(self._file.fileno()).st_size
        try:
            if self._file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._file.truncate(end)
            raise InputError(
                f"cannot be written ({error.strerror})", where=self.path, fix="free some space and run the same command again"
            ) from error

    def compact(self) -> None:
        """Keep only what this run used, so that claims that changed leave nothing behind."""
        self._file.close()
        kept: Iterable[Completion] = (c for k, c in self._rows.items() if k in self._used and not c.error)
        write_text(self.path, "".join(_line(c) for c in kept))
        self._file = self._open()

    def close(self) -> None:
        """Close the journal."""
        self._file.close()


_SUM = "sum"
"""Name of the checksum of a line; journals of earlier versions have none."""


def _line(completion: Completion) -> str:
    """A half surrogate pair cannot be written to a file; a question mark takes its place. The last field is a checksum of the others:
    a damaged line may still be a completion, of another text."""
    fields = dataclasses.asdict(completion)
    text = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")
    return f'{text[:-1]}, "{_SUM}": "{_digest(text)}"}}\n'


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _row(line: str) -> Completion | None:
    """The completion of a line, None where a field has another type than it is written with."""
    try:
        fields = json.loads(line)
        line.encode()
        if _SUM in fields and fields.pop(_SUM) != _digest(f"{line[: line.rindex(', ' + chr(34) + _SUM)]}}}"):
            return None
        row = Completion(**fields)
    except (ValueError, TypeError, RecursionError, AttributeError):
        return None
    wanted = dataclasses.asdict(Completion("", ""))
    right = all(type(fields.get(name, default)) in (type(default), *_ALSO.get(name, ())) for name, default in wanted.items())
    if not right or not abs(row.seconds) < 1e300 or _half_pair(row.text + row.key) or not all(map(_is_stated, row.stated)):
        return None
    return dataclasses.replace(row, stated=tuple((start, end, tuple(claims)) for start, end, claims in row.stated))


def _is_stated(entry: object) -> bool:
    """Whether an entry of `stated` is (start, end, claim ids)."""
    if not isinstance(entry, list) or len(entry) != 3:
        return False
    start, end, claims = entry
    return type(start) is int and type(end) is int and isinstance(claims, list) and all(isinstance(c, str) for c in claims)


def _half_pair(text: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in text)
