"""Lines and pages, turned upright, and what recurs at their edges. All lengths are in points, y growing downwards."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

Box = tuple[float, float, float, float]

EDGE = 0.105
"""Share of a page's height, at its top and at its bottom, where running heads and page numbers stand."""
_CAPTION = re.compile(r"(?:fig|table|tab)\w*\.?\s*\d", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(r"[^\w]*(?:page\s*)?(?:[A-Za-z]{0,2}\d{1,5}|[ivxlc]{1,6})(?:\s*(?:of|/)\s*\d{1,4})?[^\w]*$", re.IGNORECASE)


@dataclass(slots=True)
class Line:
    """One typeset line, upright. `size` is that of most of its characters, in points; `block` is PyMuPDF's paragraph number.

    `cells` counts the stretches of text that wide gaps part (a table's row has several); `column` is -1 for a line across columns;
    `zone` is the part of the page whose columns it follows.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    text: str
    size: float
    bold: bool
    font: str
    block: int
    page: int
    cells: int = 1
    column: int = 0
    zone: int = 0
    furniture: bool = False
    hidden: bool = False

    @property
    def box(self) -> Box:
        return (self.x0, self.y0, self.x1, self.y1)

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2


class Turn(Enum):
    """The way a page's text runs: upright, or read from below, from above, or upside down."""

    NONE = (1, 0)
    UP = (0, -1)
    DOWN = (0, 1)
    OVER = (-1, 0)

    @classmethod
    def of(cls, direction: tuple[float, float]) -> Turn:
        """The nearest of the four to a writing direction (x, y), y growing downwards."""
        x, y = direction
        return (cls.NONE if x > 0 else cls.OVER) if abs(x) >= abs(y) else (cls.DOWN if y > 0 else cls.UP)

    def upright(self, box: Box, width: float, height: float) -> Box:
        """Where a box of a page of this size lies once the page is turned so that its text is upright."""
        x0, y0, x1, y1 = box
        if self is Turn.UP:
            return (height - y1, x0, height - y0, x1)
        if self is Turn.DOWN:
            return (y0, width - x1, y1, width - x0)
        return box if self is Turn.NONE else (width - x1, height - y1, width - x0, height - y0)

    @property
    def back(self) -> Turn:
        """The turn that undoes this one."""
        return {Turn.UP: Turn.DOWN, Turn.DOWN: Turn.UP}.get(self, self)


@dataclass(slots=True)
class Page:
    """One page's lines, turned upright; width and height as the turned lines count them."""

    number: int
    width: float
    height: float
    lines: list[Line] = field(default_factory=list)
    turn: Turn = Turn.NONE

    @classmethod
    def turned(cls, number: int, width: float, height: float, lines: list[Line], turn: Turn) -> Page:
        """A page from lines as printed, all of which run the way of `turn`."""
        if turn is not Turn.NONE:
            for line in lines:
                line.x0, line.y0, line.x1, line.y1 = turn.upright(line.box, width, height)
        size = (height, width) if turn in (Turn.UP, Turn.DOWN) else (width, height)
        return cls(number, *size, lines, turn)

    def turned_back(self, box: Box) -> Box:
        """Where an upright box lies on the page as printed."""
        return self.turn.back.upright(box, self.width, self.height)


def mark_furniture(pages: Sequence[Page]) -> None:
    """Mark running heads, page numbers and line numbers.

    A running head returns, but for its digits, at the same height of several pages, and belongs to no paragraph.
    """
    seen: dict[tuple[str, int], set[int]] = defaultdict(set)
    edges: list[tuple[Line, tuple[str, int]]] = []
    for page in pages:
        blocks = Counter(line.block for line in page.lines)
        for line in page.lines:
            at_edge = line.y1 < EDGE * page.height or line.y0 > (1 - EDGE) * page.height
            if at_edge and blocks[line.block] <= 4 and not _CAPTION.match(line.text):
                key = (_DIGITS.sub("#", line.text.lower()), round(line.y0 / 4))
                edges.append((line, key))
                seen[key].add(page.number)
    often = 2 if len(pages) < 12 else 3
    for line, key in edges:
        if len(seen[key]) >= often or _NUMBER.fullmatch(line.text):
            line.furniture = True
    _mark_line_numbers(pages)


def _mark_line_numbers(pages: Sequence[Page]) -> None:
    """Manuscripts number their lines: a column of rising integers beside the text, at the same place of every page."""
    columns: dict[tuple[int, int], list[Line]] = defaultdict(list)
    for page in pages:
        for line in page.lines:
            if line.text.isdigit() and len(line.text) <= 4 and (line.x1 < 0.17 * page.width or line.x0 > 0.85 * page.width):
                columns[page.number, round(line.x1 / 4)].append(line)
    places = {place for (_, place), lines in columns.items() if _rises(lines)}
    for (_, place), lines in columns.items():
        if place in places:
            for line in lines:
                line.furniture = True


def _rises(lines: Sequence[Line]) -> bool:
    values = [int(line.text) for line in sorted(lines, key=lambda l: l.y0)]
    steps = Counter(b - a for a, b in itertools.pairwise(values)).most_common(1)
    return len(values) >= 8 and steps[0][0] in (1, 5) and steps[0][1] > 0.7 * (len(values) - 1)
