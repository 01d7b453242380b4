"""Scanned papers: recognised where the extra is installed (here a stand-in reads), reported where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.literature_mining.papers.open import read_document
from cytoscribe.literature_mining.papers.pdf import ocr
from cytoscribe.literature_mining.papers.pdf import read as pdf
from cytoscribe.literature_mining.papers.pdf.ocr import DPI, RecognisedLine
from cytoscribe.literature_mining.papers.sentences import split_sentences
from tests.literature_mining.typeset import Typesetter, body


def scanned(source: Path, path: Path, *, keep_text: int = 0) -> Path:
    """The pages of a PDF as pictures; the first `keep_text` keep their text."""
    out = pymupdf.open()
    with pymupdf.open(source) as pages:
        for n, page in enumerate(pages.pages()):
            if n < keep_text:
                out.insert_pdf(pages, from_page=n, to_page=n)
            else:
                sheet = out.new_page(width=page.rect.width, height=page.rect.height)
                sheet.insert_image(sheet.rect, pixmap=page.get_pixmap(dpi=60))
    out.save(path)
    return path


def stand_in(source: Path, score: float = 0.95):
    """A recogniser that knows what stands on the pages, in order, and tells it with boxes that waver."""
    sheets = []
    with pymupdf.open(source) as pages:
        for page in pages:
            laid_out: Any = page.get_text("dict")
            found = [line for block in laid_out["blocks"] for line in block["lines"]]
            sheets.append([("".join(s["text"] for s in line["spans"]), line["bbox"]) for line in found])
    waver = np.random.default_rng(0)

    def read(image: np.ndarray) -> list[RecognisedLine]:
        assert image.dtype == np.uint8
        assert image.shape[2] == 3
        scale = DPI / 72
        lines = []
        for text, (x0, y0, x1, y1) in sheets.pop(0):
            up, down = waver.uniform(0, 0.08 * (y1 - y0), 2)
            lines.append(RecognisedLine((x0 * scale, (y0 + up) * scale, x1 * scale, (y1 - down) * scale), text, score))
        return [*lines, RecognisedLine((0, 0, 5, 5), "noise", 0.1)]

    return read


@pytest.fixture
def source(tmp_path: Path) -> Path:
    setter = Typesetter()
    setter.paragraph(body(7))
    setter.caption("Fig. 1 Sections through the calcarine sulcus.")
    setter.paragraph(body(2))
    return setter.save(tmp_path / "source.pdf")


def test_a_scan_is_reported_without_the_extra(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "installed", lambda: False)
    with pytest.raises(InputError, match=r"scan\.pdf: holds no text layer.*cytoscribe\[ocr\]"):
        read_document(scanned(source, tmp_path / "scan.pdf"))


def test_a_scan_is_recognised_with_less_trust(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "installed", lambda: True)
    reader = stand_in(source)
    monkeypatch.setattr(ocr, "recogniser", lambda: reader)
    document = read_document(scanned(source, tmp_path / "scan.pdf"))
    typeset = read_document(source)
    assert [s.text for s in split_sentences(document) if s.kind == "body"] == [
        s.text for s in split_sentences(typeset) if s.kind == "body"
    ]
    assert document.trust == pytest.approx(0.9 * 0.95, abs=0.001)
    assert typeset.trust == 1.0
    assert "recognised from scans" in document.problems[0]
    assert "noise" not in document.text


def test_a_plate_in_a_paper_with_text_is_left_alone(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "installed", lambda: True)
    monkeypatch.setattr(ocr, "recogniser", lambda: pytest.fail("nothing to recognise"))
    with pymupdf.open(source) as pages:
        count = len(pages)
    document = read_document(scanned(source, tmp_path / "plate.pdf", keep_text=count - 1))
    assert document.trust == 1.0
    assert document.problems == ()


def test_pages_beyond_the_limit_are_reported(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "installed", lambda: True)
    reader = stand_in(source)
    monkeypatch.setattr(ocr, "recogniser", lambda: reader)
    monkeypatch.setattr(ocr, "MAX_PAGES", 1)
    document = read_document(scanned(source, tmp_path / "scan.pdf"))
    assert "more were not read" in document.problems[0]


def test_a_page_of_meaningless_characters_counts_as_a_scan(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "installed", lambda: False)
    monkeypatch.setattr(pdf, "clean", lambda text: "\ufffd" * len(text))
    with pytest.raises(InputError, match="no text layer"):
        read_document(source)


@pytest.mark.parametrize("share", [0.9, 0.1])
def test_invisible_text(tmp_path: Path, share: float) -> None:
    made = pymupdf.open()
    page = made.new_page()
    for n in range(10):
        hidden = n < 10 * share
        text = f"Row {n} tells that {'hidden' if hidden else 'visible'} layer IV is granular."
        page.insert_text((72, 100 + 12 * n), text, render_mode=3 if hidden else 0)
    made.save(tmp_path / "layer.pdf")
    document = read_document(tmp_path / "layer.pdf")
    if share > 0.5:
        assert document.trust == pytest.approx(0.85)
        assert "invisible layer" in document.problems[0]
        assert "hidden layer" in document.text
    else:
        assert document.trust == 1.0
        assert "hidden layer" not in document.text
        assert "visible layer" in document.text
