"""Plain text in: paragraphs parted by blank lines, lines joined, hyphens at line ends removed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Document
from cytoscribe.literature_mining.papers.assemble import assemble
from cytoscribe.literature_mining.papers.clean_text import clean
from cytoscribe.literature_mining.papers.metadata import stated_metadata
from cytoscribe.literature_mining.papers.paragraphs import Paragraph, kind_of, mended, pieces_of
from cytoscribe.literature_mining.papers.repair import repair

PAGE = "\f"
"""Stands, in a paragraph of its own, where a page ends."""
_HEADING = re.compile(r"(?:\d+(?:\.\d+)*\.?\s+)?[A-Z][^.!?;:]{2,80}$")
_BLANK = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def read(path: Path) -> Document:
    """Read a text file (UTF-8, UTF-16 with a mark, else latin-1). Raises InputError where it holds no text."""
    raw = read_text(path)
    text, words = repair(raw)
    blocks = _BLANK.split(text)
    paragraphs = [_paragraph(block) for block in blocks]
    _settle_headings(paragraphs, [block.strip(" \n") == PAGE for block in blocks])
    paragraphs = [p for p in paragraphs if p.lines]
    metadata = stated_metadata(raw[:20_000])
    return assemble(path, pieces_of(mended(paragraphs, whole=True), words, metadata), metadata)


def _settle_headings(paragraphs: Sequence[Paragraph], page_ends: Sequence[bool]) -> None:
    """Make furniture of running heads, and text of a line that only looks like a heading, since the text continues below in lower case."""
    heads = Counter(p.lines[0] for p in paragraphs if p.kind == "heading")
    below: Paragraph | None = None
    for i in range(len(paragraphs) - 1, -1, -1):
        paragraph = paragraphs[i]
        if paragraph.kind == "heading":
            at_edge = any(page_ends[max(i - 1, 0) : i + 2]) or i == 0
            if at_edge and heads[paragraph.lines[0]] > 1:
                paragraph.kind = "furniture"
            elif below is not None and below.lines[0][:1].islower():
                paragraph.kind = "body"
        if paragraph.lines and paragraph.kind in ("heading", "body"):
            below = paragraph


def _paragraph(block: str) -> Paragraph:
    lines = [line for line in (clean(line).strip() for line in block.split("\n")) if line]
    if len(lines) == 1 and _HEADING.match(lines[0]) and len(lines[0].split()) <= 12:
        return Paragraph(lines, "heading", 1)
    return Paragraph(lines, kind_of(lines[0]) if lines else "body")


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
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", f"\n\n{PAGE}\n\n")


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
