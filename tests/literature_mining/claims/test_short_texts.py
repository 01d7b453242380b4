"""Captions, questions and lists: what a short text leaves out is filled in by the reader, never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.core.records import Region
from cytoscribe.literature_mining.claims.short_texts import ShortTextReader
from cytoscribe.literature_mining.regions.table import RegionTable

READER = ShortTextReader(RegionTable((Region("Aa1"), Region("Bb3"))))


def said(text: str) -> list[str]:
    return [f"{c.layer} {'' if c.polarity else '-'}{c.value}" for s in READER.read(text, "Aa1") for c in s.claims]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Layer IV: thin, dense.", ["IV thin", "IV high"]),
        ("Broad III, thin IV, big cells in V.", ["III broad", "IV thin", "V large"]),
        ("II dense; III medium-sized cells; V thin.", ["II high", "III medium", "V thin"]),
        ("- layer V: giant cells\n- layer VI: sparse", ["V giant", "VI low"]),
        ("1. Layer I is thin.\n2. Layer III has small cells.", ["I thin", "III small"]),
        ("The fifth layer has Betz cells, and the third is broad.", ["V Betz", "III broad"]),
        ("Large cells are scattered through layer V.", ["V large", "V low"]),
        ("Layers II and V are dense.", ["II high", "V high"]),
        ("Layer V low cell density.", ["V low"]),
        ("Dense: II, IV. Sparse: III.", ["II high", "IV high", "III low"]),
    ],
)
def test_lists_numerals_and_places(text: str, expected: list[str]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Are there Betz cells in layer V? No.", ["V -Betz"]),
        ("Are there Betz cells in layer V? Yes, there are.", ["V Betz"]),
        ("Where are the Betz cells? In layer V.", ["V Betz"]),
        ("How thick is layer IV? It is thin.", ["IV thin"]),
        ("Is layer IV thin?", []),
    ],
)
def test_answers_are_read_with_their_questions(text: str, expected: list[str]) -> None:
    assert said(text) == expected


@given(st.text(alphabet="IVabc layer?.,;:-\n14", max_size=60))
def test_any_text_is_read_and_offsets_stay_inside(text: str) -> None:
    for sentence in READER.read(text, "Aa1"):
        assert all(0 <= c.start < c.end <= len(text) for c in sentence.claims)
