"""JATS XML in (PLOS, eLife, PubMed Central, Europe PMC): sections, paragraphs, captions and tables by structure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import BlockKind, Document
from cytoscribe.literature_mining.papers.assemble import Metadata, Piece, assemble
from cytoscribe.literature_mining.papers.clean_text import clean, vocabulary, word_set
from cytoscribe.literature_mining.papers.html_tree import span_of
from cytoscribe.literature_mining.papers.metadata import licence_in
from cytoscribe.literature_mining.papers.outline import MAX_HEADINGS
from cytoscribe.literature_mining.papers.repair import SOFT, unsoftened
from cytoscribe.literature_mining.papers.superscripts import raised
from cytoscribe.literature_mining.papers.tables import SourceCell, lay_out

Headings = tuple[str, ...]
MAX_DEPTH = 200
MAX_ELEMENTS = 2_000_000
_WHITE = re.compile(r"\s+")
_DEFERRED = word_set(
    """
    fig fig-group table-wrap table-wrap-group boxed-text list def-list disp-quote supplementary-material p sec speech
    verse-group
    """
)
_SILENT = word_set(
    """
    disp-formula graphic inline-graphic media tex-math object-id label-alternatives processing-meta fn
    """
)
_TOC_ABSTRACTS = ("toc", "graphical", "web-summary", "precis", "teaser")


def read(path: Path) -> Document:
    """Read the first article of a JATS file. Raises InputError where it is not XML, declares entities, or holds no article."""
    root = parse(path)
    article = root if _name(root) == "article" else next((e for e in root.iter() if _name(e) == "article"), None)
    if article is None:
        raise InputError(f"no <article> in the XML (found <{_name(root)}>)", where=path, fix="give JATS full-text XML")
    _unsoften(article)
    document = assemble(path, _article(article), _metadata(article))
    if not any(b.kind == "body" for b in document.blocks):
        raise InputError("the article holds no text", where=path, fix="fetch the full text, not the record alone")
    return document


def parse(path: Path) -> Element:
    """Parse XML with nothing fetched, no entity of the file's own expanded, and depth and size bounded.

    The named characters of HTML (`&alpha;`) are understood, since JATS files rely on a DTD that is not loaded.
    Raises InputError naming the line for XML that is not well formed.
    """
    parser, builder, depth = expat.ParserCreate(), TreeBuilder(), [0, 0]

    def start(name: str, attributes: dict[str, str]) -> None:
        depth[0] += 1
        depth[1] += 1
        if depth[0] > MAX_DEPTH or depth[1] > MAX_ELEMENTS:
            raise InputError("XML nested too deep or with too many elements", where=path, fix="this is not an article; remove it")
        builder.start(name, attributes)

    def end(name: str) -> None:
        depth[0] -= 1
        builder.end(name)

    def refuse_entity(*_: object) -> None:
        raise InputError("the XML declares its own entities", where=path, fix="fetch it again from the publisher")

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, builder.data
    parser.EntityDeclHandler = refuse_entity
    parser.SkippedEntityHandler = lambda name, _: builder.data(html5.get(f"{name};", " "))
    parser.UseForeignDTD(True)
    try:
        parser.Parse(path.read_bytes(), True)
        return builder.close()
    except (expat.ExpatError, AssertionError, LookupError, ValueError) as error:
        raise InputError(f"not well-formed XML ({error})", where=path, fix="fetch the file again") from error


def graphics(path: Path) -> list[tuple[str, str]]:
    """Each figure's caption, as the document has it, and the name of its image file; figures without either are left out."""
    found = []
    for element in parse(path).iter():
        if _name(element) in ("fig", "supplementary-material"):
            graphic = _find(element, "graphic")
            links = [v for k, v in graphic.attrib.items() if k.endswith("href")] if graphic is not None else []
            found.append((_caption(element), links[0] if links else ""))
    return [(caption, name) for caption, name in found if caption and name]


def _unsoften(article: Element) -> None:
    """Settle the soft hyphens of an article's words, in place."""
    texts = list(article.itertext())
    if not any(SOFT in text for text in texts):
        return
    words = vocabulary(clean(text) for text in texts if SOFT not in text)
    for element in article.iter():
        element.text = unsoftened(element.text or "", words)
        element.tail = unsoftened(element.tail or "", words)


def _name(element: Element) -> str:
    return element.tag.rpartition(":")[2] if isinstance(element.tag, str) else ""


def _article(article: Element) -> Iterator[Piece]:
    front = _child(article, "front")
    title = _find(front, "article-title")
    path: Headings = (_text(title),) if title is not None and _text(title) else ()
    yield Piece("".join(path), "heading", headings=path)
    for abstract in _all(front, "abstract"):
        if abstract.get("abstract-type") not in _TOC_ABSTRACTS:
            named = _child(abstract, "title")
            heading = _text(named) if named is not None else "Abstract"
            yield Piece(heading, "heading", headings=(*path, heading))
            yield from _content(abstract, (*path, heading), "body")
    for part in ("body", "floats-group", "back"):
        if (element := _child(article, part)) is not None:
            yield from _content(element, path, "front" if part == "back" else "body")


