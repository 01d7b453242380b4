"""Roles: which lines of a PDF are body text, headings, captions, tables, references or front matter, and their paragraphs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cytoscribe.records import BlockKind
from literature_mining.assembly import Piece
from literature_mining.layout import Line, Page
from literature_mining.repair import join_lines

_CAPTION = re.compile(
    r"(?:(?:Supplementary|Supplemental|Extended Data|Online)\s+)?(?P<what>Fig(?:ure|\.)?|FIG(?:URE|\.)?|Table|TABLE|Tab\.|Scheme|Plate)"
    r"\s*(?:[A-Z]{0,2}[-.]?\d+|[IVX]+)[a-z]?\s*(?P<after>.{0,3})"
)
_REFERENCES = re.compile(
    r"(?:\d+\.?\s*)?(?:references|bibliography|literature cited|literature|works cited|reference list)\s*:?$", re.IGNORECASE
)
_AFTER_REFERENCES = re.compile(
    r"(?:appendix|supplementa|supporting info|figure (?:legends|captions)|tables?$|publisher.s note)", re.IGNORECASE
)
_ABSTRACT = re.compile(r"(?:abstract|summary|a b s t r a c t)\b", re.IGNORECASE)
_FRONT = re.compile(
    r"(?:key ?words?|received|accepted|published|correspond|e-?mail|edited by|reviewed by|citation|doi|https?:|©|\*|abbreviations)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.!?:][\"'”’)\]]*(?:\[\d[\d,–-]*\])?$")


@dataclass
class Style:
    """What body text looks like in this paper."""

    size: float
    font: str
    pitch: float


@dataclass
class Group:
    """Lines that form one paragraph, heading, caption or table."""

    kind: BlockKind
    lines: list[Line] = field(default_factory=list)
    closed: bool = False

    @property
    def text(self) -> str:
        return " ".join(l.text for l in self.lines)


def body_style(pages: Sequence[Page]) -> Style:
    """The size, font and line pitch that most characters have."""
    sizes: Counter[tuple[float, str]] = Counter()
    for page in pages:
        for line in page.lines:
            if not line.furniture:
                sizes[(round(line.size * 2) / 2, line.font)] += len(line.text) if len(line.text) > 20 else 0
    by_size: Counter[float] = Counter()
    for (size, _), count in sizes.items():
        by_size[size] += count
    size = by_size.most_common(1)[0][0] if by_size else 10.0
    font = max((k for k in sizes if k[0] == size), key=lambda k: sizes[k], default=(size, ""))[1]
    return Style(size, font, 1.2 * size)


def groups(ordered: Sequence[Line], style: Style) -> list[Group]:
    """Cut a page's lines, in reading order, into paragraphs with a provisional role."""
    out: list[Group] = []
    for line in ordered:
        last = out[-1] if out else None
        kind = _line_kind(line, last, style)
        if last is None or kind != last.kind or _breaks(last, line, kind, style):
            out.append(Group(kind))
        out[-1].lines.append(line)
    return out


def _line_kind(line: Line, last: Group | None, style: Style) -> BlockKind:
    previous = last.lines[-1] if last else None
    opens = previous is None or previous.block != line.block or line.y0 < previous.y0 or line.y0 - previous.y1 > 0.5 * line.size
    label = _CAPTION.match(line.text) if opens else None
    if label and (line.size < style.size - 0.4 or line.bold or _is_label(label["after"])):
        return "caption"
    if last and last.kind == "caption" and previous is not None and abs(line.size - previous.size) < 0.5:
        if line.block == previous.block or (line.size < style.size - 0.4 and -2 < line.y0 - previous.y1 < 0.6 * line.size):
            return "table" if line.cells > 2 else "caption"
        if line.size < style.size - 0.4 and line.y0 < previous.y0 and not _ENDS.search(previous.text):
            return "caption"
    if line.cells >= 3:
        return "table"
    if line.size > style.size + 0.7 and len(line.text) > 1:
        return "heading"
    return "body" if line.size > style.size - 0.6 else "furniture"


def _is_label(after: str) -> bool:
    bare = after.strip()
    return bare[:1] in (".", ":", "|", "–", "—") or (bare[:1].isupper() and after[:1] == " ") or not bare


def _breaks(group: Group, line: Line, kind: BlockKind, style: Style) -> bool:
    last = group.lines[-1]
    if kind == "caption" and _CAPTION.match(line.text) and line.block != last.block:
        return True
    if line.y0 < last.y0 - 1 or line.column != last.column:
        return kind not in ("caption",)
    gap = line.y0 - last.y1
    if kind in ("heading",):
        return gap > 0.8 * line.size or abs(line.size - last.size) > 0.6
    if kind == "caption":
        return False
    return gap > 0.45 * style.size or line.block != last.block or line.bold != last.bold


