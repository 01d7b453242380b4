"""Roles: what each paragraph of a PDF is (body, heading, reference, front matter), and paragraphs joined across pages."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from cytoscribe.core.records import BlockKind
from cytoscribe.literature_mining.papers.assemble import Piece
from cytoscribe.literature_mining.papers.clean_text import join_lines
from cytoscribe.literature_mining.papers.metadata import names_in
from cytoscribe.literature_mining.papers.outline import HeadingOutline
from cytoscribe.literature_mining.papers.pdf.blocks import REFERENCES, LineGroup
from cytoscribe.literature_mining.papers.pdf.floats import Float, Style
from cytoscribe.literature_mining.papers.pdf.layout import Line
from cytoscribe.literature_mining.papers.sentences import is_closed, is_open

_AFTER_REFERENCES = re.compile(
    r"(?:appendix|supplementa|supporting info|figure (?:legends|captions)|tables?$|annex)", re.IGNORECASE
)
_ABSTRACT = re.compile(r"(?:abstract|summary|zusammenfassung|résumé|resumen)\b[\s:.—–-]*", re.IGNORECASE)
_FRONT = re.compile(
    r"(?:key ?words?|received|accepted|published|correspond|e-?mail|edited by|reviewed by|citation:|doi\b|https?:|©|\*|abbreviations|"
    r"electronic supplementary|vol\.|open access|conflicts? of interest|ethical|informed consent|acknowledge?ments?|funding|"
    r"data availability|author contributions|publisher.s note|disclaimer|copyright)",
    re.IGNORECASE,
)
_SECTION = re.compile(
    r"(?:\d+\.?\s*)?(?:introduction|einleitung|background|materials?|methods?|results?|summary|objectives?)\b", re.IGNORECASE
)
_INNER_END = re.compile(r"[a-z)]{2}[.!?] [A-Z]")
_NUMBER = re.compile(r"^\S{1,7}\.\s+")
_LETTERS = re.compile(r"[^\W\d_]{3,}")


def _can_head(text: str) -> bool:
    """Whether a short stretch can be a heading by its words: it opens like one, and neither breaks off nor holds a sentence's end."""
    starts = text[0].isupper() or text[0].isdigit()
    return starts and not text.endswith(";") and not is_open(text) and not _INNER_END.search(_NUMBER.sub("", text))