def _content(parent: Element, path: Headings, kind: BlockKind) -> Iterator[Piece]:
    """Pieces of a section's children, in order; `kind` is what its paragraphs are."""
    for child in parent:
        name = _name(child)
        if name in ("title", "label"):
            continue
        if name in ("sec", "app", "ack", "glossary", "notes", "boxed-text", "fn-group", "ref-list", "sub-article"):
            yield from _section(child, path, kind)
        elif name == "ref":
            yield Piece(_text(child), "reference", headings=path)
        elif name in ("fig", "table-wrap", "supplementary-material"):
            yield from _float(child, path)
        elif name == "p":
            yield from _paragraph(child, path, kind)
        elif name in ("list", "def-list"):
            for item in child:
                if _name(item) not in ("title", "label"):
                    yield Piece(_text(item), kind, headings=path)
        elif name not in _SILENT:
            yield from _content(child, path, kind)


def _section(section: Element, path: Headings, kind: BlockKind) -> Iterator[Piece]:
    title = _child(section, "title")
    own = _text(title) if title is not None else ("References" if _name(section) == "ref-list" else "")
    inner = (*path, own)[-MAX_HEADINGS:] if own else path
    if title is not None and own:
        yield Piece(own, "heading", headings=inner)
    yield from _content(section, inner, "body" if _name(section) == "app" else kind)


def _paragraph(paragraph: Element, path: Headings, kind: BlockKind) -> Iterator[Piece]:
    """The paragraph's own words, then what floats inside it."""
    yield Piece(_text(paragraph, _DEFERRED), kind, headings=path)
    for child in paragraph:
        if _name(child) in _DEFERRED:
            wrapper = Element("wrapper")
            wrapper.append(child)
            yield from _content(wrapper, path, kind)


def _float(element: Element, path: Headings) -> Iterator[Piece]:
    yield Piece(_caption(element), "caption", headings=path)
    for table in _all(element, "table"):
        text, cells = lay_out(list(_rows(table)))
        yield Piece(text, "table", headings=path, cells=cells)


def _rows(table: Element) -> Iterator[list[SourceCell]]:
    """The rows of a table; those of its head are headers whatever their cells are called."""
    for part in table:
        if _name(part) == "tr":
            yield [_cell(c, head=False) for c in part if _name(c) in ("td", "th")]
        elif _name(part) in ("thead", "tbody", "tfoot"):
            for row in part:
                yield [_cell(c, head=_name(part) == "thead") for c in row if _name(c) in ("td", "th")]


def _cell(cell: Element, *, head: bool) -> SourceCell:
    return SourceCell(_text(cell), span_of(cell, "rowspan"), span_of(cell, "colspan") or 1, head or _name(cell) == "th")


def _caption(element: Element) -> str:
    """Label, title and text of a float's caption, each closed by a full stop."""
    caption = _child(element, "caption")
    parts = [_text(e) for e in (_child(element, "label"), *(caption if caption is not None else ())) if e is not None]
    return " ".join(part if part.endswith((".", "?", "!", ":")) else f"{part}." for part in parts if part)


def _text(element: Element, without: frozenset[str] = frozenset()) -> str:
    """Words of an element on one line; superscript citations as `raised` has them."""
    return clean(_WHITE.sub(" ", "".join(_words(element, without)))).strip()


def _words(element: Element, without: frozenset[str]) -> list[str]:
    out: list[str] = []
    _gather(element, without, out)
    return out


def _gather(element: Element, without: frozenset[str], out: list[str]) -> None:
    out.append(element.text or "")
    for child in element:
        name = _name(child)
        if name == "sup":
            cited = any(_name(x) == "xref" and x.get("ref-type") == "bibr" for x in child)
            out.append(raised("".join(out[-6:]), "".join(_words(child, without)), cited=cited))
        elif name and name not in without and name not in _SILENT:
            block = name in ("p", "title", "list-item", "td", "th", "break", "name", "year", "source", "string-name", "def", "term")
            out.append(" " if block else "")
            _gather(child, without, out)
            out.append(" " if block else "")
        out.append(child.tail or "")


def _metadata(article: Element) -> Metadata:
    front = _child(article, "front")
    years = [y for d in _all(front, "pub-date") for y in _all(d, "year")]
    numbers = [int(text) for y in years if re.fullmatch(r"1[0-9]{3}|20[0-9]{2}", text := (y.text or "").strip())]
    doi = next((e for e in _all(front, "article-id") if e.get("pub-id-type") == "doi"), None)
    title, licence = _find(front, "article-title"), _find(front, "license")
    return Metadata(
        title=_text(title) if title is not None else "",
        authors=tuple(_authors(front)),
        year=min(numbers) if numbers else None,
        doi=_text(doi) if doi is not None else "",
        licence=_licence(licence) if licence is not None else "",
    )


def _authors(front: Element | None) -> Iterator[str]:
    for contributor in _all(front, "contrib"):
        if contributor.get("contrib-type", "author") == "author":
            given, surname = _find(contributor, "given-names"), _find(contributor, "surname")
            name = " ".join(_text(e) for e in (given, surname) if e is not None)
            if name:
                yield name


def _licence(licence: Element) -> str:
    links = " ".join(v for e in licence.iter() for k, v in e.attrib.items() if k.endswith("href"))
    return licence_in(links) or licence_in(_text(licence)) or _text(licence)[:300]


def _child(element: Element | None, name: str) -> Element | None:
    return next((e for e in element if _name(e) == name), None) if element is not None else None


def _find(element: Element | None, name: str) -> Element | None:
    return next(_all(element, name), None)


def _all(element: Element | None, name: str) -> Iterator[Element]:
    return (e for e in element.iter() if _name(e) == name) if element is not None else iter(())