class Roles:
    """Gives each group its role in the flow of the whole paper, and joins body text across columns and pages."""

    def __init__(self, pages: Sequence[Page], style: Style) -> None:
        self.style, self.heading, self.section = style, "", "front"
        self.words: Counter[str] = Counter()
        self.pages = pages

    def pieces(self, by_page: Sequence[list[Group]], words: Counter[str]) -> Iterator[Piece]:
        """Pieces of the whole paper: body text in flow, floats put before the paragraph that runs on over them."""
        self.words = words
        waiting: list[Piece] = []
        paragraph: Group | None = None
        has_abstract = any(_ABSTRACT.match(g.lines[0].text) for g in by_page[0]) if by_page else False
        self.section = "front" if has_abstract else "body"
        for page in by_page:
            for group in page:
                self._settle(group)
                if group.kind == "body":
                    if paragraph is not None and self._runs_on(paragraph, group):
                        paragraph.lines += group.lines
                        continue
                    yield from self._flush(paragraph, waiting)
                    paragraph, waiting = group, []
                elif group.kind == "heading":
                    yield from self._flush(paragraph, waiting)
                    paragraph, waiting = None, []
                    self.heading = group.text
                    yield self._piece(group)
                else:
                    waiting.append(self._piece(group))
        yield from self._flush(paragraph, waiting)

    def _flush(self, paragraph: Group | None, waiting: list[Piece]) -> Iterator[Piece]:
        """Floats met since the paragraph began: before it where it runs on over them, after it where it ended on its page."""
        if paragraph is None:
            yield from waiting
            return
        piece = self._piece(paragraph)
        last = paragraph.lines[-1].page
        crossing = piece.page != last
        before = [p for p in waiting if crossing and p.page is not None and p.page < last]
        yield from before
        yield piece
        yield from (p for p in waiting if p not in before)

    def _settle(self, group: Group) -> None:
        text = group.text
        first = group.lines[0]
        if group.kind in ("body", "heading") and len(group.lines) <= 3 and _REFERENCES.fullmatch(text.strip()):
            group.kind, self.section = "heading", "reference"
        elif group.kind in ("body", "heading") and _ABSTRACT.match(text) and self.section == "front":
            self.section = "body"
            self.heading = "Abstract"
        elif self.section == "reference" and group.kind in ("body", "furniture"):
            group.kind = "reference"
        elif (
            (self.section == "front" and group.kind in ("body", "furniture"))
            or (group.kind == "furniture" and first.page == 1)
            or (group.kind == "body" and first.page == 1 and _FRONT.match(text))
        ):
            group.kind = "front"
        elif group.kind == "body" and self._is_heading(group):
            group.kind = "heading"
        if group.kind == "heading" and self.section == "reference" and _AFTER_REFERENCES.match(text):
            self.section = "body"

    def _is_heading(self, group: Group) -> bool:
        text = group.text
        return (
            len(group.lines) <= 2
            and len(text) < 110
            and not _ENDS.search(text)
            and (text[:1].isupper() or text[:1].isdigit())
            and any(c.isalpha() for c in text)
            and (
                all(l.bold or l.font != self.style.font for l in group.lines)
                or (not text.endswith((",", "-", ";")) and group.lines[-1].x1 - group.lines[-1].x0 < 180)
            )
        )

    def _runs_on(self, paragraph: Group, group: Group) -> bool:
        last, first = paragraph.lines[-1], group.lines[0]
        if not _ENDS.search(last.text):
            return True
        return first.text[:1].islower()

    def _piece(self, group: Group) -> Piece:
        lines = group.lines
        if group.kind == "table":
            text, starts = "\n".join(l.text for l in lines), []
        else:
            text, starts = join_lines([l.text for l in lines], self.words)
        breaks = (
            tuple((s, l.page) for s, l, before in zip(starts[1:], lines[1:], lines, strict=False) if l.page != before.page)
            if starts
            else ()
        )
        same = [l for l in lines if l.page == lines[0].page]
        box = (min(l.x0 for l in same), min(l.y0 for l in same), max(l.x1 for l in same), max(l.y1 for l in same))
        return Piece(text, group.kind, lines[0].page, self.heading, tuple(round(v, 1) for v in box), breaks)  # type: ignore[arg-type]
