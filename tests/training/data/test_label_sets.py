"""Conformal label sets: the true region is in the set as often as stated, whatever the model is like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from cytoscribe.training.data.label_sets import HeldOut, LabelSets
from cytoscribe.training.rejection.conformal import Rejection, calibrate
from cytoscribe.training.rejection.scores import context_from

CLASSES = normalize(torch.eye(4)[:3], dim=1)


def images(count: int, seed: int, noise: float = 0.6) -> tuple[Tensor, Tensor]:
    """Features around three classes, and their classes."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 3, (count,), generator=generator)
    return normalize(CLASSES[labels] + noise * torch.randn(count, 4, generator=generator), dim=1), labels


def sets(count: int, seed: int, alpha: float = 0.1, scale: float = 8.0, least: int = 9) -> LabelSets:
    return LabelSets(HeldOut(*images(count, seed)), CLASSES, scale, alpha, least)


@pytest.mark.parametrize("scale", [1.0, 8.0, 60.0])
def test_the_true_region_is_in_the_set_as_often_as_stated_whatever_the_temperature(scale: float) -> None:
    rates = []
    for seed in range(40):
        features, labels = images(200, seed + 1000)
        rates.append(sets(150, seed, scale=scale).plausible(features)[np.arange(200), labels.numpy()].mean())
    assert np.mean(rates) == pytest.approx(0.9, abs=0.02)


def test_each_region_is_covered_where_it_has_a_reference_of_its_own() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(600) % 3
    spread = torch.tensor([0.2, 0.6, 1.2])[labels, None]

    def drawn() -> Tensor:
        return normalize(CLASSES[labels] + spread * torch.randn(600, 4, generator=generator), dim=1)

    found = LabelSets(HeldOut(drawn(), labels), CLASSES, 8.0, 0.1, 9)
    assert found.own_reference == (0, 1, 2)
    inside = found.plausible(drawn())[np.arange(600), labels.numpy()]
    for k in range(3):
        assert inside[labels.numpy() == k].mean() == pytest.approx(0.9, abs=0.06)
    shared = LabelSets(found.held_out, CLASSES, 8.0, 0.1, 10_000).plausible(drawn())[np.arange(600), labels.numpy()]
    assert shared[labels.numpy() == 2].mean() < 0.85


def test_smaller_alpha_gives_larger_sets_and_few_samples_rule_nothing_out() -> None:
    features, _ = images(300, 7)
    strict, loose = sets(400, 1, alpha=0.3).plausible(features), sets(400, 1, alpha=0.02).plausible(features)
    assert (strict <= loose).all()
    assert strict.sum() < loose.sum()
    assert sets(5, 1, alpha=0.1).plausible(features).all()


def test_held_out_features_are_stored_and_recalibrate_other_captions(tmp_path: Path) -> None:
    features, labels = images(300, 3)
    bank, bank_labels = images(200, 4)
    context = context_from(CLASSES, bank, bank_labels, 8.0)
    rejection = calibrate(("mcm",), features, context, ("a", "b", "c"), alpha=0.1, held_out=HeldOut(features, labels))
    rejection.save(tmp_path)
    loaded = Rejection.load(tmp_path, ("a", "b", "c"))
    first, again = rejection.label_sets(), loaded.label_sets()
    assert first is not None
    assert again is not None
    fresh, _ = images(500, 5)
    assert np.allclose(first.p_values(fresh), again.p_values(fresh))
    # other wordings lie elsewhere: through them the old threshold breaks its promise, a new one keeps it
    other = normalize(CLASSES + 0.5 * torch.tensor([0.0, 0.0, 0.0, 1.0]), dim=1)
    anew = loaded.recalibrated(other)
    assert anew.rejects(anew.scores(fresh)).mean() == pytest.approx(0.1, abs=0.05)
    assert torch.equal(anew.context.classes, other)


def test_a_folder_without_held_out_features_gives_no_sets_and_says_so() -> None:
    features, _ = images(300, 3)
    bank, bank_labels = images(200, 4)
    bare = calibrate(("mcm",), features, context_from(CLASSES, bank, bank_labels, 8.0), ("a", "b", "c"))
    assert bare.label_sets() is None
    assert "not through those given" in bare.recalibrated(CLASSES).notes[-1]
