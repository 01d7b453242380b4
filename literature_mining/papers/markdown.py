"""Markdown in: papers that a converter took from a PDF, with the faults such conversions have, and Markdown that people wrote."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from cytoscribe.records import BlockKind, Document
from literature_mining.papers.assemble import CELL, Metadata, Piece, assemble
from literature_mining.papers.clean_text import clean, join_lines, unspaced, vocabulary
from literature_mining.papers.metadata import licence_in, names_in, stated_metadata
from literature_mining.papers.outline import Outline
from literature_mining.papers.plaintext import read_text
from literature_mining.papers.sentences import is_closed, is_open

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_RULE = re.compile(r"(?:-{3,}|\*{3,}|_{3,})$")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\((?:https?://|mailto:|#|www\.)(?:[^()\s]|\([^()]*\))*\)")
_AUTOLINK = re.compile(r"<(https?://[^>\s]+)>")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![\w*_])([*_])(?=[^\s_])([^_\n]*?[^\s*_])\1(?![\w])")
_CAPTION = re.compile(
    r"(?:Supplementary |Extended Data )?(?:Fig(?:ure|\.)?|Table|Tab\.|TABLE|FIGURE)\s*[A-Z]?\d+[a-zA-Z]?\s*(?:$|[.:|–—]|\(|e [A-Z]|[A-Z*])"
)
_REFERENCES = re.compile(r"(?:\d+\.?\s*)?(?:references|bibliography|literature cited|r e f e r e n c e s)$", re.IGNORECASE)
_NUMBERED = re.compile(r"\d+(?:\.\d+)+\.?\s+[A-Z](?:[^.!?]|\.(?=\S))*$")
_ITEM = re.compile(r"(?:[-*+•]|\d+[.)])\s+")
_BULLET = re.compile(r"(?:[-*+•]\s+)+")
_AFFILIATION = re.compile(r"universit|institut|department|hospital|school of|@|\b\d{5}\b", re.IGNORECASE)
_FRONT = re.compile(
    r"(?:edited by|reviewed by|received|accepted|published|citation|correspondence|keywords?|e-?mail|doi)\b|\*\s*correspond",
    re.IGNORECASE,
)

MAX_MARKS = 2_000
"""A line with more marks than this keeps them: pairing them would take time that grows with their square."""
MAX_HEADING = 250
"""A longer heading is text that a converter took for one."""


@dataclass(eq=False)
class _Paragraph:
    lines: list[str] = field(default_factory=list)
    kind: BlockKind = "body"
    level: int = 0
    quoted: bool = False


def read(path: Path) -> Document:
    """Read a Markdown file. Raises InputError where it holds no text."""
    raw = read_text(path)
    paragraphs = [p for p in _paragraphs(raw) if p.lines]
    words = vocabulary(line for p in paragraphs for line in p.lines)
    title = next((p.lines[0] for p in paragraphs if p.kind == "heading" and p.level == 1 and len(p.lines[0].split()) > 3), "")
    metadata = stated_metadata(raw[:20_000], title)
    pieces = _pieces(_mend(paragraphs), words, metadata)
    licence = metadata.licence or next(filter(None, (licence_in(p.text) for p in pieces)), "")
    return assemble(path, pieces, replace(metadata, licence=licence))


def plain(line: str) -> str:
    """One line without Markdown marks: images gone, links and emphasis reduced to their words."""
    if line.count("*") + line.count("_") + line.count("[") > MAX_MARKS:
        return clean(line).strip()
    line = _IMAGE.sub("", line)
    line = _AUTOLINK.sub(r"\1", _LINK.sub(r"\1", line))
    for mark in (_STRONG, _EMPHASIS):
        line = mark.sub(r"\2", line)
    return clean(line.replace("\\*", "*").replace("\\_", "_")).strip()


def _paragraphs(text: str) -> list[_Paragraph]:
    found = [_Paragraph()]
    for raw in text.split("\n"):
        line = raw.strip()
        heading = _HEADING.match(line)
        if not line or _RULE.match(line):
            found.append(_Paragraph())
        elif heading:
            found += [_Paragraph([unspaced(plain(heading[2]))], "heading", len(heading[1])), _Paragraph()]
        elif line.startswith("|"):
            if found[-1].kind != "table":
                found.append(_Paragraph(kind="table"))
            if not re.fullmatch(r"[|\s:-]+", line):
                found[-1].lines.append(CELL.join(c for c in (plain(c) for c in line.strip("|").split("|")) if c))
        else:
            _add(found, line)
    return found


def _add(found: list[_Paragraph], line: str) -> None:
    quoted = line.startswith(">") and (not found[-1].lines or found[-1].quoted)
    line = line.lstrip("> ") if quoted else line
    if found[-1].kind == "table" or (found[-1].lines and _ITEM.match(line)):
        found.append(_Paragraph())
    bullet = _BULLET.match(line)
    words = plain(line[bullet.end() :] if bullet and not found[-1].lines else line)
    if not found[-1].lines:
        found[-1].quoted = quoted
        found[-1].kind = _kind(words)
    if words:
        found[-1].lines.append(words)


def _kind(words: str) -> BlockKind:
    if _CAPTION.match(words):
        return "caption"
    if _FRONT.match(words):
        return "front"
    return "furniture" if _is_debris(words) else "body"


def _is_debris(words: str) -> bool:
    """Page marks and scraps of a running head, which hold hardly any word."""
    letters = sum(c.isalpha() for c in words)
    return len(words) < 40 and (letters < 0.5 * len(words.replace(" ", "")) or max(map(len, words.split()), default=0) < 3)


def _mend(paragraphs: list[_Paragraph]) -> list[_Paragraph]:
    """Join body text that a blank line, a page's end, a caption or a stray heading cut in mid-sentence.

    What stood between is put before the joined paragraph, so that it is kept and yet splices no sentence.
    """
    out: list[_Paragraph] = []
    unfinished: _Paragraph | None = None
    for paragraph in paragraphs:
        paragraph.kind = _kind_after(paragraph, unfinished if out and out[-1] is unfinished else None)
        if paragraph.kind == "body" and unfinished and _continues(unfinished.lines[-1], paragraph.lines[0]):
            del out[next(i for i in reversed(range(len(out))) if out[i] is unfinished)]
            unfinished.lines += paragraph.lines
            paragraph = unfinished
        out.append(paragraph)
        if paragraph.kind in ("body", "heading"):
            unfinished = paragraph if paragraph.kind == "body" else None
    return out


def _kind_after(paragraph: _Paragraph, before: _Paragraph | None) -> BlockKind:
    """The role of a paragraph where what converters mistake is put right; `before` is the body text right above it."""
    first = paragraph.lines[0]
    if paragraph.kind == "caption" and before and is_open(before.lines[-1]):
        return "body"  # "... is summarised in / Table 2. All areas ..."
    if paragraph.kind == "body" and len(paragraph.lines) <= 2 and _NUMBERED.match(" ".join(paragraph.lines)):
        return "heading"
    if paragraph.kind == "heading" and _is_debris(first):
        return "furniture"
    if paragraph.kind == "heading" and (first[:1].islower() or len(first) > MAX_HEADING):
        return "body"
    return paragraph.kind


def _continues(last: str, first: str) -> bool:
    return not is_closed(last) and (first[:1].islower() or is_open(last) or len(last) > 40)


def _pieces(paragraphs: list[_Paragraph], words: Counter[str], metadata: Metadata) -> list[Piece]:
    pieces: list[Piece] = []
    outline, heading, kind_after = Outline(), "", None
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
        pieces.append(Piece(text, kind, headings=outline.path))
    return [replace(p, kind="front") if p.kind == "body" and _is_front(p, metadata) else p for p in pieces]


def _is_front(piece: Piece, metadata: Metadata) -> bool:
    """Text before the title, and by-lines and addresses under it."""
    heading = piece.headings[-1] if piece.headings else ""
    if not metadata.title or heading not in ("", metadata.title):
        return False
    return not heading or len(names_in([piece.text])) > 1 or bool(_AFFILIATION.search(piece.text) and len(piece.text) < 400)