class Flow:
    """Reads a paper's groups from first page to last: settles each one's role and joins body text across columns and pages."""

    def __init__(self, style: Style, words: Counter[str]) -> None:
        self._style, self._words = style, words
        self._outline, self._section = HeadingOutline(), "body"
        self._open: LineGroup | None = None
        self._next_body: LineGroup | None = None
        self._begun = self._summary_next = False
        self._waiting: list[Piece] = []

    def pieces(self, pages: Sequence[tuple[list[LineGroup], list[Float]]]) -> Iterator[Piece]:
        """Pieces of the whole paper in reading order; captions and tables stand beside the paragraph that they would cut."""
        first = [g for groups, _ in pages[:2] for g in groups]
        self._section = "front" if any(_ABSTRACT.match(g.text) for g in first) else "body"
        for groups_, floats in pages:
            self._waiting += [self._piece(LineGroup(f.kind, f.lines)) for f in floats]
            for i, group in enumerate(groups_):
                self._next_body = next((g for g in groups_[i + 1 :] if g.kind == "body"), None)
                yield from self._take(group, groups_[i + 1] if i + 1 < len(groups_) else None)
        yield from self._flush()

    def _take(self, group: LineGroup, after: LineGroup | None) -> Iterator[Piece]:
        self._settle(group, after)
        if group.kind == "body" and self._open is not None and self._runs_on(group):
            self._open.lines += group.lines
            self._open.right = group.right
        elif group.kind in ("body", "heading"):
            yield from self._flush()
            if group.kind == "heading":
                self._enter(self._text(group), group.lines[0])
                yield self._piece(group)
            else:
                self._open, self._begun = group, True
        else:
            self._waiting.append(self._piece(group))

    def _flush(self) -> Iterator[Piece]:
        """The open paragraph, and what floated past since: before it where the paragraph left its first page, else after it."""
        if self._open is None:
            yield from self._waiting
        else:
            yield from self._around(self._open)
        self._open, self._waiting = None, []

    def _around(self, group: LineGroup) -> Iterator[Piece]:
        start, end = group.lines[0].page, group.lines[-1].page
        early = [p for p in self._waiting if start != end and p.page is not None and p.page <= start]
        yield from early
        abstract = _ABSTRACT.match(group.text)
        if abstract and abstract.end() < len(group.text) and self._outline.path[-1:] == ("Abstract",):
            yield Piece("Abstract", "heading", start, self._outline.path)
            group.lines[0].text = group.lines[0].text[abstract.end() :]
        yield self._piece(group)
        yield from (p for p in self._waiting if p not in early)

    def _settle(self, group: LineGroup, after: LineGroup | None) -> None:
        """Give a group its role, by what it says and by its section."""
        if group.kind == "heading":
            group.kind = self._large_kind(group)
        text, page = group.text.strip(), group.lines[0].page
        summary, self._summary_next = self._summary_next, False
        if group.kind in ("body", "heading") and REFERENCES.fullmatch(text):
            group.kind, self._section = "heading", "reference"
        elif self._section == "front" and _SECTION.match(text) and len(group.lines) == 1:
            self._section, group.kind = "body", "heading"
        elif self._section == "front" and (_ABSTRACT.match(text) if group.kind != "furniture" else _ABSTRACT.fullmatch(text)):
            self._section = "body"
            self._summary_next = bool(_ABSTRACT.fullmatch(text))
            group.kind = "heading" if self._summary_next else "body"
            self._enter("Abstract", group.lines[0])
        elif self._section == "reference" and group.kind in ("body", "furniture"):
            group.kind = "reference"
        elif summary and group.kind == "furniture" and len(group.lines) >= 3 and not _FRONT.match(text):
            group.kind = "body"  # a summary in smaller type than the text
        elif (self._section == "front" and group.kind in ("body", "furniture")) or self._is_matter(group, page):
            group.kind = "front"
        elif group.kind == "body":
            group.kind = self._body_kind(group, after)
        if group.kind == "heading" and self._section == "reference" and _AFTER_REFERENCES.match(text):
            self._section = "body"

    def _large_kind(self, group: LineGroup) -> BlockKind:
        """The role of type larger than the text's: a heading as a rule; else a by-line, a picture's label, or a summary."""
        text = group.text.strip()
        if not _LETTERS.search(text) or self._interrupts():
            return "furniture"
        if len(text) > 300 or (len(text) > 120 and is_closed(text) and _INNER_END.search(text)):
            return "body"
        first = group.lines[0].page == 1 and self._outline.path and self._section != "reference" and not self._begun
        return "front" if first and len(names_in([text])) > 1 and not _SECTION.match(text) else "heading"

    def _interrupts(self) -> bool:
        """Whether the text continues below in mid-sentence: then a big label is part of a picture, not a heading."""
        unfinished = self._open is not None and not is_closed(self._open.lines[-1].text)
        return unfinished and self._next_body is not None and self._next_body.text[:1].islower()

    def _is_matter(self, group: LineGroup, page: int) -> bool:
        """Front and back matter: small type on the first page, and paragraphs that open with its words."""
        if group.kind == "furniture":
            return page == 1 or bool(_FRONT.match(group.text))
        return group.kind == "body" and page == 1 and bool(_FRONT.match(group.text))

    def _body_kind(self, group: LineGroup, after: LineGroup | None) -> BlockKind:
        text = group.text.strip()
        if len(group.lines) > 2 or len(text) > 130 or is_closed(text) or text.endswith(":"):
            return "body"
        styled = all(l.bold or l.font != self._style.font for l in group.lines)
        unfinished = self._open is not None and not is_closed(self._open.lines[-1].text)
        goes_on = after is not None and after.kind == "body" and after.text[:1].islower()
        label = (len(text) < 25 and (styled or group.alone)) or (styled and not text[0].islower())
        if not _LETTERS.search(text) or (unfinished and ((group.edge and goes_on) or (label and (styled or goes_on)))):
            return "furniture"  # a picture's label or an odd running head in mid-sentence
        if unfinished or goes_on or not _can_head(text):
            return "body"
        if styled:
            return "heading" if group.alone or group.lines[0].bold else "body"
        return "heading" if group.alone and after is not None and group.leaves_room_for(after.lines[0]) else "body"

    def _runs_on(self, group: LineGroup) -> bool:
        open_ = self._open
        assert open_ is not None
        last, first = open_.lines[-1], group.lines[0]
        if is_closed(last.text):
            return False
        if is_open(last.text) or first.text[:1].islower():
            return True
        elsewhere = first.page != last.page or first.y0 < last.y0
        return not open_.leaves_room_for(first) and (elsewhere or not last.text.endswith(":"))

    def _enter(self, text: str, line: Line) -> None:
        """Open a heading; larger type is further out, and of one size the type that is met first."""
        self._outline.enter(text, -round(line.size * 2) / 2, f"{line.bold} {line.font} {text.isupper()}")

    def _text(self, group: LineGroup) -> str:
        return join_lines([l.text for l in group.lines], self._words)[0]

    def _piece(self, group: LineGroup) -> Piece:
        lines = group.lines
        if group.kind == "table":
            text, breaks = "\n".join(l.text for l in lines), ()
        else:
            text, starts = join_lines([l.text for l in lines], self._words)
            pages = itertools.pairwise([l.page for l in lines])
            breaks = tuple((start, after) for start, (before, after) in zip(starts[1:], pages, strict=True) if after != before)
        return Piece(
            text, group.kind, lines[0].page, self._outline.path, bounds(l for l in lines if l.page == lines[0].page), breaks
        )


def bounds(lines: Iterable[Line]) -> tuple[float, float, float, float]:
    """The box around lines of one page, in points."""
    x0, y0, x1, y1 = zip(*(l.box for l in lines), strict=True)
    return round(min(x0), 1), round(min(y0), 1), round(max(x1), 1), round(max(y1), 1)
