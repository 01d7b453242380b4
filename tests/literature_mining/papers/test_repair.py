"""Characters and line ends: what typesetting breaks is mended, what an author wrote stays."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.literature_mining.papers.clean_text import clean, join_lines, joined_with, symbols, vocabulary


@pytest.mark.parametrize(
    ("raw", "mended"),
    [
        ("de\ufb01ned \ufb02at e\ufb00ect di\ufb03cult ba\ufb04ed", "defined flat effect difficult baffled"),
        ("cyto\u200barchi\u2060tec\ufeffture", "cytoarchitecture"),
        ("pre\u2011SMA and cell\u2010sparse", "pre-SMA and cell-sparse"),
        ("layer\u00a0IV\u2009of\u202farea 17", "layer IV of area 17"),
        ("Ju\u00a8lich, Du\u00a8sseldorf", "Jülich, Düsseldorf"),
        ("J\u00a8ulich, Go\u00a8ttingen", "Jülich, Göttingen"),
        ("Du\u00a8 sseldorf, fu\u00a8 r", "Düsseldorf, für"),
        ("na\u00a8\u0131ve", "naïve"),
        ("Ho\u0308mke", "Hömke"),
        ("Parkinson\u00b4s disease", "Parkinson\u00b4s disease"),
        ("\U0001d45d < 0.05", "p < 0.05"),
        ("a\tb  c", "a b c"),
        ("bell\x07 and \x00null", "bell and null"),
        ("layer \u2163 of area \uff26\uff27\uff11", "layer IV of area FG1"),
        ("area 24a\u00b4, 24a\u2032 and 24a'", "area 24a\u2032, 24a\u2032 and 24a'"),
        ("mm\u00b2 stays, \u00b5m too, 5 \u00d7 5", "mm\u00b2 stays, \u00b5m too, 5 \u00d7 5"),
    ],
)
def test_characters(raw: str, mended: str) -> None:
    assert clean(raw) == mended


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_ascii_words_stay(text: str) -> None:
    assert clean(text).split() == text.split()


@given(st.text())
def test_result_is_composed_and_printable(text: str) -> None:
    mended = clean(text)
    assert unicodedata.is_normalized("NFC", mended)
    assert not any(ord(c) < 32 and c != "\n" for c in mended)


WORDS = vocabulary(
    [
        "The cytoarchitecture of the cell-sparse layer is well known and layers are thin.",
        "Cells of large size are found; the sparse band is identified and a body of cells stained.",
    ]
)


@pytest.mark.parametrize(
    ("left", "right", "joined"),
    [
        ("the cytoarchi-", "tecture of", "the cytoarchitecture of"),
        ("the cell-", "sparse layer", "the cell-sparse layer"),
        ("a cell-", "body stain", "a cell-body stain"),
        ("the pre-", "SMA lies", "the pre-SMA lies"),
        ("hOc4-", "like areas", "hOc4-like areas"),
        ("in T1-", "weighted images", "in T1-weighted images"),
        ("it was identi-", "fied as", "it was identified as"),
        ("the inter-", "individual range", "the interindividual range"),
        ("twenty-", "three brains", "twenty-three brains"),
        ("supra-", "and infragranular", "supra- and infragranular"),
        ("the cortex/", "white-matter border", "the cortex/white-matter border"),
        ("functional–", "structural ties", "functional–structural ties"),
        ("a layer –", "the fourth", "a layer – the fourth"),
        ("pages 1 -", "5 of it", "pages 1 - 5 of it"),
        ("no hyphen", "here", "no hyphen here"),
    ],
)
def test_line_ends(left: str, right: str, joined: str) -> None:
    assert join_lines([left, right], WORDS)[0] == joined


@given(st.lists(st.text(alphabet="ab -IV.", min_size=1, max_size=12).map(str.strip).filter(bool), min_size=1, max_size=8))
def test_starts_point_at_their_lines(lines: list[str]) -> None:
    text, starts = join_lines(lines, vocabulary(lines))
    assert len(starts) == len(lines)
    assert sorted(starts) == starts
    for i, (line, start) in enumerate(zip(lines, starts, strict=True)):
        cut = line.endswith("-") and i + 1 < len(lines) and joined_with(line, lines[i + 1], vocabulary(lines)) == ""
        kept = line[:-1] if cut else line
        assert text[start : start + len(kept)] == kept


def test_symbol_fonts_of_old_typesetting() -> None:
    assert symbols("AdvPSMP13", "l") == "µ"
    assert symbols("AdvTir_symb", " 9 ") == " × "
    assert symbols("Times", "l") == "l"
    assert symbols("AdvPSMP13", "lamina") == "lamina"
