"""Paragraphs of a page: its lines, in reading order, cut where type, space or column change."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cytoscribe.core.records import BlockKind
from cytoscribe.literature_mining.papers.pdf.floats import Style
from cytoscribe.literature_mining.papers.pdf.layout import EDGE, Line, Page

REFERENCES = re.compile(
    r"(?:\d+\.?\s*)?(?:references|bibliography|literature cited|literature|works cited|reference list|literatur|literaturverzeichnis|références|"
    r"bibliographie|referencias)\s*:?",
    re.IGNORECASE,
)


@dataclass
class LineGroup:
    """Lines that form one paragraph, heading or stray label. `alone`: white space separates it from its neighbours;
    `edge`: it is in the place of running heads; `right`: where the lines of its column end."""

    kind: BlockKind
    lines: list[Line] = field(default_factory=list)
    alone: bool = True
    right: float = 0.0
    edge: bool = False

    @property
    def text(self) -> str:
        """Words of all lines, with line-end hyphens."""
        return " ".join(l.text for l in self.lines)

    def leaves_room_for(self, line: Line) -> bool:
        """Whether the first word of `line` would have fitted behind the last line: then that line ended its paragraph."""
        word = line.text.split(" ", 1)[0]
        letter = (line.x1 - line.x0) / max(len(line.text), 1)
        return self.right - self.lines[-1].x1 > letter * (len(word) + 1.5)


def body_style(pages: Sequence[Page]) -> Style:
    """The type size, font and line pitch that most characters have, the references left aside."""
    kinds: Counter[tuple[float, str]] = Counter()
    pitches: Counter[float] = Counter()
    alone = 0
    for line in _before_references(pages):
        if not line.furniture and len(line.text) > 20:
            kinds[round(line.size * 2) / 2, line.font] += len(line.text)
    for page in pages:
        for above, below in itertools.pairwise(page.lines):
            if 4 < below.y0 - above.y0 < 60 and len(below.text) > 20 and not below.furniture:
                pitches[round(below.y0 - above.y0)] += 1
                alone += above.block != below.block
    sizes: Counter[float] = Counter()
    for (size, _), count in kinds.items():
        sizes[size] += count
    size = sizes.most_common(1)[0][0] if sizes else 10.0
    font = max((k for k in kinds if k[0] == size), key=lambda k: kinds[k], default=(size, ""))[1]
    pitch = pitches.most_common(1)[0][0] if pitches else 1.2 * size
    return Style(size, font, pitch, loose=alone > 0.5 * pitches.total())


def _before_references(pages: Sequence[Page]) -> Iterator[Line]:
    """Lines up to the reference list, whose small type may fill more of a paper than its text."""
    seen = 0
    for page in pages:
        for line in page.lines:
            if seen > 1_000 and REFERENCES.fullmatch(line.text):
                return
            seen += len(line.text)
            yield line


def groups(ordered: Sequence[Line], style: Style, height: float) -> list[LineGroup]:
    """Cut a page's lines, in reading order, into paragraphs with a provisional role."""
    out: list[LineGroup] = []
    for line in ordered:
        kind = _kind(line, style)
        if not out or kind != out[-1].kind or _breaks(out[-1], line, style):
            out.append(LineGroup(kind))
        out[-1].lines.append(line)
    edges = _right_edges(ordered, style)
    for group in out:
        group.edge = group.lines[-1].y1 < EDGE * height or group.lines[0].y0 > (1 - EDGE) * height
        group.right = edges.get(group.lines[-1].column, group.lines[-1].x1)
    for before, after in itertools.pairwise(out):
        step = after.lines[0].y0 - before.lines[-1].y0
        if after.lines[0].column == before.lines[-1].column and -2 < step < 1.2 * style.pitch:
            before.alone = after.alone = False
    return out


def _kind(line: Line, style: Style) -> BlockKind:
    if line.cells >= 3:
        return "table"
    if line.size > style.size + 0.7:
        return "heading"
    return "body" if line.size > style.size - 0.6 else "furniture"


def _breaks(group: LineGroup, line: Line, style: Style) -> bool:
    last = group.lines[-1]
    if line.y0 < last.y0 - 1:
        return True
    gap, step = line.y0 - last.y1, line.y0 - last.y0
    if group.kind == "heading":
        return gap > 0.8 * line.size or abs(line.size - last.size) > 0.6
    if line.column != last.column:
        return True
    if line.bold != last.bold:
        return True
    if style.loose:
        return step > 1.3 * style.pitch
    return gap > 0.45 * style.size or line.block != last.block


def _right_edges(lines: Sequence[Line], style: Style) -> dict[int, float]:
    edges: dict[int, list[float]] = {}
    for line in lines:
        if abs(line.size - style.size) < 0.6 and len(line.text) > 15:
            edges.setdefault(line.column, []).append(line.x1)
    return {column: sorted(xs)[int(0.85 * (len(xs) - 1))] for column, xs in edges.items()}
