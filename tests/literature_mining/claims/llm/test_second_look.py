"""The rules agree, do not know, or contradict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.claims.llm.second_look import SecondLook
from cytoscribe.literature_mining.claims.llm.vocabulary import load_vocabulary

LOOK = SecondLook(load_vocabulary(load_lexicon()))
SHARP = FoundClaim("Qa1", "IV", "border", "sharp", True, (), 0, 5, 1.0)


@pytest.mark.parametrize(
    ("changes", "agrees", "contradicts"),
    [
        ({}, True, False),
        ({"value": "blurred"}, False, True),
        ({"value": "blurred", "polarity": False}, True, False),
        ({"polarity": False}, False, True),
        ({"layer": "V", "value": "blurred"}, False, False),
        ({"region": "Qa2", "value": "blurred"}, False, False),
        ({"compared_to": ("Qa2",), "value": "blurred"}, False, False),
        ({"attribute": "arrangement", "value": "rows"}, False, False),
    ],
)
def test_claims_of_one_layer_are_compared(changes: dict[str, object], agrees: bool, contradicts: bool) -> None:
    other = replace(SHARP, **changes)  # pyright: ignore[reportArgumentType]
    assert (LOOK.agrees(SHARP, other), LOOK.agrees(other, SHARP)) == (agrees, agrees)
    assert (LOOK.contradicts(SHARP, other), LOOK.contradicts(other, SHARP)) == (contradicts, contradicts)


@pytest.mark.parametrize(
    ("attribute", "one", "other", "contradicts"),
    [
        ("cell_size", "large", "small", True),
        ("cell_size", "large", "medium", False),
        ("layer_thickness", "thin", "medium", True),
        ("arrangement", "rows", "clustered", False),
        ("cell_type", "pyramidal", "granule", False),
        ("cortical_type", "granular", "agranular", True),
    ],
)
def test_two_values_may_both_hold_where_the_layer_can_have_both(attribute: str, one: str, other: str, contradicts: bool) -> None:
    first = replace(SHARP, attribute=attribute, value=one)
    assert LOOK.contradicts(first, replace(first, value=other)) is contradicts
