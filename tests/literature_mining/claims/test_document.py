"""Claims of whole documents: headings, paragraphs, captions and tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.core.records import Claim, Document
from cytoscribe.literature_mining.claims.document import DocumentReader, Reading
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.papers.open import read_document
from tests.literature_mining.claims.sentences import READER


def document(folder: Path, text: str, name: str = "made.md") -> Document:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_document(path)


def reading(folder: Path, text: str) -> Reading:
    return DocumentReader(document(folder, text), READER).read()


def _claims(made: Document, reader: ClaimReader) -> tuple[Claim, ...]:
    return DocumentReader(made, reader).read().claims


def stated(folder: Path, text: str) -> list[str]:
    return [f"{c.region} {c.layer} {c.value}" for c in reading(folder, text).claims]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Qa1\n\nLayer IV is thin.\n", ["Qa1 IV thin"]),
        ("# Qa1\n\n## Cytoarchitecture\n\nLayer IV is thin.\n", ["Qa1 IV thin"]),
        ("# Rb3\n\n## Qa1\n\nLayer IV is thin.\n\n## Qa2\n\nLayer IV is broad.\n", ["Qa1 IV thin", "Qa2 IV broad"]),
        ("# Qa1\n\n## Area Zz9\n\nLayer IV is thin.\n", []),
        ("# Qa1\n\nLayer IV is thin.\n\n# Discussion\n\nLayer V is broad.\n", ["Qa1 IV thin"]),
        ("# Area Zz9\n\nLayer IV is thin. In Qa1 it is broad.\n", ["Qa1 IV broad"]),
    ],
)
def test_the_innermost_heading_that_names_an_area_is_the_topic(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert stated(tmp_path, text) == expected


@pytest.mark.parametrize(
    "sentence",
    ["Layer IV of Qa1 is broad.", "In Qa1 it is broad."],
)
def test_of_two_areas_in_a_heading_the_one_that_is_named_is_meant(tmp_path: Path, sentence: str) -> None:
    assert stated(tmp_path, f"# Qa1 and Qa2\n\nLayer IV is thin. {sentence}\n") == ["Qa1 IV thin", "Qa2 IV thin", "Qa1 IV broad"]


def test_a_paragraph_under_a_heading_goes_back_to_it(tmp_path: Path) -> None:
    text = "# Qa1\n\nQa2 lies behind. It is granular.\n\nLayer IV is thin.\n"
    assert stated(tmp_path, text) == ["Qa2 all granular", "Qa1 IV thin"]


def test_a_stranger_is_forgotten_at_the_next_paragraph(tmp_path: Path) -> None:
    text = "# Qa1\n\nZz9 lies behind. It is granular.\n\nLayer IV is thin.\n"
    assert stated(tmp_path, text) == ["Qa1 IV thin"]


def test_a_caption_neither_gives_nor_takes_the_topic(tmp_path: Path) -> None:
    text = "# Results\n\nQa1 is granular.\n\nFigure 1. Rb3 has a dense layer II. Layer V is broad.\n\nLayer VI is pale.\n"
    assert stated(tmp_path, text) == ["Qa1 all granular", "Rb3 II high", "Rb3 V broad", "Qa1 VI pale"]


TABLE = """# Rb4

| Area | Layer IV | Layer V | Cells |
|---|---|---|---|
| Qa1 | thin | broad | large |
| Zz9 | dense | thin | small |
| Qa2 | absent | 3.5 | |
"""


def test_a_row_of_a_table_makes_claims_of_its_region_under_its_headers(tmp_path: Path) -> None:
    assert stated(tmp_path, TABLE) == ["Qa1 IV thin", "Qa1 V broad", "Qa1 all large", "Qa2 IV absent"]


@pytest.mark.parametrize("text", [TABLE, "# Qa1\n\nIts layer IV is thin (Fig. 2). Qa2, unlike Qa1, has a dense layer V.\n"])
def test_sentences_and_spans_stand_in_the_text(tmp_path: Path, text: str) -> None:
    made = document(tmp_path, text)
    claims = _claims(made, READER)
    assert claims
    for claim in claims:
        assert made.text[claim.sentence_start : claim.sentence_end] == claim.sentence
        assert claim.span in claim.sentence
        assert claim.span
        assert claim.document == made.name


def test_the_span_of_a_cell_is_the_cell(tmp_path: Path) -> None:
    claims = _claims(document(tmp_path, TABLE), READER)
    assert [c.span for c in claims] == ["thin", "broad", "large", "absent"]
    assert claims[0].sentence.startswith("Qa1")


def test_a_table_of_html_is_read_alike(tmp_path: Path) -> None:
    html = "<html><body><p>Before it.</p><table><tr><th>Area<th>Layer IV<tr><td>Qa1<td>thin</table></body></html>"
    claims = _claims(document(tmp_path, html, "made.html"), READER)
    assert [(c.region, c.layer, c.value, c.span) for c in claims] == [("Qa1", "IV", "thin", "thin")]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("| Layer | Qa1 | Qa2 |\n|---|---|---|\n| IV | thin | broad |\n", ["Qa1 IV thin", "Qa2 IV broad"]),
        ("| Area | IV | V |\n|---|---|---|\n| Qa1 | thin | broad |\n", ["Qa1 IV thin", "Qa1 V broad"]),
        ("| Layer | Area | Width |\n|---|---|---|\n| IV | Qa1 | thin |\n", ["Qa1 IV thin"]),
    ],
)
def test_tables_of_other_shapes(tmp_path: Path, table: str, expected: list[str]) -> None:
    assert stated(tmp_path, f"# Results\n\n{table}") == expected


def test_sentences_that_only_name_a_region_are_kept_apart(tmp_path: Path) -> None:
    others = reading(tmp_path, "# Results\n\nQa1 was mapped in ten brains. Qa2 is granular. Sections were cut.\n").others
    assert [(o.regions, o.sentence) for o in others] == [(("Qa1",), "Qa1 was mapped in ten brains.")]


def test_a_claim_has_one_identity_in_every_run_and_is_kept_once(tmp_path: Path) -> None:
    text = "# Results\n\nLayer IV of Qa1 is thin. Layer IV of Qa1 is thin.\n"
    first, again = ([c.claim_id for c in reading(tmp_path, text).claims] for _ in range(2))
    assert first == again
    assert len(set(first)) == 2


def test_doubtful_text_lowers_the_score(tmp_path: Path) -> None:
    from dataclasses import replace

    made = document(tmp_path, "# Qa1\n\nLayer IV is thin.\n")
    (sure,), (unsure,) = (_claims(d, READER) for d in (made, replace(made, trust=0.5)))
    assert isinstance(sure, Claim)
    assert unsure.score == pytest.approx(sure.score / 2, abs=0.001)
