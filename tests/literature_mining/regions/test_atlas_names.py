"""Names as atlases write them, and what only looks long enough to be one."""

from __future__ import annotations

import pytest

from cytoscribe.literature_mining.regions.atlas_names import parse_name


def test_a_name_is_its_label_with_aliases_and_place() -> None:
    found = parse_name("Area hOc1 (V1, 17, CalcS) left")
    assert found is not None
    assert found.label == "hOc1"
    assert {"V1", "area 17"} <= set(found.aliases)


@pytest.mark.parametrize("name", ["Area 4" + " " * 50_000 + "x", "a" * 100_000 + " (", "Area " + "- " * 40_000 + "left"])
def test_a_garbled_name_is_none_and_is_no_work(name: str) -> None:
    """Backtracking over these would outlast any run of the tests."""
    assert parse_name(name) is None
