"""Markdown in: papers that a converter took from a PDF, with the faults such conversions have, and Markdown that people wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cytoscribe.core.records import Document
from cytoscribe.literature_mining.papers.assemble import assemble
from cytoscribe.literature_mining.papers.clean_text import clean, unspaced
from cytoscribe.literature_mining.papers.embedded_html import MARK, Rows, without_html
from cytoscribe.literature_mining.papers.latex import without_maths
from cytoscribe.literature_mining.papers.metadata import licence_in, stated_metadata
from cytoscribe.literature_mining.papers.paragraphs import Paragraph, kind_of, mended, pieces_of
from cytoscribe.literature_mining.papers.plaintext import read_text
from cytoscribe.literature_mining.papers.repair import repair
from cytoscribe.literature_mining.papers.tables import SourceCell, lay_out

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_RULE = re.compile(r"(?:-{3,}|\*{3,}|_{3,})$")
_IMAGE = re.compile(r"!\[[^\]]*\]\((?:[^()]|\([^()]*\))*\)")
_LINK = re.compile(
    r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(<?(?:https?://|mailto:|#|www\.|\.{0,2}/|[\w/-]+\.[a-z]{2,4}\b)(?:[^()\s]|\([^()]*\))*"
    r"(?:\s+\"[^\"]*\")?\)"
)
_AUTOLINK = re.compile(r"<(https?://[^>\s]+)>")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_STRUCK = re.compile(r"(~~)(?=\S)(.+?)(?<=\S)~~")
_COLUMN = re.compile(r"Col\d+$")
_EMPHASIS = re.compile(r"(?<![\w*_])([*_])(?=[^\s_])([^_\n]*?[^\s*_])\1(?![\w])")
_ITEM = re.compile(r"(?:[-*+•]|\d+[.)])\s+")
_BULLET = re.compile(r"(?:[-*+•]\s+)+")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_DEFINITION = re.compile(r"\[[^\]\s]{1,60}\]:\s+<?(?:https?://|www\.|#|/|\.)\S*.*$")
_PAGE = re.compile(
    r"[\W_]*(?:\{\d+\}|page\W{0,3}\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?|missing[ _]page\w*(?:\W\d+)?|page ?break|new ?page)[\W_]*$",
    re.IGNORECASE,
)
"""A line that marks where a page begins, as converters write it."""
_PICTURE = re.compile(
    r"[\W_]*(?:picture\b.{0,60}intentionally omitted|(?:image|picture|figure|formula)(?:[ _-]?\d+)?)[\W_]*$", re.IGNORECASE
)
_PICTURE_TEXT = re.compile(r"[\W_]*(start|end) of picture text[\W_]*$", re.IGNORECASE)
_FENCE = re.compile(r"(?:`{3,}|~{3,})\s*\w*$")
_TABLE = re.compile(f"{MARK}(\\d+){MARK}$")

MAX_MARK = 200
"""A longer line marks no page and no picture."""
MAX_MARKS = 2_000
"""A line with more marks than this keeps them: pairing them would take time that grows with their square."""


def read(path: Path) -> Document:
    """Read a Markdown file. Raises InputError where it holds no text."""
    raw = read_text(path)
    text, tables = prepared(raw)
    text, words = repair(text)
    paragraphs = [p for p in _paragraphs(text, tables) if p.lines]
    title = next((p.lines[0] for p in paragraphs if p.kind == "heading" and p.level == 1 and len(p.lines[0].split()) > 3), "")
    metadata = stated_metadata(raw[:20_000], title)
    pieces = pieces_of(mended(paragraphs), words, metadata)
    licence = metadata.licence or next(filter(None, (licence_in(p.text) for p in pieces)), "")
    return assemble(path, pieces, replace(metadata, licence=licence))


def prepared(raw: str) -> tuple[str, list[Rows]]:
    """Markdown whose formulas and HTML have become plain text, and its HTML tables; marks of Markdown itself stay."""
    return without_html(without_maths(raw))


def plain(line: str) -> str:
    """One line without Markdown marks: images gone, links and emphasis reduced to their words."""
    if line.count("*") + line.count("_") + line.count("[") > MAX_MARKS:
        return clean(line).strip()
    line = _IMAGE.sub("", line)
    line = _AUTOLINK.sub(r"\1", _LINK.sub(r"\1", line))
    for mark in (_STRONG, _EMPHASIS, _STRUCK):
        line = mark.sub(r"\2", line)
    return clean(_ESCAPE.sub(r"\1", line)).strip()


def _paragraphs(text: str, tables: Sequence[Rows]) -> list[Paragraph]:
    found = [Paragraph()]
    pipes: list[list[SourceCell]] = []
    in_picture = False
    for raw in [*text.split("\n"), ""]:
        line = raw.strip()
        if pipes and not line.startswith("|"):
            found += [_table(pipes), Paragraph()]
            pipes = []
        picture = _PICTURE_TEXT.match(line) if len(line) < MAX_MARK else None
        if picture or in_picture:
            in_picture = bool(line) and (picture is None or picture[1].lower() == "start")
        elif line.startswith("|"):
            pipes += _pipe_row(line)
        elif table := _TABLE.match(line):
            found += [_table([[replace(c, text=plain(c.text)) for c in row] for row in tables[int(table[1])]]), Paragraph()]
        elif heading := _HEADING.match(line):
            found += _heading(heading)
        elif not line or _is_mark(line):
            found.append(Paragraph())
        elif not _DEFINITION.match(line):
            _add(found, line)
    return found


def _is_mark(line: str) -> bool:
    """Whether a line is a rule, a fence, a page's number or the place of a picture, and holds no text."""
    return len(line) < MAX_MARK and any(mark.match(line) for mark in (_RULE, _FENCE, _PAGE, _PICTURE))


def _heading(match: re.Match[str]) -> list[Paragraph]:
    text = unspaced(plain(match[2]))
    return [Paragraph()] if not text or _PAGE.match(text) else [Paragraph([text], "heading", len(match[1])), Paragraph()]


def _pipe_row(line: str) -> list[list[SourceCell]]:
    """The cells of a line of a pipe table; the line under its header marks the row before as one, and is none itself."""
    cells = [plain(c.replace("\\|", "|")) for c in re.split(r"(?<!\\)\|", line.removeprefix("|").removesuffix("|"))]
    return [[]] if re.fullmatch(r"[|\s:-]+", line) else [[SourceCell("" if _COLUMN.match(c) else c) for c in cells]]


def _table(rows: Sequence[Sequence[SourceCell]]) -> Paragraph:
    """A table's paragraph. Of a pipe table, the rows above an empty one are its header."""
    rule = next((i for i, row in enumerate(rows) if not row), 0)
    marked = [[replace(c, header=c.header or i < rule) for c in row] for i, row in enumerate(rows) if row]
    text, cells = lay_out(marked)
    return Paragraph(text.split("\n") if text else [], "table", cells=cells)


def _add(found: list[Paragraph], line: str) -> None:
    quoted = line.startswith(">") and (not found[-1].lines or found[-1].quoted)
    line = line.lstrip("> ") if quoted else line
    if found[-1].lines and _ITEM.match(line):
        found.append(Paragraph())
    bullet = _BULLET.match(line)
    words = plain(line[bullet.end() :] if bullet and not found[-1].lines else line)
    if not found[-1].lines:
        found[-1].quoted = quoted
        found[-1].kind = kind_of(words)
    if words:
        found[-1].lines.append(words)
