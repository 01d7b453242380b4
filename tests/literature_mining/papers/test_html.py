"""Web pages: structure, what is no text, tags that never close, and pages that mean harm."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Document
from cytoscribe.literature_mining.papers.html_tree import tree_of, words_of
from cytoscribe.literature_mining.papers.open import read_document
from cytoscribe.literature_mining.papers.sentences import split_sentences
from cytoscribe.literature_mining.papers.tables import read_table

PAGE = """<!DOCTYPE html><html><head><title>Two areas - A Journal</title><meta name="citation_doi" content="10.1234/made.1">
<meta name="citation_author" content="Example, Ada"><meta name="citation_publication_date" content="2020/03/01">
<style>p { color: red }</style><script>document.write("<p>Not text.</p>");</script></head><body>
<nav><ul><li><a href="/">Home</a><li><a href="/all">All articles</a></ul></nav>
<h1>Cells of two areas</h1><h2>Abstract</h2>
<p>Area A1 has a dense layer&nbsp;IV.<sup><a href="#b12">12</a></sup> Layer III<sub>c</sub> of area B2<sup>3</sup> is thin.
<h2>2. Results</h2><h3>2.1 Area A1</h3><h4>Cells</h4><div>Layer IV is con&shy;spicuous &lt; 1 mm.<br><br>Cells are large.</div>
<figure><img src="a.png"><figcaption>Figure 1. Layer V of B2.</figcaption></figure>
<table><caption>Table 1. Traits</caption><tr><th>Area<th>Layer IV<tr><td>A1<td rowspan=2>dense<tr><td>B2</table>
<h3>2.2 Area B2</h3><ul><li>Layer I is thin.<li>Layer II is dense.</ul><div style="display: none">Hidden.</div>
<h2>References</h2><ol><li>Brodmann K (1909) A book.</ol><footer>All rights.</footer></body></html>
"""


def read(tmp_path: Path, text: str, name: str = "made.html") -> Document:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_document(tmp_path / name)


def by_kind(document: Document, kind: str) -> list[str]:
    return [s.text for s in split_sentences(document) if s.kind == kind]


@pytest.mark.parametrize("name", ["made.html", "made.htm", "made.xhtml"])
def test_structure(tmp_path: Path, name: str) -> None:
    document = read(tmp_path, PAGE, name)
    assert by_kind(document, "body") == [
        "Area A1 has a dense layer IV.[12]",
        "Layer IIIc of area B2 is thin.",
        "Layer IV is conspicuous < 1 mm.",
        "Cells are large.",
        "Layer I is thin.",
        "Layer II is dense.",
    ]
    assert by_kind(document, "caption") == ["Figure 1.", "Layer V of B2.", "Table 1.", "Traits"]
    assert by_kind(document, "reference") == ["Brodmann K (1909) A book."]
    paths = {s.text: s.headings for s in split_sentences(document)}
    assert paths["Cells are large."] == ("Cells of two areas", "2. Results", "2.1 Area A1", "Cells")
    assert paths["Layer I is thin."] == ("Cells of two areas", "2. Results", "2.2 Area B2")
    block = next(b for b in document.blocks if b.kind == "table")
    assert [[c.text for c in r.values()] for r in read_table(document, block).records()] == [["A1", "dense"], ["B2", "dense"]]


def test_metadata(tmp_path: Path) -> None:
    document = read(tmp_path, PAGE)
    assert (document.title, document.authors, document.year) == ("Cells of two areas", ("Ada Example",), 2020)
    assert document.doi == "10.1234/made.1"


def test_a_table_that_lays_out_the_page_is_text(tmp_path: Path) -> None:
    page = "<table><tr><td><a href=x>Home</a></td><td><h2>Area A1</h2><p>Layer IV is thin.</p></td></tr></table>"
    assert "Layer IV is thin." in by_kind(read(tmp_path, page), "body")


def test_a_page_without_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"made\.html.*no text"):
        read(tmp_path, "<html><body><script>load()</script><nav>Home</nav></body></html>")


@pytest.mark.parametrize(
    "text",
    [
        "<" * 50_000,
        "<!--" * 20_000,
        "<a " * 20_000,
        "<a '" * 20_000,
        "<div>" * 20_000,
        "<script>" * 20_000,
        "<table><tr><td>" * 5_000,
    ],
    ids=["signs", "comments", "tags", "quotes", "blocks", "scripts", "tables"],
)
def test_time_grows_with_length_alone(text: str) -> None:
    started = time.process_time()
    words_of(tree_of(text))
    assert time.process_time() - started < 5
