"""Sentence boundaries in scientific prose, and the promise that a sentence is the text at its offsets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.core.records import Document
from cytoscribe.literature_mining.papers.assemble import Metadata, Piece, assemble
from cytoscribe.literature_mining.papers.sentences import spans_of, split_sentences


def sentences_of(text: str) -> list[str]:
    return [text[a:b].strip() for a, b in spans_of(text)]


def document_of(*texts: str) -> Document:
    return assemble(Path("made.txt"), [Piece(t, "body") for t in texts], Metadata())


@pytest.mark.parametrize(
    "text",
    [
        "The border is shown in Fig. 4 and in Figs. 5, 6 of the atlas.",
        "Some areas, e.g. the striate cortex, i.e. area 17, are granular (cf. Brodmann 1909).",
        "Amunts et al. 2000 mapped it, as did Zilles et al. (1988) and K. Brodmann.",
        "Cells measured 3.5 by 4.2 units vs. 5.1 in the neighbour (p < .05).",
        "It was drawn by K. Brodmann and after O. Vogt.",
        "Viele Areale sind granular, z. B. Area 17 und d. h. Area striata (vgl. Abb. 3).",
        "Sections of No. 12 were ca. 20 units thick and approx. 5 cm wide.",
    ],
)
def test_one_sentence_stays_whole(text: str) -> None:
    assert sentences_of(text) == [text]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Betz cells lie in layer V.", "The next area has none."),
        ("It borders area 44.", "Layer IV is thin."),
        ("Both have a thin layer I.", "Area 17 is koniocortex."),
        ("Layer II is dense (Fig. 2).", "hOc1 is the striate cortex."),
        ("It was seen by many.[12,13]", "The layer is broad."),
        ("Is it granular?", "Nobody doubts it."),
        ('They call it "koniocortex."', "It is granular."),
        ("Bars measure 1 mm.", "a Overview of the section."),
        ("The state ends in target B.", "A priori this was not clear."),
        ("The area was drawn by Vogt et al.", "The map differs."),
    ],
)
def test_two_sentences_part(first: str, second: str) -> None:
    assert sentences_of(f"{first} {second}") == [first, second]


@given(st.lists(st.text(max_size=80), max_size=6))
def test_offsets_are_the_text(texts: list[str]) -> None:
    document = document_of(*texts)
    for sentence in split_sentences(document):
        assert document.text[sentence.start : sentence.end] == sentence.text == sentence.text.strip() != ""


@given(st.text(alphabet="abIV. ?!)(\"'1[]e.g\n", max_size=120))
def test_nothing_is_lost_between_sentences(text: str) -> None:
    kept = "\n".join(text[a:b] for a, b in spans_of(text))
    assert "".join(kept.split()) == "".join(text.split())
