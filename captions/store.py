"""Completions on disk: one line each, appended as it arrives, found again by the content key of its prompt."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from captions.backends.base import Completion
from cytoscribe.errors import InputError
from cytoscribe.runs import write_text


class CompletionStore:
    """A journal that survives kill -9: whole lines count, a torn last line is dropped and its request asked again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: dict[str, Completion] = {}
        self._used: set[str] = set()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            self._load()
        self._file: IO[str] = path.open("a", encoding="utf-8")

    def _load(self) -> None:
        whole = []
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = Completion(**json.loads(line))
            except (ValueError, TypeError):
                continue
            self._rows[row.key] = row
            whole.append(line)
        write_text(self.path, "".join(f"{line}\n" for line in whole))

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
        try:
            self._file.write(json.dumps(dataclasses.asdict(completion), ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise InputError(
                f"cannot be written ({error.strerror})", where=self.path, fix="free some space and run again"
            ) from error

    def compact(self) -> None:
        """Keep only what this run used, so that claims that changed leave nothing behind."""
        self._file.close()
        kept: Iterable[Completion] = (c for k, c in self._rows.items() if k in self._used and not c.error)
        write_text(self.path, "".join(json.dumps(dataclasses.asdict(c), ensure_ascii=False) + "\n" for c in kept))
        self._file = self.path.open("a", encoding="utf-8")

    def close(self) -> None:
        """Close the journal."""
        self._file.close()
