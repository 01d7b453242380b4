"""Open-set figures against scikit-learn and against definitions spelled out in loops, ties and repeated samples included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from cytoscribe.eval.metrics import open_set as o
from cytoscribe.eval.metrics.bootstrap import Statistic, draw_weights

Case = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Scores with many ties, at least one known and one unseen image drawn, and how often each is drawn."""
    size = draw(st.integers(2, 25))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    unseen = rng.random(size) < 0.4
    unseen[:2] = [False, True]
    weights = rng.integers(0, 4, size)
    weights[:2] = np.maximum(weights[:2], 1)
    return rng.integers(0, 6, size) / 4, unseen, rng.random(size) < 0.7, weights


def value(statistic: Statistic, weights: np.ndarray) -> float:
    return float(statistic(weights[None, :].astype(float))[0])


@given(cases())
def test_auroc_and_aupr_are_scikit_learns_on_repeated_samples(case: Case) -> None:
    scores, unseen, _, weights = case
    flat_scores, flat_unseen = np.repeat(scores, weights), np.repeat(unseen, weights)
    assert value(o.auroc(scores, unseen), weights) == pytest.approx(roc_auc_score(flat_unseen, flat_scores))
    assert value(o.aupr(scores, unseen), weights) == pytest.approx(average_precision_score(flat_unseen, flat_scores))


@given(cases())
def test_fpr95_is_the_share_of_unseen_accepted_where_95_percent_of_known_are(case: Case) -> None:
    scores, unseen, _, weights = case
    known, strange = np.repeat(scores[~unseen], weights[~unseen]), np.repeat(scores[unseen], weights[unseen])
    threshold = min(t for t in known if (known <= t).mean() >= 0.95)
    assert value(o.fpr95(scores, unseen), weights) == pytest.approx((strange <= threshold).mean())


@given(cases())
def test_oscr_is_the_area_of_its_definition(case: Case) -> None:
    scores, unseen, right, weights = case
    known, strange = np.repeat(scores[~unseen], weights[~unseen]), np.repeat(scores[unseen], weights[unseen])
    hits = np.repeat(right[~unseen], weights[~unseen])
    rate, false, area = 0.0, 0.0, 0.0
    for t in sorted(set(scores)):
        next_rate, next_false = float((hits & (known <= t)).mean()), float((strange <= t).mean())
        area += (next_false - false) * (rate + next_rate) / 2
        rate, false = next_rate, next_false
    assert value(o.oscr(scores, unseen, right), weights) == pytest.approx(area)


@given(cases())
def test_oscr_of_a_perfect_namer_is_the_auroc_and_never_more_than_the_accuracy(case: Case) -> None:
    scores, unseen, right, weights = case
    assert value(o.oscr(scores, unseen, ~unseen), weights) == pytest.approx(value(o.auroc(scores, unseen), weights))
    known = np.repeat(right[~unseen], weights[~unseen])
    assert value(o.oscr(scores, unseen, right), weights) <= known.mean() + 1e-12


def test_a_perfect_and_a_reversed_rejector() -> None:
    unseen = np.array([False] * 40 + [True] * 10)
    weights = draw_weights(np.arange(50), unseen.astype(int), 50, 0)
    best = o.open_set(unseen.astype(float), unseen, ~unseen, unseen, weights)
    assert (best.auroc.value, best.fpr95.value, best.aupr.value, best.oscr.value) == (1, 0, 1, 1)
    assert (best.unseen_rejected.value, best.unseen_rejected.n, best.auroc.n) == (1, 10, 50)
    worst = o.open_set(-unseen.astype(float), unseen, ~unseen, ~unseen, weights)
    assert (worst.auroc.value, worst.fpr95.value, worst.oscr.value, worst.unseen_rejected.value) == (0, 1, 0, 0)


def test_a_replicate_without_unseen_images_says_nothing() -> None:
    scores, unseen = np.arange(4.0), np.array([False, False, True, True])
    weights = np.array([[1.0, 1, 0, 0]])
    assert np.isnan(o.auroc(scores, unseen)(weights)).all()
    assert np.isnan(o.fpr95(scores, unseen)(weights)).all()
    assert np.isnan(o.oscr(scores, unseen, ~unseen)(weights)).all()
    assert np.isnan(o.aupr(scores, unseen)(weights)).all()
