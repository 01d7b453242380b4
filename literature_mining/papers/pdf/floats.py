"""Floats: figure captions and tables, taken off the page before its text is read in order, so that they cut no sentence."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from cytoscribe.core.records import BlockKind
from cytoscribe.literature_mining.papers.assemble import CELL
from cytoscribe.literature_mining.papers.pdf.columns import reading_order, rows
from cytoscribe.literature_mining.papers.pdf.layout import Line, Page
from cytoscribe.literature_mining.papers.sentences import is_closed

CAPTION = re.compile(
    r"(?:(?:Supplementary|Supplemental|Extended Data|Online)\s+)?"
    r"(?P<what>F(?:ig|IG|\sIG)(?:ure|URE|\s?\.)?|Table|TABLE|T\sABLE|Tab\.|Scheme|Plate|Abb\.)"
    r"\s*(?:[A-Z]{0,2}[-.]?\d+(?:\.\d+)?|[IVX]+)[a-z]?\b(?P<after>.{0,3})"
)


@dataclass(frozen=True)
class Style:
    """What body text looks like in a paper: type size in points, font, and the distance from line to line in points.

    loose: lines stand so far apart that PyMuPDF takes each for a paragraph, as in double-spaced manuscripts.
    """

    size: float
    font: str
    pitch: float
    loose: bool = False

    def small(self, line: Line) -> bool:
        """Set smaller than body text."""
        return line.size < self.size - 0.4


@dataclass
class Float:
    """A caption or a table: its rows in order. marked: its type differs from body text."""

    kind: BlockKind
    lines: list[Line] = field(default_factory=list)
    of_table: bool = False
    marked: bool = False


def take_floats(page: Page, style: Style, before: str = "") -> tuple[list[Float], list[Line]]:
    """Captions and tables of a page, and the lines that are left for its text. Columns must have been assigned.

    before: the last line of body text on the page before, which the top of this page may go on.
    """
    lines = [l for l in page.lines if not l.furniture]
    if not any(CAPTION.match(l.text) for l in lines):
        return [], lines
    blocks: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        blocks[line.block].append(line)
    captions = [c for block in blocks.values() for c in _captions_in(block, style)]
    captions = [c for c in captions if c.marked or not _in_mid_sentence(c.lines[0], lines, style, before)]
    taken = {id(l) for c in captions for l in c.lines}
    for caption in captions:
        if style.small(caption.lines[0]):
            _extend(caption, blocks.values(), taken)
    tables = []
    for caption in captions:
        if caption.of_table:
            left = [l for l in lines if id(l) not in taken]
            table = _table_below(caption, left, style)
            tables += [table] if table.lines else []
            taken |= {id(l) for l in table.lines}
    for found in captions:
        found.lines = reading_order(found.lines)
    for found in tables:
        found.lines = rows(found.lines, CELL)
    return captions + tables, [l for l in lines if id(l) not in taken]


def _captions_in(block: Sequence[Line], style: Style) -> list[Float]:
    """Captions that open in one of PyMuPDF's blocks: each runs to the block's end or to the next caption."""
    found: list[Float] = []
    before: Line | None = None
    for line in block:
        opens = before is None or line.y0 - before.y1 > 0.5 * line.size or line.y0 < before.y0 - line.size
        label = CAPTION.match(line.text) if opens else None
        marked = style.small(line) or line.bold
        if label and (marked or _is_label(label["after"])):
            found.append(Float("caption", [line], label["what"][0] == "T", marked))
        elif found and before is found[-1].lines[-1] and _goes_on(found[-1], line, style):
            found[-1].lines.append(line)
        before = line
    return found


def _in_mid_sentence(line: Line, lines: Sequence[Line], style: Style, before: str) -> bool:
    """Whether the body text above a line (in its column, or at the last one's end) runs on into it ("as is shown in / Fig. 3")."""
    body = [l for l in lines if l is not line and not style.small(l) and len(l.text) > 15 and l.zone == line.zone]
    above = [l for l in body if l.column == line.column and l.y0 < line.y0 - 1]
    if not above:
        above = [l for l in body if l.column == line.column - 1]
    last = max(above, key=lambda l: l.y0).text if above else before
    return bool(last) and not is_closed(last)


def _is_label(after: str) -> bool:
    """Whether what follows "Fig. 4" makes it a caption's label and not a sentence's subject."""
    bare = after.strip()
    return bare[:1] in (".", ":", "|", "–", "—") or (bare[:1].isupper() and after[:1] == " ") or not bare


def _goes_on(caption: Float, line: Line, style: Style) -> bool:
    first, last = caption.lines[0], caption.lines[-1]
    if not style.small(first) and (line.y0 - last.y1 > 0.5 * line.size or style.size - line.size > 1):
        return False
    return abs(line.size - first.size) < 0.8 and line.x0 < max(first.x1, last.x1) + 30 and line.x1 > first.x0


def _extend(caption: Float, blocks: Iterable[Sequence[Line]], taken: set[int]) -> None:
    """Add blocks of the caption's type size that stand right below it, or beside it where it is set in columns."""
    size = caption.lines[0].size
    rest = [b for b in blocks if id(b[0]) not in taken and all(abs(l.size - size) < 0.35 or len(l.text) < 4 for l in b)]
    grown = True
    while grown:
        grown = False
        for block in rest:
            if id(block[0]) not in taken and (_below(caption, block) or _beside(caption, block)):
                caption.lines += block
                taken |= {id(l) for l in block}
                grown = True


def _below(caption: Float, block: Sequence[Line]) -> bool:
    last, first = caption.lines[-1], block[0]
    gap = first.y0 - max(l.y1 for l in caption.lines if l.column == last.column)
    over = min(last.x1, first.x1) - max(last.x0, first.x0)
    prose = sum(len(l.text) for l in block) >= 25 * len(block) or not is_closed(last.text)
    return -3 < gap < 0.8 * first.size and over > 0.5 * min(last.x1 - last.x0, first.x1 - first.x0) and prose


def _beside(caption: Float, block: Sequence[Line]) -> bool:
    first, start = block[0], caption.lines[0]
    prose = sum(len(l.text) for l in block) >= 25 * len(block)
    unfinished = not is_closed(caption.lines[-1].text) or first.text[:1].islower() or len(caption.lines) > 3
    return not caption.of_table and abs(first.y0 - start.y0) < 4 and first.x0 > start.x1 - 4 and prose and unfinished


def _table_below(caption: Float, lines: Sequence[Line], style: Style) -> Float:
    """Rows under (or beside) a table's caption, down to the first full line of body text."""
    top = caption.lines[0].y0 - 3
    below = [l for l in lines if l.y0 >= top]
    widths = [l.x1 - l.x0 for l in lines if not style.small(l) and len(l.text) > 30]
    wide = median(widths) if widths else 200.0
    limits: dict[int, float] = defaultdict(lambda: float("inf"))
    for line in below:
        if not style.small(line) and line.size < style.size + 0.5 and line.x1 - line.x0 > 0.75 * wide and len(line.text) > 30:
            limits[line.column] = min(limits[line.column], line.y0)
    own = {l.column for l in caption.lines}
    if -1 not in own:
        own |= {l.column for l in below if style.small(l)}
        below = [l for l in below if l.column in own or l.column == -1]
    everywhere = limits[-1]
    cells = [l for l in below if l.y0 < min(limits[l.column] if l.column >= 0 else min(limits.values()), everywhere)]
    grid = rows(cells, CELL)
    if sum(r.cells > 1 for r in grid) < 2:
        return Float("table")
    while grid and grid[-1].cells == 1 and not style.small(grid[-1]):
        end = grid.pop().y0
        cells = [l for l in cells if l.y0 < end - 1]
    return Float("table", cells)
