"""Features that another microscope has moved come back; those that it has not stay."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from cytoscribe.training.model.alignment import Alignment, class_means, fit, information

SCALE = 16.0


def features(counts: tuple[int, ...], moved: float = 0.0, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Images around the captions of as many classes as there are counts, all moved one way; (N, D), labels (N,), classes (K, D)."""
    generator = torch.Generator().manual_seed(seed)
    classes = functional.normalize(torch.randn(len(counts), 24, generator=torch.Generator().manual_seed(7)), dim=-1)
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    noise = 0.06 * torch.randn(len(labels), 24, generator=generator)
    away = moved * functional.normalize(classes[0] - classes[1] + 0.2, dim=0)
    return functional.normalize(classes[labels] + noise + away, dim=-1), labels, classes


def accuracy(found: Tensor, labels: Tensor, classes: Tensor) -> float:
    return float(((found @ classes.T).argmax(1) == labels).float().mean())


@pytest.mark.parametrize("counts", [(40, 40, 40, 40), (120, 12, 20, 30)])
def test_what_moved_one_way_comes_back(counts: tuple[int, ...]) -> None:
    held, held_labels, classes = features((40, 40, 40, 40), seed=1)
    there, labels, _ = features(counts, moved=0.9)
    aligned = fit(there, classes, class_means(held, held_labels, 4), SCALE).of(there)
    assert accuracy(aligned, labels, classes) > max(0.97, accuracy(there, labels, classes))
    assert information(aligned, classes, SCALE) > information(there, classes, SCALE)


def test_uneven_classes_at_home_are_not_moved() -> None:
    held, held_labels, classes = features((40, 40, 40, 40), seed=1)
    there, labels, _ = features((150, 8, 20, 30))
    aligned = fit(there, classes, class_means(held, held_labels, 4), SCALE)
    assert float(aligned.shift.norm()) < 0.1
    assert accuracy(aligned.of(there), labels, classes) == accuracy(there, labels, classes)


def test_features_keep_unit_length_and_gaps_stay_gaps() -> None:
    there = functional.normalize(torch.randn(3, 5, generator=torch.Generator().manual_seed(0)), dim=-1)
    there[1] = torch.nan
    found = Alignment(torch.full((5,), 0.1)).of(there)
    assert torch.isnan(found[1]).all()
    assert found[[0, 2]].norm(dim=1) == pytest.approx(torch.ones(2))


def test_information_is_greatest_where_names_are_sure_and_various() -> None:
    _, _, classes = features((1, 1, 1, 1))
    sure, alike = classes.repeat(5, 1), classes[:1].repeat(20, 1)
    unsure = functional.normalize(classes.mean(0, keepdim=True), dim=-1).repeat(20, 1)
    assert information(sure, classes, 100.0) == pytest.approx(torch.log(torch.tensor(4.0)).item(), abs=1e-2)
    assert information(alike, classes, 100.0) == pytest.approx(0, abs=1e-4)
    assert information(unsure, classes, 100.0) == pytest.approx(0, abs=1e-4)
