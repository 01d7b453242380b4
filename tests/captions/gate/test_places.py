"""Layers that hold one another, and traits that leave their layer."""

from __future__ import annotations

import pytest

from captions.gate.places import compatible, misplaced
from captions.gate.readback import read_words
from tests.captions.conftest import claim


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [
        ("III", "IIIc", True),
        ("II-III", "II", True),
        ("V-VI", "VI", True),
        ("IIIa", "IIIc", False),
        ("VI", "VI-WM", False),
        ("all", "IV", False),
        ("pyramidal layer", "pyramidal layer", True),
        ("pyramidal layer", "polymorph layer", False),
    ],
)
def test_layers_that_hold_each_other(one: str, other: str, fits: bool) -> None:
    assert compatible(one, other) is fits
    assert compatible(other, one) is fits


@pytest.mark.parametrize(
    ("text", "attribute", "value", "told"),
    [
        ("The cells of this area are small, and layer IV is thin.", "cell_size", "small", True),
        ("The cells in layer III are small, and layer IV is thin.", "cell_size", "small", False),
        ("In layer III one sees a few scattered but small cells.", "cell_size", "small", False),
        ("Prominent layer IIIc; small cells", "cell_size", "small", True),
        ("Giant cells are present.", "cell_size", "giant", False),
    ],
)
def test_a_trait_of_a_layer_is_not_told_of_the_area(text: str, attribute: str, value: str, told: bool) -> None:
    source = claim("BA4", 0, "III", attribute, value, True, ())
    reading = next(r for r in read_words(text) if (attribute, value) in r.senses)
    assert bool(misplaced(reading, text, [source])) is told
