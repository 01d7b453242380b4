"""JATS by structure, and XML that means harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Document
from cytoscribe.literature_mining.papers.open import read_document
from cytoscribe.literature_mining.papers.sentences import split_sentences
from cytoscribe.literature_mining.papers.tables import read_table

ARTICLE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD Journal Publishing DTD v3.0 20080202//EN" "http://example.org/journalpublishing3.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="http://www.w3.org/1998/Math/MathML"><front><article-meta>
<article-id pub-id-type="doi">10.1234/made.7</article-id>
<title-group><article-title>Cells of a <italic>made</italic> cortex</article-title></title-group>
<contrib-group><contrib contrib-type="author"><name><surname>Example</surname><given-names>Ada</given-names></name></contrib>
<contrib contrib-type="editor"><name><surname>Chief</surname><given-names>Eve</given-names></name></contrib></contrib-group>
<pub-date pub-type="collection"><year>2021</year></pub-date><pub-date pub-type="epub"><day>1</day><month>2</month><year>2020</year></pub-date>
<permissions><license xlink:href="http://creativecommons.org/licenses/by/4.0/"><license-p>Open access.</license-p></license></permissions>
<abstract><p>Layer IV is granular.</p></abstract><abstract abstract-type="toc"><p>A teaser.</p></abstract>
</article-meta></front><body>
<sec><title>Results</title>
<p>Area 17 has a broad layer IV<sup><xref ref-type="bibr">3</xref></sup> (<xref ref-type="fig">Figure 1</xref>).
<fig id="f1"><label>Figure 1</label><caption><title>The striate cortex</title><p>Bar: 1 mm. Layers are numbered.</p></caption></fig>
It carries the &alpha; stripe; cells measure 10<sup>2</sup> units.</p>
<sec><title>The motor cortex</title><p>Betz cells lie in layer V.</p>
<list><list-item><p>Layer I is cell-poor.</p></list-item><list-item><p>Layer II is dense.</p></list-item></list>
<disp-formula><mml:math><mml:mi>x</mml:mi></mml:math></disp-formula></sec></sec>
<sec><title>Tables</title><table-wrap><label>Table 1</label><caption><p>Brains.</p></caption>
<table><tr><th>Case</th><th>Age</th></tr><tr><td>1</td><td>79</td></tr></table></table-wrap></sec>
</body><back><ack><p>We thank the donors.</p></ack>
<ref-list><title>References</title><ref><mixed-citation>Brodmann K (1909) A book.</mixed-citation></ref></ref-list></back></article>
"""


def read(tmp_path: Path, text: str, name: str = "made.xml") -> Document:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_document(tmp_path / name)


def by_kind(document: Document, kind: str) -> list[str]:
    return [s.text for s in split_sentences(document) if s.kind == kind]


@pytest.mark.parametrize("name", ["made.xml", "made.nxml"])
def test_structure(tmp_path: Path, name: str) -> None:
    document = read(tmp_path, ARTICLE, name)
    assert by_kind(document, "body") == [
        "Layer IV is granular.",
        "Area 17 has a broad layer IV (Figure 1).",
        "It carries the α stripe; cells measure 102 units.",
        "Betz cells lie in layer V.",
        "Layer I is cell-poor.",
        "Layer II is dense.",
    ]
    assert by_kind(document, "caption") == [
        "Figure 1.",
        "The striate cortex.",
        "Bar: 1 mm.",
        "Layers are numbered.",
        "Table 1.",
        "Brains.",
    ]
    assert by_kind(document, "heading") == [
        "Cells of a made cortex",
        "Abstract",
        "Results",
        "The motor cortex",
        "Tables",
        "References",
    ]
    assert by_kind(document, "table") == ["Case | Age", "1 | 79"]
    assert by_kind(document, "reference") == ["Brodmann K (1909) A book."]
    assert by_kind(document, "front") == ["We thank the donors."]
    assert [s.heading for s in split_sentences(document) if s.text.startswith("Betz")] == ["The motor cortex"]


def test_inner_sections_keep_the_outer_topic(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        "<article><front><article-title>Two areas</article-title></front><body><sec><title>Results</title><sec><title>Area A1</title>"
        "<sec><title>Cells</title><p>Layer IV is dense.</p></sec></sec><sec><title>Area B2</title><p>Layer V is thin.</p></sec></sec>"
        "</body></article>",
    )
    assert {s.text: s.headings for s in split_sentences(document) if s.kind == "body"} == {
        "Layer IV is dense.": ("Two areas", "Results", "Area A1", "Cells"),
        "Layer V is thin.": ("Two areas", "Results", "Area B2"),
    }


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("Layer V<sup>3,4</sup> of FG2<sup>12</sup> is thin.", "Layer V of FG2 is thin."),
        ("The cells<sup>5</sup> took up <sup>55</sup>Fe.", "The cells[5] took up 55Fe."),
        ("It is weight/height<sup>2</sup> in mm<sup>2</sup>.", "It is weight/height2 in mm2."),
        ("The VI<sup>th</sup> layer is con\u00adspicuous.", "The VIth layer is conspicuous."),
    ],
)
def test_raised_numbers(tmp_path: Path, source: str, sentence: str) -> None:
    assert by_kind(read(tmp_path, f"<article><body><p>{source}</p></body></article>"), "body") == [sentence]


def test_cells_of_a_table(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        "<article><body><p>Text.</p><table-wrap><table><thead><tr><td>Area</td><td>Layer IV</td></tr></thead><tbody><tr><td>A1</td>"
        '<td rowspan="2">dense</td></tr><tr><td>B2</td></tr></tbody></table></table-wrap></body></article>',
    )
    block = next(b for b in document.blocks if b.kind == "table")
    records = read_table(document, block).records()
    assert [{k: c.text for k, c in r.items()} for r in records] == [{"Area": a, "Layer IV": "dense"} for a in ("A1", "B2")]


def test_metadata(tmp_path: Path) -> None:
    document = read(tmp_path, ARTICLE)
    assert (document.title, document.authors, document.year) == ("Cells of a made cortex", ("Ada Example",), 2020)
    assert (document.doi, document.licence) == ("10.1234/made.7", "CC BY 4.0")
    assert document.page_starts == ()


def test_article_inside_a_set(tmp_path: Path) -> None:
    inner = ARTICLE[ARTICLE.index("<article") :]
    document = read(tmp_path, f"<pmc-articleset>{inner}</pmc-articleset>")
    assert document.doi == "10.1234/made.7"


def test_prefixed_elements(tmp_path: Path) -> None:
    text = '<j:article xmlns:j="http://jats.nlm.nih.gov"><j:body><j:p>Layer IV is granular.</j:p></j:body></j:article>'
    assert by_kind(read(tmp_path, text), "body") == ["Layer IV is granular."]


BOMB = (
    '<!DOCTYPE a [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "&a{n - 1 if n else ""};&a{n - 1 if n else ""};">' for n in range(30))
    + "]>"
)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (BOMB + "<article><body><p>&a29;</p></body></article>", "entities"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><article><body><p>&x;</p></body></article>', "entities"),
        ("<article><body>" + "<sec>" * 5000 + "</sec>" * 5000 + "</body></article>", "deep"),
        ("<article><body><p>cut short", "well-formed"),
        ("<html><body><p>Not JATS.</p></body></html>", "no <article>"),
        ("<article><front></front><body></body></article>", "no text"),
        ("plain words", "well-formed"),
    ],
)
def test_harmful_and_broken_files_are_named(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(InputError, match=rf"made\.xml.*{fault}"):
        read(tmp_path, text)
