"""A model that guesses says so."""

from __future__ import annotations

import pytest

from cytoscribe.eval.chance import chance_note
from cytoscribe.eval.metrics.wilson import wilson

REGIONS = [f"r{i}" for i in range(10)]


def settings(accuracy: object, count: object) -> dict[str, object]:
    return {"validation": {"accuracy": accuracy, "macro_f1": 0.1}, "rejection": {"n": count}}


@pytest.mark.parametrize(("accuracy", "count"), [(0.1, 50), (0.2, 20), (0.12, 100_000), (0.0, 5)])
def test_a_model_that_is_no_better_than_guessing_is_named(accuracy: float, count: int) -> None:
    note = chance_note(settings(accuracy, count), REGIONS)
    assert "near chance" in note
    assert f"{count} held-out images" in note


@pytest.mark.parametrize(("accuracy", "count"), [(0.4, 50), (0.9, 20), (0.2, 1000)])
def test_a_model_that_is_better_is_let_be(accuracy: float, count: int) -> None:
    assert chance_note(settings(accuracy, count), REGIONS) == ""


@pytest.mark.parametrize("told", [{}, settings("x", 5), settings(True, 5), settings(0.1, 0), {"validation": [], "rejection": 3}])
def test_nothing_is_said_where_nobody_knows(told: dict[str, object]) -> None:
    assert chance_note(told, REGIONS) == ""


def test_the_interval_is_wilsons() -> None:
    assert wilson(0.5, 100)[0] == pytest.approx(0.4038, abs=1e-4)
    assert wilson(0.0, 10)[0] == pytest.approx(0.0, abs=1e-12)
