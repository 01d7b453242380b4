"""Promises that measured figures exclude are named, others are not."""

from __future__ import annotations

import pytest

from cytoscribe.eval.metrics.bootstrap import Estimate
from cytoscribe.eval.metrics.promises import broken_promises


def figures(rejected: Estimate, coverage: Estimate) -> dict[str, Estimate]:
    return {"open_set.known_rejected": rejected, "label_sets.coverage": coverage}


def test_both_promises_can_break() -> None:
    found = broken_promises(figures(Estimate(0.2, (0.15, 0.25), 400), Estimate(0.8, (0.75, 0.85), 400)), 0.05)
    assert [p.name for p in found] == ["open_set.known_rejected", "label_sets.coverage"]
    assert "at most 0.05" in found[0].sentence()
    assert "n = 400" in found[0].sentence()


@pytest.mark.parametrize(
    ("rejected", "coverage"),
    [
        (Estimate(0.06, (0.04, 0.08), 400), Estimate(0.94, (0.92, 0.96), 400)),
        (Estimate(0.2, None, 400), Estimate(0.8, None, 400)),
        (Estimate(3 / 36, (3 / 36, 3 / 36), 36), Estimate(33 / 36, (33 / 36, 33 / 36), 36)),
    ],
    ids=["within", "no interval", "one section alone"],
)
def test_what_the_figures_allow_is_not_flagged(rejected: Estimate, coverage: Estimate) -> None:
    assert broken_promises(figures(rejected, coverage), 0.05) == ()
