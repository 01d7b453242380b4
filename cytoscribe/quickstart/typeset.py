"""Sample papers as journals print them: two columns, running heads, page numbers, hyphens at line ends, a figure with its caption."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.runs import atomic_path
from cytoscribe.phantom.areas import area
from cytoscribe.phantom.draw import Preparation, draw
from cytoscribe.quickstart.sample_texts import NOTICE, SamplePaper

WIDTH, HEIGHT = 595, 842
MARGIN, GUTTER, TOP, BOTTOM = 54, 20, 72, 64
"""Points (1/72 inch) of an A4 page."""

_FONTS = {"p": ("tiro", 9.4, 12.0), "h2": ("tibo", 11.5, 22.0), "h3": ("tibi", 10.0, 17.0), "caption": ("tiro", 8.0, 10.0)}
"""Base-14 font, size and line height in points of each kind of text."""


def _length(font: Any, text: str, size: float) -> float:
    """Width of a text in points."""
    return float(font.text_length(text, fontsize=size))


class _Column:
    """Lays lines from column to column and page to page."""

    def __init__(self, paper: SamplePaper) -> None:
        import pymupdf

        self.paper, self.document, self.pymupdf = paper, pymupdf.open(), pymupdf
        self.number, self.y = 0, 0.0
        self.fonts = {name: pymupdf.Font(name) for name, _, _ in _FONTS.values()}
        self._page(first=True)

    @property
    def width(self) -> float:
        return (WIDTH - 2 * MARGIN - GUTTER) / 2

    @property
    def left(self) -> float:
        return MARGIN + self.number * (self.width + GUTTER)

    def _page(self, *, first: bool = False) -> None:
        self.page = self.document.new_page(width=WIDTH, height=HEIGHT)
        number, self.number = len(self.document), 0
        head = NOTICE if first or number % 2 else f"{self.paper.authors[0]} et al.: {self.paper.title}"
        self.page.insert_text((MARGIN, 42), head, fontname="tiit", fontsize=8)
        self.page.draw_line((MARGIN, 48), (WIDTH - MARGIN, 48), width=0.4)
        self.page.insert_text((WIDTH / 2 - 4, HEIGHT - 34), str(number), fontname="tiro", fontsize=8)
        self.top = TOP + self._title() if first else TOP
        self.y = self.top

    def _title(self) -> float:
        box = self.pymupdf.Rect(MARGIN, TOP - 6, WIDTH - MARGIN, TOP + 60)
        self.page.insert_textbox(box, self.paper.title, fontname="tibo", fontsize=18)
        self.page.insert_text((MARGIN, TOP + 38), ", ".join(self.paper.authors), fontname="tiro", fontsize=10)
        return 62.0

    def room(self, height: float) -> None:
        """Go to the next column or page where `height` points are not left."""
        if self.y + height <= HEIGHT - BOTTOM:
            return
        if self.number == 0:
            self.number, self.y = 1, self.top
        else:
            self._page()

    def text(self, kind: str, text: str) -> None:
        font, size, leading = _FONTS[kind]
        lines = _broken(text, self.fonts[font], size, self.width)
        self.room(leading * (3 if kind.startswith("h") else 1))
        for index, line in enumerate(lines):
            self.room(leading)
            self.y += leading
            last = index == len(lines) - 1 or kind.startswith("h")
            self._line(line, font, size, justify=not last)
        self.y += 4 if kind == "p" else 2

    def _line(self, line: str, font: str, size: float, *, justify: bool) -> None:
        """One line; a justified one has its words spread over the column, as printed text has."""
        writer = self.pymupdf.TextWriter(self.page.rect)
        words, x = line.split(" "), self.left
        gap = _length(self.fonts[font], " ", size)
        if justify and len(words) > 1:
            gap = min((self.width - _length(self.fonts[font], "".join(words), size)) / (len(words) - 1), 3 * gap)
        for index, word in enumerate(words):
            spaced = word + (" " if index < len(words) - 1 else "")
            writer.append((x, self.y), spaced, font=self.fonts[font], fontsize=size)
            x += _length(self.fonts[font], word, size) + gap
        writer.write_text(self.page)

    def figure(self, picture: bytes, ratio: float, caption: str) -> None:
        height = self.width * ratio
        self.room(height + 60)
        box = self.pymupdf.Rect(self.left, self.y + 8, self.left + self.width, self.y + 8 + height)
        self.page.insert_image(box, stream=picture)
        self.y += height + 12
        self.text("caption", caption)
        self.y += 8


def write_pdf(paper: SamplePaper, path: str | Path, seed: int = 0) -> None:
    """Typeset a paper; the same paper and seed give the same pages."""
    column = _Column(paper)
    drawn = False
    for kind, text in paper.body:
        column.text(kind, text)
        if kind == "p" and paper.figure and not drawn:
            column.figure(*_strips(paper.figure, seed), _caption(paper.figure))
            drawn = True
    column.document.set_metadata({"title": paper.title, "author": ", ".join(paper.authors), "subject": NOTICE})
    with atomic_path(path) as temporary:
        temporary.write_bytes(column.document.tobytes(garbage=3, deflate=True, no_new_id=True))


def _caption(areas: tuple[str, ...]) -> str:
    return f"Fig. 1 Drawn cell-body-stained strips of {', '.join(areas)}, from left to right, pia on top. Scale bar 1 mm."


def _strips(names: tuple[str, ...], seed: int) -> tuple[bytes, float]:
    """PNG of the areas' phantoms side by side, and its height over its width."""
    from PIL import Image

    strips = [
        draw(area(n).spec, np.random.default_rng([seed, i]), (420, 150), 10.0, Preparation("silver")).image
        for i, n in enumerate(names)
    ]
    gap = np.full((420, 8, 3), 255, np.uint8)
    picture = np.concatenate([part for strip in strips for part in (strip, gap)][:-1], axis=1)
    picture[400:405, -110:-10] = 0
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue(), picture.shape[0] / picture.shape[1]


def _broken(text: str, font: Any, size: float, width: float) -> list[str]:
    """Lines that fit the column; a long word at the end of a line is hyphenated between its syllables."""
    lines, line = [], ""
    for word in text.split(" "):
        trial = f"{line} {word}".strip()
        if _length(font, trial, size) <= width:
            line = trial
            continue
        head, tail = _hyphenated(word, lambda part, line=line: _length(font, f"{line} {part}", size) <= width)
        lines.append(f"{line} {head}".strip() if head else line)
        line = tail
    return [*lines, line]


def _hyphenated(word: str, fits: Callable[[str], bool]) -> tuple[str, str]:
    """Split before a consonant that a vowel follows, as late as fits, at least three letters on either side."""
    letters = word.rstrip(".,;")
    if len(letters) < 8 or not letters.isalpha():
        return "", word
    vowels = "aeiouy"
    for at in range(len(letters) - 3, 2, -1):
        good = letters[at] not in vowels and letters[at + 1] in vowels and letters[at - 1] in vowels
        if good and fits(word[:at] + "-"):
            return word[:at] + "-", word[at:]
    return "", word
