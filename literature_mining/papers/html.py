"""HTML in (.html, .htm, .xhtml): journals' web pages, PubMed Central, atlases, pages that people wrote. Nothing is fetched or run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import BlockKind, Document
from cytoscribe.literature_mining.papers.assemble import Metadata, assemble
from cytoscribe.literature_mining.papers.clean_text import clean, word_set
from cytoscribe.literature_mining.papers.html_tree import BLOCKS, SILENT, add_words, is_hidden, rows_of, tree_of, words_of
from cytoscribe.literature_mining.papers.metadata import licence_in, stated_metadata, year_in
from cytoscribe.literature_mining.papers.paragraphs import Paragraph, kind_of, mended, pieces_of
from cytoscribe.literature_mining.papers.plaintext import read_text
from cytoscribe.literature_mining.papers.repair import SOFT, repair
from cytoscribe.literature_mining.papers.tables import SourceCell, lay_out

_ASIDE = word_set("nav aside footer form menu dialog")
"""Elements of the page, not of the text."""
_REFERENCE_LIST = re.compile(r"\b(?:references?|ref-?list|bibliography|citations?-list)\b|doc-bibliography", re.IGNORECASE)
_CAPTION = re.compile(r"\b(?:fig(?:ure)?-?)?caption\b|\bwp-caption-text\b", re.IGNORECASE)
_HEADINGS = word_set("h1 h2 h3 h4 h5 h6")
_PROSE = 200
"""A table with a longer cell lays out a page; its cells are read as text."""
_LINKED = 0.8
_CITED = {"citation_title": "title", "dc.title": "title", "citation_doi": "doi", "dc.identifier": "doi"}


def read(path: Path) -> Document:
    """Read a web page: its text in order, with headings, captions and tables. Raises InputError where it holds no text."""
    root = tree_of(read_text(path))
    paragraphs = list(_Walk().paragraphs(root))
    if not any(p.kind == "body" for p in paragraphs):
        raise InputError("the page holds no text", where=path, fix="save the page again once its text is shown")
    text, words = repair("\n\n".join("\n".join(p.lines) for p in paragraphs))
    for paragraph, mended_text in zip(paragraphs, text.split("\n\n"), strict=True):
        if paragraph.kind != "table":
            paragraph.lines = mended_text.split("\n")
    metadata = _metadata(root, text)
    return assemble(path, pieces_of(mended(paragraphs, whole=True), words, metadata), metadata)


@dataclass
class _Walk:
    """Walks a page from top to bottom and cuts it into paragraphs."""

    _out: list[Paragraph] = field(default_factory=list)
    _line: list[str] = field(default_factory=list)
    _kind: BlockKind = "body"

    def paragraphs(self, root: Element) -> list[Paragraph]:
        """The paragraphs of a page, none of them empty."""
        self._walk(root, "body")
        self._end()
        return self._out

    def _walk(self, element: Element, kind: BlockKind) -> None:
        self._kind = kind
        self._line.append(element.text or "")
        breaks = 0
        for child in element:
            self._take(child, kind)
            self._kind = kind
            tail = child.tail or ""
            breaks = breaks + 1 if child.tag == "br" else 0
            if breaks and not tail.strip():
                continue  # a second <br> ends the paragraph
            if breaks > 1:
                self._end()
            breaks = 0
            self._line.append(tail)

    def _take(self, child: Element, kind: BlockKind) -> None:
        if child.tag in SILENT or child.tag in _ASIDE or is_hidden(child):
            self._end() if child.tag in BLOCKS else None
            return
        if child.tag not in BLOCKS and not any(e.tag in BLOCKS for e in child.iter()):
            add_words(child, self._line)
            return
        self._end()
        label = f"{child.get('class', '')} {child.get('id', '')} {child.get('role', '')}"
        if re.fullmatch("h[1-6]", child.tag):
            self._heading(child)
        elif child.tag == "table" and not _lays_out(child):
            self._table(child)
        elif child.tag in ("figcaption", "caption") or (_CAPTION.search(label) and child.tag in ("p", "div")):
            self._walk(child, "caption")
        elif child.tag in ("ul", "ol", "menu") and _is_menu(child):
            pass
        else:
            self._walk(child, "reference" if _REFERENCE_LIST.search(label) and child.tag != "p" else kind)
        self._end()

    def _heading(self, element: Element) -> None:
        text = clean(words_of(element).replace(SOFT, "")).strip()
        if text:
            self._out.append(Paragraph([text], "heading", int(element.tag[1])))

    def _table(self, element: Element) -> None:
        for caption in element.iter("caption"):
            self._walk(caption, "caption")
            self._end()
        rows = [[_cleaned(c) for c in row] for row in rows_of(element)]
        text, cells = lay_out(rows)
        if text:
            self._out.append(Paragraph(text.split("\n"), "table", cells=cells))

    def _end(self) -> None:
        """Close the paragraph that is open."""
        text = clean(" ".join("".join(self._line).replace(SOFT, "").split())).strip()
        self._line = []
        if text:
            self._out.append(Paragraph([text], kind_of(text) if self._kind == "body" else self._kind))


def _cleaned(cell: SourceCell) -> SourceCell:
    return SourceCell(clean(cell.text.replace(SOFT, "")).strip(), cell.height, cell.width, cell.header)


def _lays_out(table: Element) -> bool:
    """Whether a table only places the parts of a page: it holds tables or headings, long prose, or a single cell."""
    inner = {e.tag for e in table.iter()} if len(table) else set()
    nested = sum(e.tag == "table" for e in table.iter()) > 1
    rows = rows_of(table)
    return (
        nested
        or bool(inner & _HEADINGS)
        or max(map(len, rows), default=0) < 2
        or any(len(c.text) > _PROSE for r in rows for c in r)
    )


def _is_menu(element: Element) -> bool:
    """Whether a list holds links and hardly anything else."""
    words = len(words_of(element))
    linked = sum(len(words_of(e)) for e in element.iter("a") if not e.get("href", "").startswith("#"))
    return words > 0 and linked > _LINKED * words


def _metadata(root: Element, text: str) -> Metadata:
    """What the page's head states for catalogues, else what its text states."""
    named: dict[str, str] = {}
    authors: list[str] = []
    year: int | None = None
    for meta in root.iter("meta"):
        name, content = (meta.get("name") or meta.get("property") or "").lower(), clean(meta.get("content", "")).strip()
        if name in ("citation_author", "dc.creator"):
            authors.append(" ".join(reversed([p.strip() for p in content.split(",", 1)])))
        elif name in ("citation_publication_date", "citation_date", "citation_year", "citation_online_date") and year is None:
            year = year_in(f"published {content[:4]}")
        elif content and name in _CITED and (_CITED[name] != "doi" or "10." in content):
            named.setdefault(_CITED[name], content)
    stated = stated_metadata(f"{named.get('doi', '')}\n{text[:20_000]}", named.get("title", "") or _title(root), tuple(authors))
    licence = stated.licence or licence_in(" ".join(e.get("href", "") for e in root.iter("a"))) or licence_in(text)
    return Metadata(stated.title, stated.authors, year or stated.year, stated.doi, licence)


def _title(root: Element) -> str:
    """The only <h1>, else the page's own title."""
    first = [clean(words_of(e)).strip() for e in root.iter("h1")]
    pages = [clean(words_of(e)).strip() for e in root.iter("title")]
    return first[0] if len(first) == 1 else next(iter(pages), "")


def graphics(path: Path) -> list[tuple[str, str]]:
    """How each figure's caption begins, as the document has it, and the name of its image; figures without either are left out."""
    found = []
    for figure in tree_of(read_text(path)).iter("figure"):
        caption, image = next(figure.iter("figcaption"), None), next(figure.iter("img"), None)
        if caption is not None and image is not None and image.get("src"):
            found.append((clean(words_of(caption)).strip()[:60], unquote(image.get("src", ""))))
    return found
