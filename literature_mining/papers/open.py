"""Papers in: find the files that can be read, and read each into one `Document` whatever its format."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Document

FORMATS = (".pdf", ".xml", ".nxml", ".html", ".htm", ".xhtml", ".md", ".markdown", ".txt", ".text")
UNREAD = (
    ".docx",
    ".doc",
    ".odt",
    ".rtf",
    ".tex",
    ".rst",
    ".epub",
    ".djvu",
    ".ps",
    ".pages",
    ".org",
    ".adoc",
    ".mobi",
    ".wpd",
    ".ipynb",
)
"""Formats in which papers come and which no reader here knows."""
_NO_PAPERS = ("readme", "license", "licence", "copying", "changelog", "contributing", "notice")
MAX_BYTES = 400_000_000
"""A file larger than this (400 MB) is not a paper; it is reported and never opened."""


def find_papers(paths: Iterable[str | Path]) -> list[Path]:
    """Files of a known format among `paths` and, for folders, below them; sorted, each once.

    Below folders, hidden files and what is not a paper by its name (README, LICENSE and the like) are skipped.

    Raises InputError where a path does not exist, a file named outright is of another format, or nothing is found.
    """
    given = [Path(p) for p in paths]
    found: dict[Path, Path] = {}
    for path in given:
        for file in _files_of(path):
            found.setdefault(file.resolve(), file)
    if not found:
        where = ", ".join(map(str, given)) or "--papers"
        raise InputError("no paper to read", where=where, fix=f"give files or folders with {', '.join(FORMATS)}")
    return sorted(found.values(), key=lambda f: (f.name, str(f)))


def find_unread(paths: Iterable[str | Path]) -> list[Path]:
    """Files below the folders among `paths` that may be papers, in formats that are not read (UNREAD); sorted by name."""
    files = [file for folder in map(Path, paths) if folder.is_dir() for file in _walk(folder)]
    unread = {f.resolve(): f for f in files if f.suffix.lower() in UNREAD and f.stem.lower() not in _NO_PAPERS}
    return sorted(unread.values(), key=lambda f: (f.name, str(f)))


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        return [file for file in _walk(path) if file.suffix.lower() in FORMATS and file.stem.lower() not in _NO_PAPERS]
    if not path.exists():
        raise InputError("no such file or folder", where=path, fix="check the path")
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"cannot read '{path.suffix or 'no suffix'}' files", where=path, fix=f"give one of {', '.join(FORMATS)}")
    return [path]


def _walk(folder: Path) -> list[Path]:
    files: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith(".")]
        files += [Path(root) / n for n in names if not n.startswith(".")]
    return [f for f in files if f.is_file()]


def read_document(path: str | Path) -> Document:
    """Read one paper by the format that its suffix names.

    Raises InputError where the file is missing, empty, too large, encrypted, damaged beyond reading, or holds no text.
    """
    path = Path(path)
    reader = _reader(path)
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path, fix="check the path") from error
    size = status.st_size
    if not stat.S_ISREG(status.st_mode):
        raise InputError("not a regular file", where=path, fix="give files, or folders of files")
    if size == 0:
        raise InputError("the file is empty", where=path, fix="fetch the paper again")
    if size > MAX_BYTES:
        raise InputError(
            f"{size / 1e6:.0f} MB is too large for a paper", where=path, fix=f"give files below {MAX_BYTES / 1e6:.0f} MB"
        )
    return reader(path)


def _reader(path: Path) -> Callable[[Path], Document]:
    from cytoscribe.literature_mining.papers import html, jats, markdown, plaintext
    from cytoscribe.literature_mining.papers.pdf import read as pdf

    by_reader = {
        pdf.read: (".pdf",),
        jats.read: (".xml", ".nxml"),
        html.read: (".html", ".htm", ".xhtml"),
        markdown.read: (".md", ".markdown"),
        plaintext.read: (".txt", ".text"),
    }
    for reader, suffixes in by_reader.items():
        if path.suffix.lower() in suffixes:
            return reader
    raise InputError(f"cannot read '{path.suffix or 'no suffix'}' files", where=path, fix=f"give one of {', '.join(FORMATS)}")
