"""Markdown with a converter's faults, and plain text."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.records import Document
from literature_mining.papers.open import read_document
from literature_mining.papers.sentences import split_sentences

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


def test_html_stays_text(tmp_path: Path) -> None:
    document = read(tmp_path, "# A\n\nLayer IV <script>alert(1)</script> is thin.\n")
    assert by_kind(document, "body") == ["Layer IV <script>alert(1)</script> is thin."]


def test_plain_text(tmp_path: Path) -> None:
    text = "Results\r\n\r\nThe motor cortex has no visible\r\nlayer IV. Betz cells lie in\r\nlayer V.\r\n\r\n\r\nThe insula is dysgranular.\r\n"
    document = read(tmp_path, text, "made.txt")
    assert by_kind(document, "heading") == ["Results"]
    assert by_kind(document, "body") == [
        "The motor cortex has no visible layer IV.",
        "Betz cells lie in layer V.",
        "The insula is dysgranular.",
    ]


def test_encodings(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "latin-1"):
        path = tmp_path / "made.txt"
        path.write_bytes("Düsseldorf holds the brains.".encode(encoding))
        assert by_kind(read_document(path), "body") == ["Düsseldorf holds the brains."]
