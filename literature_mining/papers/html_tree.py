"""HTML as a tree, however it is written: unclosed and crossed tags are settled, depth and size bounded, nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from xml.etree.ElementTree import Element, SubElement

from cytoscribe.literature_mining.papers.clean_text import word_set
from cytoscribe.literature_mining.papers.superscripts import raised
from cytoscribe.literature_mining.papers.tables import SourceCell

MAX_DEPTH = 150
"""Elements nested deeper are read as if their tags were not there."""
MAX_ELEMENTS = 500_000
VOID = word_set("area base br col embed hr img input link meta param source track wbr")
SILENT = word_set(
    """
    script style template svg iframe noscript select button textarea object video audio canvas applet map annotation
    annotation-xml head datalist dialog
    """
)
"""Elements whose words are not the text's."""
BLOCKS = word_set(
    """
    address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5
    h6 header hgroup hr html li main menu nav ol p pre section summary table tbody td tfoot th thead tr ul
    """
)
"""Elements that end a paragraph."""
_ENDS_PARAGRAPH = BLOCKS - word_set("td th tr tbody thead tfoot caption body html")
_CLOSED_BY = {
    "li": word_set("li"),
    "dt": word_set("dt dd"),
    "dd": word_set("dt dd"),
    "tr": word_set("tr td th"),
    "td": word_set("td th"),
    "th": word_set("td th"),
    "tbody": word_set("tbody thead tfoot tr td th caption"),
    "thead": word_set("tbody thead tfoot tr td th caption"),
    "tfoot": word_set("tbody thead tfoot tr td th caption"),
}
_SCOPES = {name: word_set("ul ol menu dl table body") for name in ("li", "dt", "dd")}
_PARAGRAPH, _CELLS, _TABLE = word_set("p"), word_set("table td th"), word_set("table")
_SKIPPED = {"<!--": "-->", "<![CDATA[": "]]>", "<!": ">", "<?": ">"}
_RAW = word_set("script style textarea")
_TAG = re.compile(r"<(/?[A-Za-z][\w:-]*)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>")
_LOOSE_TAG = re.compile(r"<(/?[A-Za-z][\w:-]*)(\s[^<>]{0,500})>")
_ATTRIBUTE = re.compile(r"([A-Za-z][\w:-]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_WHITE = re.compile(r"\s+")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


class TreeBuilder:
    """Builds the elements of an HTML text, tag by tag, under `root`."""

    def __init__(self) -> None:
        self.root = Element("html")
        self._open = [self.root]
        self._count = 0

    def take(self, words: str, tag: str, attributes: str) -> None:
        """Take the words up to a tag, and the tag, as `tokens` gives them."""
        if words:
            self._words(unescape(words))
        if tag.startswith("/"):
            self._end(tag[1:])
        elif tag:
            self._start(tag, {name: unescape(value) for name, value in _attributes(attributes)})

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in ("html", "body") or self._count >= MAX_ELEMENTS:
            return
        if tag in _ENDS_PARAGRAPH:
            self._close(_PARAGRAPH, _CELLS)
        if tag in _CLOSED_BY:
            self._close(_CLOSED_BY[tag], _SCOPES.get(tag, _TABLE))
        if len(self._open) >= MAX_DEPTH and tag not in VOID:
            return
        self._count += 1
        element = SubElement(self._open[-1], tag, attributes)
        if tag not in VOID:
            self._open.append(element)

    def _end(self, tag: str) -> None:
        self._close(frozenset([tag]), frozenset() if tag == "table" else _TABLE, whole=False)

    def _close(self, names: frozenset[str], scope: frozenset[str], *, whole: bool = True) -> None:
        """Close the elements of these names that are open inside the nearest element of `scope`; `whole`: the outermost of them."""
        at = 0
        for i in range(len(self._open) - 1, 0, -1):
            if self._open[i].tag in names:
                at = i
                if not whole:
                    break
            elif self._open[i].tag in scope:
                break
        if at:
            del self._open[at:]

    def _words(self, data: str) -> None:
        parent = self._open[-1]
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + data
        else:
            parent.text = (parent.text or "") + data


def tree_of(source: str) -> Element:
    """The elements of an HTML text under one root. Takes any text; what is malformed is read as words or skipped.

    The time it takes grows with the length alone, which cannot be said of the parser in Python's library.
    """
    builder = TreeBuilder()
    for words, tag, attributes in tokens(source):
        builder.take(words, tag, attributes)
    return builder.root


def tokens(source: str, known: frozenset[str] | None = None) -> Iterator[tuple[str, str, str]]:
    """An HTML text as (words, tag behind them, its attributes as written); the tag is lower case, "/p" for an end, "" at the end.

    Comments, declarations and the content of scripts and styles are left out. known: the only names that are tags; anything else
    in angle brackets is words.
    """
    lower, at, words = source.lower(), 0, []
    ends: dict[str, int] = {}
    while (opening := source.find("<", at)) >= 0:
        words.append(source[at:opening])
        at = opening + 1
        mark = next((m for m in _SKIPPED if source.startswith(m, opening)), "")
        if mark:
            at = _behind(lower, _SKIPPED[mark], at, ends) or at + len(mark) - 1
            continue
        tag = _TAG.match(source, opening) or _LOOSE_TAG.match(source, opening)
        name = tag[1].lower() if tag else ""
        if tag is None or (known is not None and name.lstrip("/") not in known):
            words.append("<")
            continue
        yield "".join(words), name, tag[2]
        words, at = [], tag.end()
        if name in _RAW:
            at = max(_behind(lower, f"</{name}", at, ends) - len(f"</{name}"), at)
    words.append(source[at:])
    yield "".join(words), "", ""


def _behind(lower: str, closing: str, at: int, ends: dict[str, int]) -> int:
    """The place behind the next `closing`, 0 where there is none; `ends` remembers from where on none is left to be found."""
    if at >= ends.get(closing, len(lower) + 1):
        return 0
    found = lower.find(closing, at)
    if found < 0:
        ends[closing] = at
        return 0
    return found + len(closing)


def _attributes(source: str) -> Iterator[tuple[str, str]]:
    for found in _ATTRIBUTE.finditer(source[:4000]):
        yield found[1].lower(), found[2] or found[3] or found[4] or ""


def is_hidden(element: Element) -> bool:
    """Whether a browser would not show the element."""
    return "hidden" in element.attrib or element.get("aria-hidden") == "true" or bool(_HIDDEN.search(element.get("style", "")))


def words_of(element: Element) -> str:
    """The words of an element on one line: raised citations as `raised` has them, other marks gone."""
    out: list[str] = []
    _gather(element, out)
    return _WHITE.sub(" ", "".join(out)).strip()


def _gather(element: Element, out: list[str]) -> None:
    out.append(element.text or "")
    for child in element:
        add_words(child, out)
        out.append(child.tail or "")


def add_words(child: Element, out: list[str]) -> None:
    """Add an element's words (not those behind it) to those of its line."""
    if child.tag in SILENT or is_hidden(child):
        return
    if child.tag == "sup":
        before = "".join(out[-6:])
        inside = words_of(child)
        bare = before.rstrip(" *_") if not (child.tail or "")[:1].isalnum() else before
        shown = raised(bare, inside, cited=_cites(child))
        if shown != inside:
            _strip_end(out)
        out.append(shown)
    elif child.tag in BLOCKS or child.tag == "br":
        out.append(" ")
        _gather(child, out)
        out.append(" ")
    elif child.tag not in VOID:
        _gather(child, out)


def _strip_end(out: list[str]) -> None:
    while out and not out[-1].strip():
        out.pop()
    if out:
        out[-1] = out[-1].rstrip()


def _cites(element: Element) -> bool:
    """Whether a raised part links to a place of the same page, as numbers of notes and references do."""
    links = [e for e in element.iter("a") if e.get("href", "").startswith("#")]
    return bool(links) and words_of(element).strip("[]() ,")[:1].isdigit()


def rows_of(table: Element) -> list[list[SourceCell]]:
    """The rows of a table element, those of tables inside it left out."""
    return [[_cell(e, head) for e in row if e.tag in ("td", "th")] for row, head in _rows(table)]


def _rows(element: Element, head: bool = False) -> Iterator[tuple[Element, bool]]:
    for child in element:
        if child.tag == "tr":
            yield child, head
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from _rows(child, child.tag == "thead")


def _cell(element: Element, head: bool) -> SourceCell:
    return SourceCell(words_of(element), span_of(element, "rowspan"), span_of(element, "colspan") or 1, head or element.tag == "th")


def span_of(element: Element, name: str) -> int:
    """How many rows or columns a cell says that it covers; 1 where it does not say."""
    digits = re.match(r"\s*(\d{1,4})", element.get(name, "1"))
    return int(digits[1]) if digits else 1
