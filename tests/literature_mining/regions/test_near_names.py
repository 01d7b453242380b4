"""Spellings of papers that a table has not: found whatever their case and hyphens, and never ordinary words."""

from __future__ import annotations

import pytest

from cytoscribe.core.records import Region
from cytoscribe.literature_mining.regions.near_names import NearNames


@pytest.mark.parametrize(
    ("name", "text", "written"),
    [
        ("FG 1", "Area FG1 is broad.", "FG1"),
        ("PreSMA", "cells of the pre-SMA are small", "pre-SMA"),
        ("hoc4d", "In hOc4d layer IV is thin", "hOc4d"),
        ("FG1", "Area FG1 is broad.", ""),
        ("Hippocampus", "the hippocampus proper", ""),
        ("ACT", "to act is to be", ""),
        ("SMA", "in the sma", ""),
        ("4a", "Fig. 4 A shows", ""),
        ("FG1", "see FG. 1 there", ""),
    ],
)
def test_spellings(name: str, text: str, written: str) -> None:
    found = NearNames([Region(name)]).find(text)
    assert found == ({name: {written: 1}} if written else {})


def test_a_spelling_of_two_regions_is_of_neither() -> None:
    assert NearNames([Region("FG 1"), Region("fg-1")]).find("FG1") == {}


def test_a_long_text_without_gaps_takes_no_time() -> None:
    assert NearNames([Region("FG1")]).find("a-" * 200_000) == {}
