"""Names from captions, from training images, and from both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from cytoscribe.core.errors import InputError
from cytoscribe.eval.answers import Answers
from cytoscribe.eval.metrics.naming import named, product


@dataclass(frozen=True)
class Probed:
    """A model whose training images say: the first feature means region 0, the second region 1."""

    folder: Path = Path("model")

    @property
    def rejection(self) -> SimpleNamespace:
        return SimpleNamespace(context=SimpleNamespace(probe=torch.tensor([[4.0, 0.0, 0.0], [0.0, 4.0, 0.0]])))


def answers() -> Answers:
    features = np.array([[1.0, 0.0], [0.0, 1.0]])
    probabilities = np.array([[0.4, 0.6], [0.4, 0.6]])
    return Answers(features, probabilities, probabilities.argmax(1), np.zeros(2), np.ones(2), np.zeros(2, bool))


def test_captions_leave_answers_as_they_are() -> None:
    given = answers()
    assert named(given, Probed(), "captions") is given


def test_images_and_both_name_anew_and_leave_the_rest() -> None:
    images, both = named(answers(), Probed(), "images"), named(answers(), Probed(), "both")
    assert images.predicted.tolist() == both.predicted.tolist() == [0, 1]
    own = np.exp(4) / (np.exp(4) + 1)
    assert images.probabilities[0, 0] == pytest.approx(own)
    assert both.probabilities[0, 0] == pytest.approx(0.4 * own / (0.4 * own + 0.6 * (1 - own)))
    assert both.probabilities.sum(1) == pytest.approx(1)
    np.testing.assert_array_equal(both.p_values, answers().p_values)


def test_one_expert_has_no_veto() -> None:
    assert product(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]]))[0] == pytest.approx([0.5, 0.5])


def test_what_cannot_name_is_refused() -> None:
    with pytest.raises(InputError, match="unknown way to name 'guess'"):
        named(answers(), Probed(), "guess")
    bare = SimpleNamespace(folder=Path("model"), rejection=SimpleNamespace())
    with pytest.raises(InputError, match="model: the model holds no training images"):
        named(answers(), bare, "both")
