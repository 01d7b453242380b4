"""PDFs typeset on the fly with the traps of real ones: columns, running heads, captions in mid-sentence, broken files."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pymupdf
import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Document
from cytoscribe.literature_mining.papers.open import read_document
from cytoscribe.literature_mining.papers.pdf import read as pdf
from cytoscribe.literature_mining.papers.sentences import split_sentences
from tests.literature_mining.typeset import BOLD, FACTS, FONT, HEIGHT, WIDTH, Typesetter, body, wrap


def sentences_of(document: Document, kind: str = "body") -> list[str]:
    return [s.text for s in split_sentences(document) if s.kind == kind]


def wanted(times: int) -> list[str]:
    return [f"In part {n} it is said so: {fact}" for n in range(times) for fact in FACTS]


def assert_spans(document: Document) -> None:
    for s in split_sentences(document):
        assert document.text[s.start : s.end] == s.text
        assert s.page is None or 1 <= s.page <= len(document.page_starts)


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_columns_are_read_one_after_another(tmp_path: Path, columns: int) -> None:
    setter = Typesetter(columns=columns)
    setter.paragraph(body(9))
    document = read_document(setter.save(tmp_path / "columns.pdf"))
    assert sentences_of(document) == wanted(9)
    assert_spans(document)


def test_running_heads_and_page_numbers_are_no_body(tmp_path: Path) -> None:
    setter = Typesetter()
    setter.paragraph(body(12))
    document = read_document(setter.save(tmp_path / "heads.pdf"))
    assert len(document.page_starts) >= 2
    assert sentences_of(document) == wanted(12)
    assert "Made Papers" not in " ".join(sentences_of(document))


def test_page_of_a_sentence_is_where_it_starts(tmp_path: Path) -> None:
    setter = Typesetter(heads=("", ""))
    setter.paragraph(body(14))
    path = setter.save(tmp_path / "pages.pdf")
    document = read_document(path)
    with pymupdf.open(path) as opened:
        pages = ["".join(page.get_text().split()).replace("-", "") for page in opened]
    whole, crossing, at = "".join(pages), 0, 0
    for sentence in split_sentences(document):
        squeezed = "".join(sentence.text.split()).replace("-", "")
        at = whole.index(squeezed, at)
        page = next(n for n in range(1, len(pages) + 1) if at < len("".join(pages[:n])))
        assert sentence.page == page
        crossing += at + len(squeezed) > len("".join(pages[:page]))
    assert crossing >= 1


def test_caption_in_mid_sentence_cuts_nothing(tmp_path: Path) -> None:
    setter = Typesetter()
    text = body(5)
    words = text.split()
    setter.paragraph(" ".join(words[:300]))
    setter.caption("Fig. 1 Sections through the calcarine sulcus. a Overview of one hemisphere. b The stripe of Gennari.")
    setter.paragraph(" ".join(words[300:]))
    document = read_document(setter.save(tmp_path / "caption.pdf"))
    assert sentences_of(document) == wanted(5)
    assert sentences_of(document, "caption") == [
        "Fig. 1 Sections through the calcarine sulcus.",
        "a Overview of one hemisphere.",
        "b The stripe of Gennari.",
    ]


def test_headings_stand_alone_and_name_their_section(tmp_path: Path) -> None:
    setter = Typesetter()
    setter.wide("Cells and layers of a made cortex in a made paper", 16, BOLD)
    setter.heading("Introduction")
    setter.paragraph(body(1))
    setter.heading("2-iv. The motor cortex")
    setter.paragraph(FACTS[2])
    document = read_document(setter.save(tmp_path / "headings.pdf"))
    headings = [s.text for s in split_sentences(document) if s.kind == "heading"]
    assert headings == ["Cells and layers of a made cortex in a made paper", "Introduction", "2-iv. The motor cortex"]
    assert [s.heading for s in split_sentences(document) if s.text == FACTS[2]] == ["2-iv. The motor cortex"]
    assert document.title == "Cells and layers of a made cortex in a made paper"


def test_references_are_told_apart(tmp_path: Path) -> None:
    setter = Typesetter(columns=1)
    setter.paragraph(body(2))
    setter.heading("References")
    setter.paragraph("Brodmann K (1909) Vergleichende Lokalisationslehre der Grosshirnrinde. Barth, Leipzig")
    document = read_document(setter.save(tmp_path / "references.pdf"))
    assert any("Barth, Leipzig" in s for s in sentences_of(document, "reference"))
    assert sentences_of(document) == wanted(2)


def test_line_numbers_of_a_manuscript_vanish(tmp_path: Path) -> None:
    setter = Typesetter(columns=1, line_numbers=True, left=80)
    setter.paragraph(body(4))
    document = read_document(setter.save(tmp_path / "numbered.pdf"))
    assert sentences_of(document) == wanted(4)


def test_table_is_kept_out_of_the_text(tmp_path: Path) -> None:
    setter = Typesetter()
    words = body(4).split()
    setter.paragraph(" ".join(words[:200]))
    setter.y += 12
    rows = [
        ("Table 1 Brains of the sample", "", ""),
        ("Case", "Age", "Sex"),
        ("1", "79", "female"),
        ("2", "56", "male"),
        ("3", "64", "male"),
    ]
    for row in rows:
        for i, value in enumerate(row):
            setter.put((setter.x + 80 * i, setter.y), value, fontname=FONT, fontsize=8)
        setter.y += 11
    setter.y += 10
    setter.paragraph(" ".join(words[200:]))
    document = read_document(setter.save(tmp_path / "table.pdf"))
    assert sentences_of(document) == wanted(4)
    assert "1 | 79 | female" in sentences_of(document, "table")


def test_encrypted_file_is_named(tmp_path: Path) -> None:
    setter = Typesetter()
    setter.paragraph(FACTS[0])
    path = setter.save(tmp_path / "locked.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="owner")
    with pytest.raises(InputError, match=r"locked\.pdf.*password"):
        read_document(path)


def test_scan_without_text_is_named(tmp_path: Path) -> None:
    scan = pymupdf.open()
    scan.new_page().insert_image(pymupdf.Rect(50, 50, 300, 300), pixmap=pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, 40, 40)))
    scan.save(tmp_path / "scan.pdf")
    with pytest.raises(InputError, match="no text layer"):
        read_document(tmp_path / "scan.pdf")


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", b"\x00" * 500, b"not a pdf at all"])
def test_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.pdf"):
        read_document(path)


def made_pdf(path: Path, *objects: bytes) -> Path:
    """A PDF of these objects, the first of them its catalogue."""
    out, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    path.write_bytes(out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, out.index(b"xref\n0")))
    return path


@pytest.mark.parametrize(
    ("pages", "page"),
    [
        (b"<</Type/Pages/Count 1000000000/Kids[2 0 R 2 0 R]>>", b"<<>>"),
        (
            b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/X " + b"[" * 50_000 + b"]" * 50_000 + b">>",
        ),
        (b"<</Type/Pages/Count 1/Kids[3 0 R]>>", b"<</Type/Page/Parent 3 0 R/MediaBox[0 0 1e9 1e9]/Contents 3 0 R>>"),
    ],
    ids=["page loop", "deep nesting", "own parent"],
)
def test_malformed_structure_is_named(tmp_path: Path, pages: bytes, page: bytes) -> None:
    path = made_pdf(tmp_path / "odd.pdf", b"<</Type/Catalog/Pages 2 0 R>>", pages, page)
    with pytest.raises(InputError, match=r"odd\.pdf"):
        read_document(path)


def test_truncated_file_is_read_in_part_or_named(tmp_path: Path) -> None:
    setter = Typesetter()
    setter.paragraph(body(6))
    whole = setter.save(tmp_path / "whole.pdf").read_bytes()
    for share in (0.2, 0.5, 0.9):
        cut = tmp_path / "cut.pdf"
        cut.write_bytes(whole[: int(share * len(whole))])
        document = read_or_none(cut)
        if document is not None:
            assert_spans(document)


def read_or_none(path: Path) -> Document | None:
    try:
        return read_document(path)
    except InputError:
        return None


def test_too_many_pages_are_bounded_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MAX_PAGES", 3)
    many = pymupdf.open()
    for n in range(8):
        many.new_page().insert_text((72, 200), f"Page {n} tells that layer IV is granular.", fontname=FONT)
    many.save(tmp_path / "many.pdf")
    document = read_document(tmp_path / "many.pdf")
    assert len(document.page_starts) == 3
    assert re.search("first 3 of 8 pages", document.problems[0])


def test_time_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setter = Typesetter()
    setter.paragraph(body(30))
    path = setter.save(tmp_path / "slow.pdf")
    monkeypatch.setattr(pdf, "MAX_SECONDS", 0.0)
    started = time.monotonic()
    with pytest.raises(InputError):
        read_document(path)
    assert time.monotonic() - started < 5


def test_metadata_of_the_first_page(tmp_path: Path) -> None:
    setter = Typesetter()
    setter.put((50, 50), "https://doi.org/10.1234/made.2020.42", fontname=FONT, fontsize=8)
    setter.wide("Cells and layers of a made cortex in a made paper", 16, BOLD)
    setter.wide("Ada Example1, Ben M. Sample2 and Cléo de la Made1,2", 11)
    setter.wide("Received: 3 March 2019 / Accepted: 9 May 2020 / Published online: 1 June 2020", 8)
    setter.paragraph(f"Abstract {FACTS[0]}")
    setter.paragraph("This is an open access article under the Creative Commons Attribution 4.0 International License.")
    document = read_document(setter.save(tmp_path / "meta.pdf"))
    assert document.doi == "10.1234/made.2020.42"
    assert document.year == 2020
    assert document.licence == "CC BY 4.0"
    assert document.authors == ("Ada Example", "Ben M. Sample", "Cléo de la Made")
    assert document.title.startswith("Cells and layers")


def test_blocks_lie_on_their_page(tmp_path: Path) -> None:
    setter = Typesetter()
    setter.paragraph(body(3))
    document = read_document(setter.save(tmp_path / "boxes.pdf"))
    for block in document.blocks:
        assert block.bbox is not None
        x0, y0, x1, y1 = block.bbox
        assert 0 <= x0 < x1 <= WIDTH
        assert 0 <= y0 < y1 <= HEIGHT


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_sideways_pages_are_read(tmp_path: Path, degrees: int) -> None:
    setter = Typesetter(heads=("", ""))
    setter.paragraph(body(4))
    upright = setter.save(tmp_path / "upright.pdf")
    turned = pymupdf.open()
    with pymupdf.open(upright) as source:
        for n, page in enumerate(source):
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
