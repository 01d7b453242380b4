"""Paths of headings: by level, by look, by number."""

from __future__ import annotations

from typing import Any

import pytest

from cytoscribe.literature_mining.papers.outline import MAX_HEADINGS, HeadingOutline


def paths(*headings: tuple[Any, ...]) -> list[tuple[str, ...]]:
    outline = HeadingOutline()
    return [outline.enter(*heading) for heading in headings]


@pytest.mark.parametrize(
    ("headings", "last"),
    [
        ([("Title", 1), ("Results", 2), ("Area A1", 3), ("Cells", 4)], ("Title", "Results", "Area A1", "Cells")),
        ([("Title", 1), ("Area A1", 2), ("Cells", 3), ("Area A2", 2)], ("Title", "Area A2")),
        ([("Area A1", 3), ("Area A2", 2)], ("Area A2",)),
        ([("3 Results", 1), ("3.1 Areas", 1), ("3.1.1 Area A1", 1)], ("3 Results", "3.1 Areas", "3.1.1 Area A1")),
        ([("3 Results", 2), ("3.1 Area A1", 2), ("3.2 Area A2", 2)], ("3 Results", "3.2 Area A2")),
        ([("3 Results", 2), ("3.1 Area A1", 2), ("4 Discussion", 2)], ("4 Discussion",)),
        ([("2 Results", 2), ("1. Area A1", 3)], ("2 Results", "1. Area A1")),
        ([("Results", 10, "bold"), ("Area A1", 10, "italic")], ("Results", "Area A1")),
        ([("Results", 10, "bold"), ("Area A1", 10, "italic"), ("Area A2", 10, "italic")], ("Results", "Area A2")),
        ([("Results", 10, "bold"), ("Area A1", 10, "italic"), ("Discussion", 10, "bold")], ("Discussion",)),
        ([("Title", 5), ("Abstract", 10, "plain"), ("Introduction", 10, "bold")], ("Title", "Introduction")),
    ],
)
def test_path_of_the_last_heading(headings: list[tuple[str, float]], last: tuple[str, ...]) -> None:
    assert paths(*headings)[-1] == last


def test_endless_nesting_is_bounded() -> None:
    assert len(paths(*((f"h{n}", n) for n in range(1_000)))[-1]) == MAX_HEADINGS
