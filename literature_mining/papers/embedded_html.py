"""HTML inside Markdown: its tables taken out, its blocks made paragraphs, its raised and lowered parts settled, its tags gone."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from xml.etree.ElementTree import Element

from cytoscribe.literature_mining.papers.clean_text import word_set
from cytoscribe.literature_mining.papers.html_tree import BLOCKS, SILENT, VOID, TreeBuilder, rows_of, tokens, words_of
from cytoscribe.literature_mining.papers.superscripts import raised
from cytoscribe.literature_mining.papers.tables import SourceCell

MARK = "\ue0ff"
"""Stands, with a number between two of it, on a line of its own where a table was."""
_INLINE = word_set(
    """
    a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q s samp small span strike strong sub sup
    time tt u var image page page_number math mi mn mo mrow msub msup mtext semantics figure
    """
)
_KNOWN = BLOCKS | SILENT | VOID | _INLINE
_ESCAPED = re.compile(r"&lt;(/?(?:sup|sub|b|i|u|em|strong|br|p|span)\b[^&<>]{0,80})&gt;", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]{1,31});")
_SMALL = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+(?:[,–⁻⁻˒][⁰¹²³⁴⁵⁶⁷⁸⁹]+)*")
_CARETS = re.compile(r"(?<=\S)\^([\d,–\-\s]{1,20})\^|\[\^(\d{1,3})\](?!:)")
_ISOTOPE = re.compile(r"(?:(?<=[\s(\[])|^)<sup>(\d{1,3})</sup>(?=[A-Z])", re.MULTILINE)
_LOW = re.compile(r"(?<=\w)~([A-Za-z\d]{1,3})~")
_HEADING = re.compile(r"h[1-6]$")
Rows = list[list[SourceCell]]


def without_html(text: str) -> tuple[str, list[Rows]]:
    """Markdown without a tag, and the rows of its HTML tables, each of which leaves a line `MARK + number + MARK`."""
    text = _ISOTOPE.sub(r"\1", text)
    text = _LOW.sub(r"<sub>\1</sub>", _CARETS.sub(lambda m: f"<sup>{m[1] or m[2]}</sup>", _ESCAPED.sub(r"<\1>", text)))
    reader = _Reader()
    for words, tag, attributes in tokens(text, _KNOWN):
        reader.take(words, tag, attributes)
    return reader.text, reader.tables


class _Reader:
    def __init__(self) -> None:
        self.tables: list[Rows] = []
        self._out: list[str] = []
        self._raised: list[str] | None = None
        self._silent = ""
        self._table: TreeBuilder | None = None
        self._depth = 0

    @property
    def text(self) -> str:
        """What was read so far; a table or a raised part that never closed counts as words."""
        self._settle_raised()
        if self._table is not None:
            self._out.append(f"\n\n{words_of(self._table.root)}\n\n")
            self._table = None
        return "".join(self._out)

    def take(self, words: str, tag: str, attributes: str) -> None:
        if self._table is not None:
            self._take_cells(words, tag, attributes)
            return
        if not self._silent:
            self._say(_SMALL.sub(self._small, _unescaped(words)))
        if self._silent:
            self._silent = "" if tag == f"/{self._silent}" else self._silent
        elif tag in SILENT:
            self._silent = tag
        elif tag == "table":
            self._settle_raised()
            self._table, self._depth = TreeBuilder(), 0
            self._take_cells("", tag, attributes)
        else:
            self._mark(tag)

    def _mark(self, tag: str) -> None:
        name = tag.removeprefix("/")
        if tag == "sup":
            self._settle_raised()
            self._raised = []
        elif tag == "/sup":
            self._settle_raised()
        elif name in BLOCKS:
            self._settle_raised()
            self._out.append(f"\n\n{'#' * int(tag[1])} " if _HEADING.match(tag) else "\n\n- " if tag == "li" else "\n\n")
        elif name == "br":
            self._say(" ")

    def _say(self, words: str) -> None:
        (self._out if self._raised is None else self._raised).append(words)

    def _settle_raised(self) -> None:
        """Close a raised part. Two that touch are one, as in `<sup>3,</sup><sup>4</sup>`."""
        if self._raised is None:
            return
        source, self._raised = "".join(self._raised), None
        inside = re.sub(r"\[([^\[\]]*)\]\([^()\s]*\)", r"\1", source).strip()
        before = "".join(self._out[-8:]).rstrip()
        shown = raised(re.sub(r"[*_]+$", "", before), inside, cited="](#" in source)
        if shown != inside:
            while self._out and not self._out[-1].strip():
                self._out.pop()
            if self._out:
                self._out[-1] = self._out[-1].rstrip()
        self._out.append(shown)

    def _small(self, match: re.Match[str]) -> str:
        """Citations in raised digits; an exponent is kept."""
        before = "".join(self._out[-8:]) + match.string[: match.start()]
        inside = unicodedata.normalize("NFKC", match[0])
        shown = raised(before.rstrip(), inside)
        return match[0] if shown == inside else shown

    def _take_cells(self, words: str, tag: str, attributes: str) -> None:
        assert self._table is not None
        self._table.take(words, tag, attributes)
        self._depth += (tag == "table") - (tag == "/table")
        if self._depth == 0:
            table: Element | None = next(self._table.root.iter("table"), None)
            self._table = None
            if table is not None:
                self._out.append(f"\n\n{MARK}{len(self.tables)}{MARK}\n\n")
                self.tables.append(rows_of(table))


def _unescaped(words: str) -> str:
    """Entities as their characters, twice escaped ones too."""
    for _ in range(2):
        if "&" not in words:
            break
        words = _ENTITY.sub(lambda m: unescape(m[0]), words)
    return words
