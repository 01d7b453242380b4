"""PDFs whose layout is unusual: turned pages, wide figures, footnotes, manuscripts; typeset on the fly."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from cytoscribe.literature_mining.papers.open import read_document
from tests.literature_mining.papers.pdf_checks import made_pdf, sentences_of, wanted
from tests.literature_mining.typeset import BOLD, FACTS, HEIGHT, WIDTH, Typesetter, body, wrap


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_sideways_pages_are_read(tmp_path: Path, degrees: int) -> None:
    setter = Typesetter(heads=("", ""))
    setter.paragraph(body(4))
    upright = setter.save(tmp_path / "upright.pdf")
    turned = pymupdf.open()
    with pymupdf.open(upright) as source:
        for n, page in enumerate(source.pages()):
            size = (page.rect.width, page.rect.height) if degrees == 180 else (page.rect.height, page.rect.width)
            sheet = turned.new_page(width=size[0], height=size[1])
            sheet.show_pdf_page(sheet.rect, source, n, rotate=degrees)
    turned.save(tmp_path / "turned.pdf")
    document = read_document(tmp_path / "turned.pdf")
    assert sentences_of(document) == wanted(4)
    for block in document.blocks:
        assert block.bbox is not None
        assert 0 <= block.bbox[0] < block.bbox[2] <= (WIDTH if degrees == 180 else HEIGHT)
        assert 0 <= block.bbox[1] < block.bbox[3] <= (HEIGHT if degrees == 180 else WIDTH)


def test_marks_along_the_edge_are_dropped(tmp_path: Path) -> None:
    setter = Typesetter(columns=1)
    setter.paragraph(body(2))
    setter.page.insert_text((20, 600), "made preprint 2001.00042, 1 January 2020", fontsize=12, rotate=90)
    document = read_document(setter.save(tmp_path / "stamp.pdf"))
    assert sentences_of(document) == wanted(2)
    assert "preprint" not in document.text


@pytest.mark.parametrize("size", [8.5, 10, 11.5])
def test_summary_beside_keywords_above_two_columns(tmp_path: Path, size: float) -> None:
    setter = Typesetter(heads=("", ""))
    setter.wide("Cells and layers of a made cortex in a made paper", 16, BOLD)
    setter.wide("Ada Example, Ben Sample", 11)
    top = setter.y + 20
    left = [
        "a r t i c l e i n f o",
        "Article history:",
        "Received 3 March 2019 in due form",
        "Accepted 9 May 2020 in due form",
        "Keywords:",
    ]
    left += ["Architecture of the cortex", "Layers and cells thereof", "Maps of the human brain"]
    for n, line in enumerate(left):
        setter.put((50, top + 11 * n), line, fontsize=8)
    setter.put((210, top), "a b s t r a c t", fontsize=8)
    summary = " ".join(FACTS[:5])
    for n, line in enumerate(wrap(summary, 335, size, False)):
        setter.put((210, top + 16 + 1.2 * size * n), line, fontsize=size)
    setter.y = top + 150
    setter.heading("1. Introduction")
    start = setter.y
    columns = wrap(body(2), setter.column_width, 10, True)
    half = len(columns) // 2
    for column, lines in enumerate((columns[:half], columns[half:])):
        for n, line in enumerate(lines):
            setter.put((50 + column * (setter.column_width + setter.gutter), start + 12 * n), line)
    document = read_document(setter.save(tmp_path / "first.pdf"))
    assert sentences_of(document) == [*FACTS[:5], *wanted(2)]
    assert document.year == 2020


def test_double_spaced_ragged_manuscript(tmp_path: Path) -> None:
    setter = Typesetter(columns=1, line_numbers=True, left=80, hyphenate=False, leading=2.4, heads=("", ""))
    setter.paragraph(body(5))
    document = read_document(setter.save(tmp_path / "manuscript.pdf"))
    assert sentences_of(document) == wanted(5)


def test_figure_named_at_the_start_of_a_line_is_no_caption(tmp_path: Path) -> None:
    setter = Typesetter(columns=1, hyphenate=False, leading=2.4)
    lines = [
        "The stripe of Gennari is seen by the naked eye and is shown in",
        "Fig. 3. The layer that holds it is the broadest of the three",
        "sublayers.",
    ]
    for line in lines:
        setter.put((setter.x, setter.y), line)
        setter.y += 24
    setter.paragraph(body(2))
    document = read_document(setter.save(tmp_path / "figure.pdf"))
    assert sentences_of(document)[:2] == [
        "The stripe of Gennari is seen by the naked eye and is shown in Fig. 3.",
        "The layer that holds it is the broadest of the three sublayers.",
    ]


def test_footnote_and_figure_labels_cut_no_sentence(tmp_path: Path) -> None:
    setter = Typesetter(columns=2, bottom=650)
    words = body(5).split()
    setter.paragraph(" ".join(words[:160]))
    for n, label in enumerate(("V1", "Layer IV", "Betz cells")):
        setter.put((setter.x + 30 + 40 * n, setter.y + 30 + 12 * n), label, fontname="helv")
    setter.y += 90
    setter.paragraph(" ".join(words[160:]))
    setter.put((50, 700), "* Address of the author, who thanks everybody", fontsize=7.5)
    document = read_document(setter.save(tmp_path / "labels.pdf"))
    assert sentences_of(document) == wanted(5)


def test_wide_figure_in_mid_page_keeps_the_columns(tmp_path: Path) -> None:
    setter = Typesetter(heads=("", ""))
    lines = wrap(body(4), setter.column_width, 10, True)
    quarter = -(-len(lines) // 4)
    for n in range(4):
        for row, line in enumerate(lines[n * quarter : (n + 1) * quarter]):
            setter.put((50 + (n % 2) * (setter.column_width + setter.gutter), 80 + (n // 2) * 380 + 12 * row), line)
    setter.put(
        (50, 80 + 12 * quarter + 60),
        "Fig. 2 Sections through the calcarine sulcus of one hemisphere, from rostral to caudal, all at one scale.",
        fontsize=8,
    )
    document = read_document(setter.save(tmp_path / "wide.pdf"))
    assert sorted(sentences_of(document)) == sorted(wanted(4))


def test_letterspaced_headings(tmp_path: Path) -> None:
    setter = Typesetter()
    setter.heading("R E S U L T S")
    setter.paragraph(body(1))
    document = read_document(setter.save(tmp_path / "spaced.pdf"))
    assert sentences_of(document, "heading") == ["RESULTS"]


def test_alternating_heads_of_two_pages_cut_no_sentence(tmp_path: Path) -> None:
    setter = Typesetter(heads=("The cortex in a made journal", "Example and Sample on cells"), size=8.5)
    setter.paragraph(body(11))
    document = read_document(setter.save(tmp_path / "two.pdf"))
    assert len(document.page_starts) == 2
    assert sentences_of(document) == wanted(11)


def test_more_references_than_text(tmp_path: Path) -> None:
    setter = Typesetter()
    setter.paragraph(body(3))
    setter.heading("References")
    setter.size = 7.5
    for n in range(60):
        setter.paragraph(
            f"Example A, Sample B ({1900 + n}) On the layers of the cortex and their cells in many made species. J Made {n}:1-{n}"
        )
    document = read_document(setter.save(tmp_path / "references.pdf"))
    assert sentences_of(document) == wanted(3)


def test_a_sheet_of_absurd_size_is_read_all_the_same(tmp_path: Path) -> None:
    content = (
        b"BT /F 12 Tf "
        + b"".join(b"1 0 0 1 72 %d Tm (Layer IV of area %d is granular.) Tj " % (700 - 14 * n, n) for n in range(1, 9))
        + b"ET"
    )
    path = made_pdf(
        tmp_path / "sheet.pdf",
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 1e9 1e9]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    assert "Layer IV of area 8 is granular." in read_document(path).text
