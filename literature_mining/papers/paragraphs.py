"""Paragraphs of a text without pages (Markdown, plain text, HTML): their roles, and what a converter cut in mid-sentence joined."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cytoscribe.core.records import BlockKind, CellSpan
from cytoscribe.literature_mining.papers.assemble import Metadata, Piece
from cytoscribe.literature_mining.papers.clean_text import join_lines
from cytoscribe.literature_mining.papers.metadata import names_in
from cytoscribe.literature_mining.papers.outline import HeadingOutline
from cytoscribe.literature_mining.papers.sentences import is_closed, is_open

_CAPTION = re.compile(
    r"(?:Supplementary |Extended Data )?(?:Fig(?:ure|\.)?|Table|Tab\.|TABLE|FIGURE)\s*[A-Z]?\d+[a-zA-Z]?\s*(?:$|[.:|–—]|\(|e [A-Z]|[A-Z*])"
)
_REFERENCES = re.compile(
    r"(?:\d+\.?\s*)?(?:references|bibliography|literature cited|works cited|r e f e r e n c e s)\s*:?$", re.IGNORECASE
)
_NUMBERED = re.compile(r"\d+(?:\.\d+)+\.?\s+[A-Z](?:[^.!?]|\.(?=\S))*$")
_AFFILIATION = re.compile(r"universit|institut|department|hospital|school of|@|\b\d{5}\b", re.IGNORECASE)
_FRONT = re.compile(
    r"(?:edited by|reviewed by|received|accepted|published|citation|correspondence|keywords?|e-?mail|doi)\b|\*\s*correspond",
    re.IGNORECASE,
)
MAX_HEADING = 250
"""A longer heading is text that a converter took for one."""
_SIGN = re.compile(r"(?!(?:[IVX]+|\d+)\.?$)(?=.*[A-Za-z])(?=.*[A-Z0-9])[A-Za-z0-9][\w.'*-]{1,7}$")
"""A heading of one sign names an area ("9d", "FF"); page marks and section numbers have no letter, or are numerals."""


@dataclass(eq=False)
class Paragraph:
    """Lines that stand together. `level`: a heading's (1 outermost); `quoted`: cited from elsewhere; `cells`: a table's."""

    lines: list[str] = field(default_factory=list)
    kind: BlockKind = "body"
    level: int = 0
    quoted: bool = False
    cells: tuple[CellSpan, ...] = ()


def kind_of(words: str) -> BlockKind:
    """The role of a paragraph by its first line: caption, front matter, debris of a page's edge, or body text."""
    if _CAPTION.match(words):
        return "caption"
    if _FRONT.match(words):
        return "front"
    return "furniture" if is_debris(words) else "body"


def is_debris(words: str) -> bool:
    """Page marks and scraps of a running head, which hold hardly any word."""
    letters = sum(c.isalpha() for c in words)
    return len(words) < 40 and (letters < 0.5 * len(words.replace(" ", "")) or max(map(len, words.split()), default=0) < 3)


def mended(paragraphs: Sequence[Paragraph], *, whole: bool = False) -> list[Paragraph]:
    """Join body text that a blank line, a page's end, a caption or a stray heading cut in mid-sentence.

    whole: people made the paragraphs, so that only one that goes on in lower case, or after a comma, is joined.

    What stood between is put before the joined paragraph, so that it is kept and yet splices no sentence.
    """
    out: list[Paragraph] = []
    unfinished: Paragraph | None = None
    for paragraph in paragraphs:
        paragraph.kind = _kind_after(paragraph, unfinished if out and out[-1] is unfinished else None)
        if paragraph.kind == "body" and unfinished and _continues(unfinished.lines[-1], paragraph.lines[0], whole):
            del out[next(i for i in reversed(range(len(out))) if out[i] is unfinished)]
            unfinished.lines += paragraph.lines
            paragraph = unfinished
        out.append(paragraph)
        if paragraph.kind in ("body", "heading"):
            unfinished = paragraph if paragraph.kind == "body" else None
    return out


def _kind_after(paragraph: Paragraph, before: Paragraph | None) -> BlockKind:
    """The role of a paragraph where what converters mistake is put right; `before` is the body text right above it."""
    first = paragraph.lines[0]
    if paragraph.kind == "caption" and before and is_open(before.lines[-1]):
        return "body"  # "... is summarised in / Table 2. All areas ..."
    if paragraph.kind == "body" and len(paragraph.lines) <= 2 and _NUMBERED.match(" ".join(paragraph.lines)):
        return "heading"
    if paragraph.kind == "heading" and is_debris(first) and not _SIGN.match(first):
        return "furniture"
    if paragraph.kind == "heading" and (first[:1].islower() or len(first) > MAX_HEADING):
        return "body"
    return paragraph.kind


def _continues(last: str, first: str, whole: bool) -> bool:
    return not is_closed(last) and (first[:1].islower() or is_open(last) or (len(last) > 40 and not whole))


def pieces_of(paragraphs: Sequence[Paragraph], words: Counter[str], metadata: Metadata) -> list[Piece]:
    """Pieces in reading order, each under its headings; references and front matter by where they stand."""
    pieces: list[Piece] = []
    outline, heading, kind_after = HeadingOutline(), "", None
    for paragraph in paragraphs:
        kind = paragraph.kind
        text = "\n".join(paragraph.lines) if kind == "table" else join_lines(paragraph.lines, words)[0]
        if kind == "heading" and heading in ("", metadata.title) and text != metadata.title and len(names_in([text])) > 1:
            kind = "front"
        if kind == "heading":
            outline.enter(text, paragraph.level)
            heading = text
            kind_after = "reference" if _REFERENCES.match(text) else None
        elif kind in ("body", "caption") and kind_after:
            kind = kind_after
        pieces.append(Piece(text, kind, headings=outline.path, cells=paragraph.cells))
    return [replace(p, kind="front") if p.kind == "body" and _is_front(p, metadata) else p for p in pieces]


def _is_front(piece: Piece, metadata: Metadata) -> bool:
    """Text before the title, and by-lines and addresses under it."""
    heading = piece.headings[-1] if piece.headings else ""
    if not metadata.title or heading not in ("", metadata.title):
        return False
    return not heading or len(names_in([piece.text])) > 1 or bool(_AFFILIATION.search(piece.text) and len(piece.text) < 400)
