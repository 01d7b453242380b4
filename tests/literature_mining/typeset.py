"""A small typesetter: PDFs with columns, running heads, hyphenated lines and captions in between, for the tests to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pymupdf

WIDTH, HEIGHT = 595.0, 791.0
FONT, BOLD = "tiro", "tibo"


@dataclass
class Typesetter:
    """Sets text into columns, page after page. Measures are in points; `hyphenate` breaks words at a line's end."""

    columns: int = 2
    hyphenate: bool = True
    size: float = 10.0
    heads: tuple[str, str] = ("Journal of Made Papers (2020) 7:1-9", "Author and Author")
    left: float = 50.0
    gutter: float = 18.0
    top: float = 60.0
    bottom: float = 730.0
    line_numbers: bool = False
    leading: float = 1.2
    pdf: pymupdf.Document = field(default_factory=pymupdf.open)

    def __post_init__(self) -> None:
        self.next_page()

    @property
    def column_width(self) -> float:
        return (WIDTH - 2 * self.left - self.gutter * (self.columns - 1)) / self.columns

    @property
    def x(self) -> float:
        return self.left + self.column * (self.column_width + self.gutter)

    def next_page(self) -> None:
        self.flush()
        self.page = self.pdf.new_page(width=WIDTH, height=HEIGHT)
        self.shape = self.page.new_shape()
        number = len(self.pdf)
        if self.heads[0]:
            self.put((self.left, 40), self.heads[number % 2], fontname=FONT, fontsize=8)
            self.put((WIDTH - self.left - 12, 40), str(200 + number), fontname=FONT, fontsize=8)
        self.column, self.y, self.numbered = 0, self.top, 0

    def put(self, at: tuple[float, float], text: str, fontname: str = FONT, fontsize: float = 10.0) -> None:
        """Set one line at a point of the page."""
        self.shape.insert_text(at, text, fontname=fontname, fontsize=fontsize)

    def flush(self) -> None:
        """Write what was set to the page: once a page, since each writing costs milliseconds."""
        if len(self.pdf):
            self.shape.commit()
            self.shape = self.page.new_shape()

    def next_column(self) -> None:
        if self.column + 1 < self.columns:
            self.column, self.y = self.column + 1, self.top
        else:
            self.next_page()

    def heading(self, text: str) -> None:
        self.y += 14
        self._line(text, self.size, BOLD)
        self.y += 8

    def wide(self, text: str, size: float, font: str = FONT) -> None:
        """A stretch across all columns at the page's top, e.g. a title; columns then start below it."""
        for line in wrap(text, WIDTH - 2 * self.left, size, False):
            self.put((self.left, self.y), line, fontname=font, fontsize=size)
            self.y += size * 1.25
        self.y += 10

    def caption(self, text: str, size: float = 8.0) -> None:
        """A figure's white space and its caption, in the column, where it cuts the text."""
        self.y += 60
        for line in wrap(text, self.column_width, size, False):
            self.put((self.x, self.y), line, fontname=FONT, fontsize=size)
            self.y += size * 1.2
        self.y += 20

    def paragraph(self, text: str, indent: float = 0.0) -> None:
        for i, line in enumerate(wrap(text, self.column_width, self.size, self.hyphenate, indent)):
            self._line(line, self.size, FONT, indent if i == 0 else 0.0)
        self.y += 2

    def _line(self, text: str, size: float, font: str, indent: float = 0.0) -> None:
        if self.y > self.bottom:
            self.next_column()
        self.put((self.x + indent, self.y), text, fontname=font, fontsize=size)
        if self.line_numbers:
            self.numbered += 1
            self.put((self.left - 24, self.y), str(self.numbered), fontname=FONT, fontsize=7)
        self.y += size * self.leading

    def save(self, path: Path, **options: Any) -> Path:
        self.flush()
        self.pdf.save(path, **options)
        return path


def wrap(text: str, width: float, size: float, hyphenate: bool, indent: float = 0.0) -> list[str]:
    """Lines no wider than `width`; with `hyphenate`, long words are broken where the line is full."""
    lines, line, room = [], "", width - indent
    for word in text.split():
        trial = f"{line} {word}".strip()
        if _wide(trial, size) <= room:
            line = trial
            continue
        head = _fitting(line, word, room, size) if hyphenate and word.isalpha() and len(word) > 6 else 0
        if head:
            lines.append(f"{line} {word[:head]}-".strip())
            word = word[head:]
        else:
            lines.append(line)
        line, room = word, width
    return [*lines, line]


def _fitting(line: str, word: str, room: float, size: float) -> int:
    return next((n for n in range(len(word) - 3, 2, -1) if _wide(f"{line} {word[:n]}-".strip(), size) <= room), 0)


def _wide(text: str, size: float) -> float:
    return size * (sum(map(_word_width, text.split(" "))) + text.count(" ") * _word_width(" "))


@cache
def _word_width(word: str) -> float:
    return pymupdf.get_text_length(word, fontname=FONT, fontsize=1)


FACTS = [
    "The primary visual cortex of the human brain occupies the banks of the calcarine sulcus and belongs to the koniocortex.",
    "Its inner granular layer is subdivided into three sublayers, of which the middle one carries the stripe of Gennari.",
    "The primary motor cortex lacks a visible inner granular layer in the adult and contains giant pyramidal cells of Betz.",
    "These giant cells were described in 1874 and lie in the deep part of layer V.",
    "Layer I of the neocortex holds few cell bodies and many dendritic tufts (cf. Fig. 1), whereas layer II is densely packed.",
    "The hippocampus proper is divided into four fields, and the pyramidal cells of the second are the most densely packed.",
    "The entorhinal cortex is periallocortical and shows a cell-free band, the lamina dissecans, between its outer and inner layers.",
    "In the primary auditory cortex, granule cells are small, e.g. in layer IV, and they are packed in columns.",
    "Brodmann published his map of the cerebral cortex in 1909 and distinguished more than forty areas by their cytoarchitecture.",
    "The agranular insula adjoins the olfactory cortex, while the posterior insula is granular throughout.",
    "The dentate nucleus of the cerebellum is a folded band of large multipolar neurons around a hilus of white matter.",
    "Cells of the subiculum are loosely arranged in comparison with those of the neighbouring hippocampal field.",
]
"""True statements of neuroanatomy, one sentence each, none from any of the papers."""


def body(times: int) -> str:
    """A long paragraph of the facts, each repetition told apart by its number."""
    return " ".join(f"In part {n} it is said so: {fact}" for n in range(times) for fact in FACTS)
