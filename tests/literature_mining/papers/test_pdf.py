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
from tests.literature_mining.papers.pdf_checks import assert_spans, made_pdf, sentences_of, wanted
from tests.literature_mining.typeset import BOLD, FACTS, FONT, HEIGHT, WIDTH, Typesetter, body


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
        pages = ["".join(str(page.get_text()).split()).replace("-", "") for page in opened]
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
    aes = pymupdf.PDF_ENCRYPT_AES_256  # pyright: ignore[reportAttributeAccessIssue]
    path = setter.save(tmp_path / "locked.pdf", encryption=aes, user_pw="secret", owner_pw="owner")
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
