"""Mistakes by parent region."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cytoscribe.eval.metrics.hierarchy import hierarchy, parent_figures, read_parents

REGIONS = ("hOc1", "hOc2", "FG1", "area 4")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "regions.csv"
    path.write_text("region,aliases,parent\nhOc1,V1,occipital\nV2,hOc2,occipital\nFG1,,fusiform gyrus\narea 4,,\n")
    return path


def test_parents_are_found_by_label_and_alias(table: Path) -> None:
    tree = hierarchy(REGIONS, read_parents(table))
    assert tree.names == ("fusiform gyrus", "occipital")
    assert tree.code.tolist() == [1, 1, 0, -1]
    assert tree.useful
    assert not hierarchy(("hOc1", "FG1"), read_parents(table)).useful


def test_mistakes_within_the_parent_are_near(table: Path) -> None:
    tree = hierarchy(REGIONS, read_parents(table))
    truth = np.array([0, 0, 0, 1, 2, 3])
    predicted = np.array([0, 1, 2, 0, 0, 0])
    found = parent_figures(truth, predicted, tree, np.zeros((0, 6)))
    assert found["hierarchy.parent_accuracy"].value == pytest.approx(3 / 5)
    assert found["hierarchy.parent_accuracy"].n == 5
    assert found["hierarchy.near_mistakes"].value == pytest.approx(2 / 4)
    assert found["hierarchy.near_mistakes"].n == 4
    assert found["hierarchy.near_mistakes_by_chance"].value == pytest.approx((1 / 3 + 1 / 3 + 1 / 3 + 0) / 4)


def test_without_mistakes_or_parents_there_is_nothing_to_say(table: Path) -> None:
    tree = hierarchy(REGIONS, read_parents(table))
    right = parent_figures(np.array([0]), np.array([0]), tree, np.zeros((0, 1)))
    assert set(right) == {"hierarchy.parent_accuracy"}
    assert parent_figures(np.array([3]), np.array([0]), tree, np.zeros((0, 1))) == {}
