"""Naming figures against scikit-learn, repeated samples included."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from cytoscribe.eval.metrics.bootstrap import draw_weights
from cytoscribe.eval.metrics.classification import accuracy, classify, confusions, macro_f1


@given(st.integers(2, 40), st.integers(2, 6), st.integers(0, 10_000))
def test_macro_f1_and_accuracy_are_scikit_learns_on_repeated_samples(size: int, regions: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, predicted = rng.integers(0, regions, size), rng.integers(0, regions, size)
    weights = rng.integers(0, 3, size)
    weights[0] = max(weights[0], 1)
    flat, called = np.repeat(truth, weights), np.repeat(predicted, weights)
    found = macro_f1(truth, predicted, regions)(weights[None, :].astype(float))[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of regions that nothing was called by; their F1 is zero
        expected = f1_score(flat, called, labels=np.unique(flat), average="macro")
    assert found == pytest.approx(expected)
    assert accuracy(truth, predicted)(weights[None, :].astype(float))[0] == pytest.approx(accuracy_score(flat, called))


def test_tables_and_confusions_are_those_of_the_images() -> None:
    truth = np.array([0, 0, 0, 0, 1, 1, 2])
    predicted = np.array([0, 0, 1, 1, 1, 0, 2])
    found = classify(truth, predicted, ("A", "B", "C", "D"), draw_weights(np.arange(7), np.zeros(7), 50, 0), np.arange(7))
    assert (found.confusion[:3, :3] == confusion_matrix(truth, predicted)).all()
    assert [r.region for r in found.per_region] == ["A", "B", "C"]
    assert [r.f1.n for r in found.per_region] == [4, 2, 1]
    assert found.per_region[0].recall == pytest.approx(0.5)
    assert found.per_region[1].precision == pytest.approx(1 / 3)
    assert found.macro_f1.value == pytest.approx(np.mean([r.f1.value for r in found.per_region]))
    assert confusions(found) == [("A", "B", 2, 0.5), ("B", "A", 1, 0.5)]
    assert found.per_region[0].f1.ci95 is not None
    assert found.per_region[2].f1.ci95 is None
