"""Comparisons in captions belong to the region that is named with them."""

from __future__ import annotations

import pytest

from captions.gate.partners import find_partners, is_measure, partners_of
from captions.gate.readback import read_words

NAMES = {"P1": ("P1",), "Q2": ("Q2", "quadrate area"), "R3": ("R3",)}


@pytest.mark.parametrize(
    ("text", "measured"),
    [
        ("Layer V is thinner than in area P1, and layer IV is broader than in Q2.", [{"P1"}, {"Q2"}]),
        ("It has larger cells and a higher cell density than Q2.", [{"Q2"}, {"Q2"}]),
        ("Compared with P1, layer V is thinner and layer IV is broader.", [{"P1"}, {"P1"}]),
        ("Layer V is thinner than in P1 or R3, and layer IV is broader.", [{"P1", "R3"}, {"P1", "R3"}]),
        ("How does it compare with the quadrate area? Layer V is thinner.", [{"Q2"}]),
        ("Layer V is thinner.", [set()]),
    ],
)
def test_each_comparative_finds_its_region(text: str, measured: list[set[str]]) -> None:
    readings = [r for r in read_words(text) if r.compares]
    partners = find_partners(text, NAMES)
    assert [partners_of(r, text, partners, readings) for r in readings] == measured


@pytest.mark.parametrize(
    ("before", "holds"),
    [("broader than in area ", True), ("broader than either ", True), ("compared with the ", True), ("while in ", False)],
)
def test_what_something_is_measured_against(before: str, holds: bool) -> None:
    assert is_measure(f"{before}P1", len(before)) is holds
