"""The promise of the rejector: at most alpha of known images rejected, whatever the score; and its files read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.nn import functional

from cytoscribe.core.errors import InputError
from cytoscribe.training.rejection.conformal import Rejection, calibrate, threshold
from cytoscribe.training.rejection.scores import SCORES, ScoreContext, context_from


def cluster(centre: torch.Tensor, count: int, seed: int, spread: float = 0.25) -> torch.Tensor:
    noise = torch.randn(count, len(centre), generator=torch.Generator().manual_seed(seed))
    return functional.normalize(centre + spread * noise, dim=-1)


@pytest.fixture(scope="module")
def context() -> ScoreContext:
    classes = torch.eye(8)[:3]
    bank = torch.cat([cluster(classes[k], 60, seed=k) for k in range(3)])
    return context_from(classes, bank, torch.arange(3).repeat_interleave(60), 20.0)


def known(context: ScoreContext, count: int, seed: int) -> torch.Tensor:
    return torch.cat([cluster(context.classes[k], count, seed=100 * seed + k) for k in range(3)])


def make(context: ScoreContext, names: tuple[str, ...] = ("energy", "knn"), count: int = 40, alpha: float = 0.05) -> Rejection:
    return calibrate(names, known(context, count, seed=1), context, ("a", "b", "c"), alpha)


@pytest.mark.parametrize("name", sorted(SCORES))
def test_every_score_is_higher_for_a_stranger(context: ScoreContext, name: str) -> None:
    rejection = make(context, (name,))
    stranger = cluster(torch.eye(8)[6], 50, seed=9)
    assert np.median(rejection.scores(stranger)) > np.quantile(rejection.scores(known(context, 30, seed=4)), 0.9)


def test_known_images_are_rejected_at_the_promised_rate(context: ScoreContext) -> None:
    rates = []
    for seed in range(20):
        rejection = calibrate(("energy",), known(context, 30, seed=seed + 50), context, ("a", "b", "c"), alpha=0.1)
        rates.append(rejection.rejects(rejection.scores(known(context, 60, seed=seed + 5))).mean())
    assert np.mean(rates) <= 0.1 + 3 * np.std(rates) / np.sqrt(len(rates))
    assert np.mean(rates) > 0.05


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=60), st.floats(0.01, 0.5), st.lists(st.floats(-6, 6), min_size=1, max_size=10)
)
@example([0.0], 0.49999999999999994, [1.0])
def test_threshold_and_p_value_decide_alike(calibration: list[float], alpha: float, scores: list[float]) -> None:
    context = ScoreContext(torch.eye(2), torch.eye(2), torch.arange(2), torch.zeros(2, 3), 1.0)
    reference = np.round(np.array(calibration), 6)
    rejection = Rejection(("energy",), {}, {}, reference, np.zeros(len(reference), int), ("a", "b"), context, alpha)
    limit = threshold(reference, alpha)
    by_threshold = np.array([limit is not None and s > limit for s in scores])
    assert (rejection.rejects(np.array(scores)) == by_threshold).all()


def test_p_values_of_a_region_use_its_own_images_where_there_are_enough(context: ScoreContext) -> None:
    reference = np.concatenate([np.linspace(0, 1, 40), np.linspace(10, 11, 40), [5.0]])
    groups = np.array([0] * 40 + [1] * 40 + [2])
    rejection = Rejection(("energy",), {}, {}, reference, groups, ("a", "b", "c"), context)
    p = rejection.p_values(np.array([2.0, 2.0, 2.0]), predicted=[0, 1, 2])
    assert p[0] == pytest.approx(1 / 41)
    assert p[1] == 1.0
    assert p[2] == pytest.approx(rejection.p_values(np.array([2.0]))[0])


def test_too_few_samples_reject_nothing_and_say_so(context: ScoreContext) -> None:
    rejection = calibrate(("energy",), context.bank[:10], context, ("a", "b", "c"))
    assert not rejection.rejects(np.array([1e9])).any()
    assert "not enough calibration samples (10 of 19)" in rejection.notes[0]


def test_files_read_back_with_equal_scores(context: ScoreContext, tmp_path: Path) -> None:
    rejection = make(context)
    rejection.save(tmp_path)
    again = Rejection.load(tmp_path, ("a", "b", "c"))
    features = known(context, 5, seed=8)
    np.testing.assert_allclose(again.scores(features), rejection.scores(features), atol=1e-6)
    np.testing.assert_array_equal(again.p_values(again.scores(features)), rejection.p_values(rejection.scores(features)))


def test_report_counts_each_region(context: ScoreContext, tmp_path: Path) -> None:
    from cytoscribe.core.runs import read_json

    make(context, count=12).save(tmp_path)
    told = read_json(tmp_path / "calibration.json")
    assert told["n"] == 36
    assert sum(r["n"] for r in told["regions"].values()) == 36
    assert all("not enough samples" in r["note"] for r in told["regions"].values() if r["n"] < 19)


def test_other_class_captions_change_caption_scores_only(context: ScoreContext) -> None:
    features, other = known(context, 5, seed=3), functional.normalize(torch.eye(8)[[6, 7, 5]], dim=-1)
    caption, neighbour = make(context, ("energy",)), make(context, ("knn",))
    assert (caption.scores(features, other) > caption.scores(features)).all()
    np.testing.assert_array_equal(neighbour.scores(features, other), neighbour.scores(features))


def test_wrong_alpha_and_score_are_named(context: ScoreContext) -> None:
    with pytest.raises(InputError, match="alpha 2 is not a rate between 0 and 1"):
        calibrate(("energy",), context.bank, context, ("a", "b", "c"), alpha=2)
    with pytest.raises(InputError, match="unknown rejection score 'magic'"):
        calibrate(("magic",), context.bank, context, ("a", "b", "c"))
