"""Figures with their captions, out of PDFs, and beside JATS and Markdown."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image

from cytoscribe.core.tables import read_records
from cytoscribe.literature_mining.papers import figures
from cytoscribe.literature_mining.papers.figures import (
    Figure,
    FigureRecord,
    extract_figures,
    picture_of,
    save_images,
    write_figures,
)
from cytoscribe.literature_mining.papers.open import read_document
from tests.literature_mining.typeset import Typesetter, body

CAPTION = "Fig. 1 Sections through the calcarine sulcus. a Overview of one hemisphere. b The stripe of Gennari."


def grain(width: int, height: int, seed: int = 0, kind: str = "PNG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def paper(tmp_path: Path, *images: tuple[pymupdf.Rect, bytes], caption: str = CAPTION) -> Path:
    setter = Typesetter(columns=1)
    setter.paragraph(body(1))
    top = setter.y
    setter.y += 180
    setter.paragraph(" ")
    for line in (caption,):
        setter.put((setter.x, top + 175), line, fontsize=8)
    setter.y += 30
    setter.paragraph(body(1))
    for box, data in images:
        setter.page.insert_image(box + pymupdf.Rect(0, top, 0, top), stream=data)
    return setter.save(tmp_path / "paper.pdf")


def figures_of(path: Path) -> list[Figure]:
    return extract_figures(path, read_document(path))


def test_embedded_image_comes_with_its_caption(tmp_path: Path) -> None:
    data = grain(300, 220, kind="JPEG")
    path = paper(tmp_path, (pymupdf.Rect(60, 10, 260, 160), data))
    (figure,) = figures_of(path)
    document = read_document(path)
    assert figure.record.caption == CAPTION
    assert document.text[figure.record.caption_start : figure.record.caption_end] == CAPTION
    assert (figure.record.label, figure.record.page) == ("Fig. 1", 1)
    assert figure.picture.data == data
    assert (figure.record.width, figure.record.height) == (300, 220)


def test_panels_make_one_figure(tmp_path: Path) -> None:
    path = paper(tmp_path, (pymupdf.Rect(60, 10, 160, 160), grain(150, 220)), (pymupdf.Rect(165, 10, 265, 160), grain(150, 220, 1)))
    (figure,) = figures_of(path)
    assert figure.picture.width / figure.picture.height == pytest.approx(205 / 150, rel=0.03)


def test_ornaments_are_left_out(tmp_path: Path) -> None:
    assert figures_of(paper(tmp_path, (pymupdf.Rect(60, 10, 80, 30), grain(80, 80)))) == []


def test_drawn_figure_is_rendered(tmp_path: Path) -> None:
    setter = Typesetter(columns=1)
    setter.paragraph(body(1))
    top = setter.y
    for n in range(8):
        setter.page.draw_circle((120 + 30 * n, top + 90), 10 + n, color=(0.2, 0.2, 0.6), fill=(0.5, 0.5, 0.9))
    setter.put((setter.x, top + 175), CAPTION, fontsize=8)
    (figure,) = figures_of(setter.save(tmp_path / "drawn.pdf"))
    pixels = np.asarray(Image.open(io.BytesIO(figure.picture.data)).convert("L"))
    assert pixels.min() < 150 < pixels.max()


def test_caption_without_picture_gives_none(tmp_path: Path) -> None:
    assert figures_of(paper(tmp_path)) == []


def test_table_captions_are_no_figures(tmp_path: Path) -> None:
    path = paper(tmp_path, (pymupdf.Rect(60, 10, 260, 160), grain(300, 220)), caption="Table 1 Brains of the sample.")
    assert figures_of(path) == []


def test_enormous_image_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = paper(tmp_path, (pymupdf.Rect(60, 10, 260, 160), grain(300, 220)))
    monkeypatch.setattr("cytoscribe.literature_mining.papers.pdf.figures.MAX_PIXELS", 100 * 100)
    assert figures_of(path) == []
    monkeypatch.setattr(figures, "MAX_PIXELS", 100 * 100)
    assert picture_of(grain(300, 220)) is None


def test_files_and_table_are_written(tmp_path: Path) -> None:
    path = paper(tmp_path, (pymupdf.Rect(60, 10, 260, 160), grain(300, 220, kind="JPEG")))
    records = save_images(figures_of(path), tmp_path / "run")
    table = write_figures(tmp_path / "run", records)
    assert read_records(table, FigureRecord) == records
    with Image.open(tmp_path / "run" / records[0].image_path) as image:
        assert image.size == (300, 220)


def test_images_beside_jats(tmp_path: Path) -> None:
    (tmp_path / "paper.xml").write_text(
        '<article xmlns:x="http://www.w3.org/1999/xlink"><body><p>Layer IV is granular.</p>'
        '<fig><label>Figure 1</label><caption><p>The striate cortex.</p></caption><graphic x:href="g001"/></fig>'
        '<fig><label>Figure 2</label><caption><p>The motor cortex.</p></caption><graphic x:href="../outside"/></fig></body></article>'
    )
    (tmp_path / "g001.png").write_bytes(grain(120, 90))
    (tmp_path.parent / "outside.png").write_bytes(grain(120, 90))
    (figure,) = figures_of(tmp_path / "paper.xml")
    assert (figure.record.label, figure.record.caption) == ("Figure 1", "Figure 1. The striate cortex.")


def test_images_beside_markdown(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(grain(120, 90))
    (tmp_path / "notimage.png").write_bytes(b"<html>")
    (tmp_path / "paper.md").write_text(
        f"# A made paper of cells\n\nText of layer IV.\n\n![](one.png)\n\n**{CAPTION}**\n\n"
        "![](notimage.png)\n\nFig. 2 Nothing of note.\n\n![](/etc/hostname)\n\nFig. 3 Nothing either.\n"
    )
    (figure,) = figures_of(tmp_path / "paper.md")
    assert figure.record.caption == CAPTION


def test_names_are_safe(tmp_path: Path) -> None:
    path = paper(tmp_path, (pymupdf.Rect(60, 10, 260, 160), grain(300, 220)))
    odd = path.rename(tmp_path / "a paper; (odd) name.pdf")
    (record,) = save_images(figures_of(odd), tmp_path / "run")
    assert record.image_path.startswith("figures/a_paper_odd_name-1-")
