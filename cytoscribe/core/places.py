"""Files that a table names, found in spite of what another operating system made of their names."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

_FORMS = ("NFC", "NFD")
BACKSLASHES, ACCENTS, CASE = "backslashes are read as slashes", "accents are composed otherwise", "letter case differs"


class Places:
    """Paths as a table writes them, relative to its folder; fetched: copies of those that lie in object stores; corrected: how many were found only
    after a change, by kind."""

    def __init__(self, folder: Path, fetched: Mapping[str, Path] | None = None) -> None:
        self._folder, self._fetched = folder, fetched or {}
        self.mended: Counter[str] = Counter()
        self._listed: dict[Path, dict[str, list[str]]] = {}

    def find(self, text: str) -> Path:
        """The file that the path means; the path unchanged where no file matches in any spelling."""
        if text in self._fetched:
            return self._fetched[text]
        written = self._folder / text
        if _exists(written):
            return written
        slashed = text
        if "\\" in text and not PureWindowsPath(text).drive:
            slashed = PureWindowsPath(text).as_posix()
            if _exists(self._folder / slashed):
                return self._count(BACKSLASHES, self._folder / slashed)
        for form in _FORMS:
            path = self._folder / unicodedata.normalize(form, slashed)
            if _exists(path):
                return self._count(ACCENTS, path)
        same = self._by_case(slashed)
        return self._count(CASE, same) if same is not None else written

    def told(self) -> str:
        """What was corrected, for people."""
        return "; ".join(f"{kind} in {n} path{'s' * (n != 1)}" for kind, n in sorted(self.mended.items()))

    def _count(self, kind: str, path: Path) -> Path:
        self.mended[kind] += 1
        return path

    def _by_case(self, text: str) -> Path | None:
        """The one file whose path differs in letter case alone."""
        here = Path("/") if PurePosixPath(text).is_absolute() else self._folder
        for part in PurePosixPath(text.lstrip("/")).parts:
            if _exists(here / part):
                here = here / part
                continue
            near = self._names(here).get(_folded(part), [])
            if len(near) != 1:
                return None
            here = here / near[0]
        return here

    def _names(self, folder: Path) -> dict[str, list[str]]:
        if folder not in self._listed:
            found: dict[str, list[str]] = {}
            try:
                for path in folder.iterdir():
                    found.setdefault(_folded(path.name), []).append(path.name)
            except (OSError, ValueError):
                pass
            self._listed[folder] = found
        return self._listed[folder]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
