"""Markdown with a converter's faults, and plain text."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.core.records import Document
from cytoscribe.literature_mining.papers.open import read_document
from cytoscribe.literature_mining.papers.sentences import split_sentences
from cytoscribe.literature_mining.papers.tables import read_table

CONVERTED = """**ORIGINAL ARTICLE**

# Cells and layers of a made cortex

_Ada Example and Ben Sample_

_Published: 13 May 2015_
_[doi: 10.1234/made.2015.54](http://dx.doi.org/10.1234/made.2015.54)_

### **Introduction**

The primary visual cortex belongs to the koniocortex, and its inner granu
lar layer is broad. It is bordered by the second visual area, which
carries no stripe and whose third layer holds large py-
ramidal cells at the

## 1 3

-----

**Fig. 1 Sections through the calcarine sulcus.** **a** Overview of one
hemisphere.

border. The *entorhinal* cortex is **periallocortical** ([Insausti 1995](https://example.org/a_(b))).
![an image](figures/one.png)

|Table 1 Brains|Col2|
|---|---|
|1|79|

2.1. Cytoarchitecture of areas Te1.1 and Te1.2

Granule cells are small in Te1.1.

These areas are summarised in

**Table 2. All of them** are granular.

### r e f e r e n c e s

Brodmann K (1909) A book. Barth, Leipzig
"""


def read(tmp_path: Path, text: str, name: str = "made.md") -> Document:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_document(tmp_path / name)


def by_kind(document: Document, kind: str) -> list[str]:
    return [s.text for s in split_sentences(document) if s.kind == kind]


def test_converted_paper(tmp_path: Path) -> None:
    document = read(tmp_path, CONVERTED)
    assert by_kind(document, "body") == [
        "The primary visual cortex belongs to the koniocortex, and its inner granu lar layer is broad.",
        "It is bordered by the second visual area, which carries no stripe and whose third layer holds large pyramidal cells at the border.",
        "The entorhinal cortex is periallocortical (Insausti 1995).",
        "Granule cells are small in Te1.1.",
        "These areas are summarised in Table 2.",
        "All of them are granular.",
    ]
    assert by_kind(document, "caption") == ["Fig. 1 Sections through the calcarine sulcus.", "a Overview of one hemisphere."]
    assert "1 | 79" in by_kind(document, "table")
    headings = by_kind(document, "heading")
    assert headings == [
        "Cells and layers of a made cortex",
        "Introduction",
        "2.1. Cytoarchitecture of areas Te1.1 and Te1.2",
        "References",
    ]
    assert " ".join(by_kind(document, "reference")) == "Brodmann K (1909) A book. Barth, Leipzig"


def test_metadata(tmp_path: Path) -> None:
    document = read(tmp_path, CONVERTED)
    assert (document.title, document.year, document.doi) == ("Cells and layers of a made cortex", 2015, "10.1234/made.2015.54")


@pytest.mark.parametrize(
    ("line", "doi"),
    [
        ("https://doi.org/10.1234/s01234 020 05678 9", "10.1234/s01234-020-05678-9"),
        ("doi 10.1234/s01234\u2010008\u20100195\u2010z.", "10.1234/s01234-008-0195-z"),
        ("https://doi.org/10.1234/s01234 123 cells were counted", "10.1234/s01234"),
        ("doi: 10.1234/s01234 020 05678 9 10.1234/other", "10.1234/s01234-020-05678-9"),
    ],
)
def test_a_doi_whose_hyphens_were_lost_is_whole(tmp_path: Path, line: str, doi: str) -> None:
    assert read(tmp_path, f"{line}\n\n# Cells and layers of a made cortex\n\nArea CA1 has small cells.\n").doi == doi


def test_written_markdown(tmp_path: Path) -> None:
    document = read(
        tmp_path, "# Notes\n\nArea CA1 has small cells.\n\n- Layer I is thin.\n- Layer II is dense.\n\n> Quoted: CA3 is large.\n"
    )
    assert by_kind(document, "body") == [
        "Area CA1 has small cells.",
        "Layer I is thin.",
        "Layer II is dense.",
        "Quoted: CA3 is large.",
    ]


@pytest.mark.parametrize(
    ("source", "sentences"),
    [
        ("Layer IV <script>alert(1)</script> is thin.", ["Layer IV is thin."]),
        ("It is thin (p < 0.05, n > 3) and a<b holds.", ["It is thin (p < 0.05, n > 3) and a<b holds."]),
        ("Layer IV is dense.23 In area A1, layer V12 is thin.", ["Layer IV is dense.[23]", "In area A1, layer V is thin."]),
        (
            '<span id="page-1-0"></span>A1 is dense.<sup>12</sup> Layer III<sub>c</sub> has cells<sup>[3,](#page-9-1)</sup> in B2<sup>4</sup>.',
            ["A1 is dense.[12]", "Layer IIIc has cells[3] in B2."],
        ),
        ("Layer $\\mathrm{ I V }$ of A1 and layer $V_{b}$ are dense.", ["Layer IV of A1 and layer Vb are dense."]),
        ("Area A1 has a dense\n\n{4}--------\n\nlayer IV.", ["Area A1 has a dense layer IV."]),
        ("Area A1 has a dense\n\n<!-- image -->\n\nlayer IV.", ["Area A1 has a dense layer IV."]),
        ("Area A1 has a dense\n\n![Image 3](x_(1).png)\n\nPage 3 of 9\n\nlayer IV.", ["Area A1 has a dense layer IV."]),
        (
            "Area A1 has a dense\n\n**==> picture [9 x 9] intentionally omitted <==**\n\nlayer IV.",
            ["Area A1 has a dense layer IV."],
        ),
        (
            "Layers III &amp; V &lt; 1 mm; &lt;sup&gt;a&lt;/sup&gt; &amp;amp; b are thin.",
            ["Layers III & V < 1 mm; a & b are thin."],
        ),
        (
            "It is densely pac- ked with pyra- midal cells in supra- and infragranular layers.",
            ["It is densely packed with pyramidal cells in supra- and infragranular layers."],
        ),
        (
            "<div><p>Sections were cut.</p><p>A1 has a <u>dense</u> layer IV.</p></div>",
            ["Sections were cut.", "A1 has a dense layer IV."],
        ),
        ("Cells are large\\. Layer IV\\_ is \\(not\\) thin.", ["Cells are large.", "Layer IV_ is (not) thin."]),
        (
            "See [the atlas](../atlas.md) for area 24a\u2032 and area 24a\u00b4.",
            ["See the atlas for area 24a\u2032 and area 24a\u2032."],
        ),
    ],
)
def test_marks_of_converters_are_gone(tmp_path: Path, source: str, sentences: list[str]) -> None:
    assert by_kind(read(tmp_path, f"# A\n\n{source}\n"), "body") == sentences


@pytest.mark.parametrize(
    "table",
    [
        "<table><tr><th>Area</th><th>Layer IV</th></tr><tr><td>A1</td><td>**dense**<sup>1</sup></td></tr></table>",
        "| Area | Layer IV |\n|:--|--:|\n| A1 | **dense** |",
    ],
)
def test_tables_keep_their_cells(tmp_path: Path, table: str) -> None:
    document = read(tmp_path, f"# A\n\nText.\n\n{table}\n\nMore text.\n")
    block = next(b for b in document.blocks if b.kind == "table")
    (record,) = read_table(document, block).records()
    assert {k: c.text.removesuffix("[1]") for k, c in record.items()} == {"Area": "A1", "Layer IV": "dense"}
    assert all(document.text[c.start : c.end] == c.text for c in record.values())


def test_plain_text(tmp_path: Path) -> None:
    text = "Results\r\n\r\nThe motor cortex has no visible\r\nlayer IV. Betz cells lie in\r\nlayer V.\r\n\r\n\r\nThe insula is dysgranular.\r\n"
    document = read(tmp_path, text, "made.txt")
    assert by_kind(document, "heading") == ["Results"]
    assert by_kind(document, "body") == [
        "The motor cortex has no visible layer IV.",
        "Betz cells lie in layer V.",
        "The insula is dysgranular.",
    ]


def test_pages_of_plain_text(tmp_path: Path) -> None:
    pages = "A Journal\r\n\r\nArea A1 has a dense\r\n\r\n12\r\n\r\n\fA Journal\r\n\r\nlayer IV. Cells, in con\u00adtrast, are pyra\u00ad\r\nmidal.\r\n"
    document = read(tmp_path, pages, "made.txt")
    assert by_kind(document, "body") == ["Area A1 has a dense layer IV.", "Cells, in contrast, are pyramidal."]


def test_encodings(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "latin-1"):
        path = tmp_path / "made.txt"
        path.write_bytes("Düsseldorf holds the brains.".encode(encoding))
        assert by_kind(read_document(path), "body") == ["Düsseldorf holds the brains."]
