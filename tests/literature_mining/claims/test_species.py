"""Which animal a paper is about."""

from __future__ import annotations

import pytest

from cytoscribe.core.records import Block, Document
from cytoscribe.literature_mining.claims.species import species_in, species_of


def document(title: str, text: str) -> Document:
    return Document("made.txt", text, (Block(0, len(text), "body"),), title=title)


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Architecture of the cortex of the macaque monkey", "Humans were compared with humans and humans.", "macaque"),
        ("Cortical areas", "Sections of human brains were stained. Human cortex was thick. One rat served for comparison.", ""),
        ("Cortical areas", "Human brains were stained. In man the cortex is thick. The human areas were mapped.", "human"),
        ("Of mice and humans", "Rats were perfused; three rats were cut.", "rat"),
        ("Cortical areas", "The cortex was stained.", ""),
    ],
)
def test_the_title_counts_first_then_what_most_of_the_text_names(title: str, text: str, expected: str) -> None:
    assert species_of(document(title, text)) == expected


def test_a_heading_names_one_species_or_none() -> None:
    assert species_in("Area 44 of the rhesus monkey") == "macaque"
    assert species_in("Rat and mouse") == ""
