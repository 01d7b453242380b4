"""Plain text in: paragraphs parted by blank lines, lines joined, hyphens at line ends mended."""

from __future__ import annotations

import re
from pathlib import Path

from cytoscribe.errors import InputError
from cytoscribe.records import Document
from literature_mining.papers.assemble import Piece, assemble
from literature_mining.papers.clean_text import clean, join_lines, vocabulary
from literature_mining.papers.metadata import stated_metadata
from literature_mining.papers.outline import Outline

_HEADING = re.compile(r"(?:\d+(?:\.\d+)*\.?\s+)?[A-Z][^.!?;:]{2,80}$")


def read(path: Path) -> Document:
    """Read a text file (UTF-8, UTF-16 with a mark, else latin-1). Raises InputError where it holds no text."""
    text = read_text(path)
    blocks = [[clean(line).strip() for line in p.split("\n")] for p in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text)]
    words = vocabulary(line for block in blocks for line in block)
    pieces, outline = [], Outline()
    for block in blocks:
        joined = join_lines([line for line in block if line], words)[0]
        if len(block) == 1 and _HEADING.match(joined) and len(joined.split()) <= 12:
            pieces.append(Piece(joined, "heading", headings=outline.enter(joined, 1)))
        else:
            pieces.append(Piece(joined, "body", headings=outline.path))
    return assemble(path, pieces, stated_metadata(text[:20_000]))


def read_text(path: Path) -> str:
    """The text of a file with its line ends made `\\n`. Raises InputError where it is binary or blank."""
    raw = path.read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", errors="replace")
    elif b"\0" in raw[:4096]:
        raise InputError("not a text file", where=path, fix="save it as UTF-8 text")
    else:
        text = _decode(raw)
    if not text.strip():
        raise InputError("holds no text", where=path, fix="fetch the paper again")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
