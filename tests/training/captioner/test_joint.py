"""The joint decision: its promise on known images, what it adds, and its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.core.errors import InputError
from cytoscribe.training.captioner.joint import Joint, calibrated, doubt


def scores(count: int, strange: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Label log-probabilities (N, 4) and vision scores (N,), higher in doubt by `strange`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1, (count, 4))
    logits[:, 0] += 4
    logits[:, 3] += strange
    return logits - np.log(np.exp(logits).sum(1, keepdims=True)), rng.normal(strange, 1, count)


@given(st.integers(0, 30), st.sampled_from([0.05, 0.1, 0.2]))
def test_known_images_are_rejected_at_most_at_the_promised_rate(seed: int, alpha: float) -> None:
    joint = calibrated(*scores(400, 0.0, seed), alpha)
    found = joint.verdicts(*scores(400, 0.0, seed + 1000))
    assert found.rejected.mean() < alpha + 4 * np.sqrt(alpha / 400 * 2)
    assert np.array_equal(found.rejected, found.p <= alpha)


def test_two_doubts_find_more_than_one() -> None:
    joint = calibrated(*scores(500, 0.0, 1), 0.05)
    strange = joint.verdicts(*scores(500, 1.5, 2))
    assert strange.rejected.mean() > strange.vision.mean()
    assert strange.agree.shape == (500,)


def test_doubt_is_the_log_odds_of_unseen() -> None:
    told = np.log(np.array([[0.2, 0.3, 0.5], [0.45, 0.45, 0.1]]))
    np.testing.assert_allclose(doubt(told), np.log([1.0, 0.1 / 0.9]), atol=1e-12)


def test_it_is_read_back_as_it_was(tmp_path: Path) -> None:
    joint = calibrated(*scores(40, 0.0, 3), 0.1)
    joint.save(tmp_path)
    new = scores(50, 1.0, 4)
    before, after = joint.verdicts(*new), Joint.load(tmp_path).verdicts(*new)
    assert np.array_equal(before.p, after.p)
    (tmp_path / "joint.json").write_text('{"alpha": 0.1}')
    with pytest.raises(InputError, match="centre"):
        Joint.load(tmp_path)


def test_nothing_is_calibrated_on_nothing() -> None:
    with pytest.raises(InputError, match="no held-out image"):
        calibrated(np.zeros((0, 3)), np.zeros(0), 0.05)
