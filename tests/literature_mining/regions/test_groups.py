"""Groups of regions by their parent."""

from __future__ import annotations

import pytest

from cytoscribe.core.records import Region
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.regions.groups import GroupFinder
from cytoscribe.literature_mining.regions.table import RegionTable

ROWS = (
    Region("9", aliases=("granular frontal area",)),
    Region("9x", parent="9"),
    Region("9y", parent="9"),
    Region("7x", parent="7"),
    Region("Aq", parent="area 11"),
    Region("Ar", parent="area 11"),
)
BOTH = ("9x", "9y")


def found(text: str) -> list[tuple[str, ...]]:
    return [members for _, _, members in GroupFinder(ROWS).find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("All subdivisions of area 9 are granular.", [BOTH]),
        ("Both parts of 9 are granular.", [BOTH]),
        ("The two subareas of the granular frontal area are thin.", [BOTH]),
        ("every subregion within BA 9", [BOTH]),
        ("The members of area 11 and the parts of 9", [("Aq", "Ar"), BOTH]),
    ],
)
def test_all_members_of_a_parent_are_named(text: str, expected: list[tuple[str, ...]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text", ["the subdivisions of area 90", "the parts of 9.5", "Area 9 is granular.", "the subareas of area 7", "the parts of it"]
)
def test_other_numbers_and_the_parent_alone_are_no_group(text: str) -> None:
    assert found(text) == []


def test_a_table_without_parents_has_no_groups() -> None:
    assert GroupFinder([Region("9"), Region("10")]).find("all subdivisions of area 9") == []


def test_the_place_of_a_group_is_its_words() -> None:
    text = "In general, all subdivisions of area 9 are granular."
    start, end, _ = GroupFinder(ROWS).find(text)[0]
    assert text[start:end] == "all subdivisions of area 9"


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        ("All subdivisions of area 9 have large cells in layer V.", True),
        ("No subdivision of area 9 has large cells in layer V.", False),
        ("None of the subdivisions of area 9 has large cells in layer V.", False),
    ],
)
def test_what_is_said_of_a_group_is_said_of_each_member(text: str, polarity: bool) -> None:
    claims = ClaimReader(RegionTable(ROWS)).read(text)
    assert {(c.region, c.layer, c.value, c.polarity) for c in claims} == {(r, "V", "large", polarity) for r in BOTH}
