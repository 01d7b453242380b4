"""Where a text names a region."""

from __future__ import annotations

import pytest

from cytoscribe.core.records import Region
from cytoscribe.literature_mining.regions.mentions import RegionFinder
from cytoscribe.literature_mining.regions.table import RegionTable

TABLE = RegionTable(
    tuple(
        Region(name, aliases)
        for name, aliases in {
            "area 44": ("BA44",),
            "area 45": ("BA45",),
            "hOc3d": (),
            "hOc4d": (),
            "Fo4": (),
            "Fo5": (),
            "Fo6": (),
            "Fo7": (),
            "4a": ("area 4a",),
            "IN": ("interposed nucleus",),
            "PGp": ("posterior part of the angular gyrus",),
            "DDN": ("dorsal part of the dentate nucleus",),
            "VDN": ("ventral part of the dentate nucleus",),
            "SMA": (),
            "pre-SMA": (),
        }.items()
    )
)


@pytest.fixture(scope="module")
def finder() -> RegionFinder:
    return RegionFinder(TABLE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("areas 44 and 45", ["area 44", "area 45"]),
        ("hOc3d/4d", ["hOc3d", "hOc4d"]),
        ("Fo4–Fo7", ["Fo4", "Fo5", "Fo6", "Fo7"]),
        ("Fo4-7", ["Fo4", "Fo5", "Fo6", "Fo7"]),
        ("pre-SMA abuts SMA", ["pre-SMA", "SMA"]),
        ("as shown in Fig. 4a", []),
        ("44 of 45 patients", []),
        ("in the brain", []),
        ("the ventral and the dorsal part of the dentate nucleus", ["VDN", "DDN"]),
        ("Posterior Part of the Angular Gyrus", ["PGp"]),
        ("SMAD proteins", []),
    ],
)
def test_mentions(finder: RegionFinder, text: str, expected: list[str]) -> None:
    assert [n for m in finder.find(text) for n in m.regions] == expected


def test_mentions_are_where_they_say(finder: RegionFinder) -> None:
    text = "Between hOc3d and area 4a lies nothing."
    assert [text[m.start : m.end] for m in finder.find(text)] == ["hOc3d", "area 4a"]


def test_doubtful_signs_count_only_where_the_paper_uses_them(finder: RegionFinder) -> None:
    assert "IN" not in finder.paper_signs("WE RAN IN CIRCLES")
    assert "IN" in finder.paper_signs("The interposed nucleus (IN) is small. IN is round.")
    assert finder.find("IN is round", frozenset()) == []


def test_a_paper_may_define_its_own_abbreviation(finder: RegionFinder) -> None:
    learnt = finder.learn("The posterior part of the angular gyrus (AngP) is thin. AngP has six layers.")
    assert learnt == {"AngP": "PGp"}
    found = finder.with_definitions(learnt).find("AngP has six layers.")
    assert [m.regions for m in found] == [("PGp",)]
