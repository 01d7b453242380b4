"""A model brought to another microscope: each step stays only where the images' names become clearer."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from cytoscribe.core.records import ImageRecord
from cytoscribe.training.data.label_sets import HeldOut
from cytoscribe.training.data.normalisation import AS_IS, Normalisation
from cytoscribe.training.model import source
from cytoscribe.training.rejection.scores import ScoreContext

CLASSES = functional.normalize(torch.randn(4, 24, generator=torch.Generator().manual_seed(7)), dim=-1)
LABELS = torch.arange(4).repeat(20)


@dataclass(frozen=True)
class Eye:
    """A model of which it is known what it sees: images lie around their captions, off by `moved`, and less clear the further their
    scale is from `best`."""

    moved: Tensor = field(default_factory=lambda: torch.zeros(24))
    best: float = 1.0
    balanced: bool = True
    normalisation: Normalisation = AS_IS
    alignment: object = None
    logit_scale: float = 16.0
    held_out: bool = True

    @property
    def rejection(self) -> Any:
        bank = _around(torch.zeros(24), 0.06, 1)
        context = ScoreContext(CLASSES, bank, LABELS, torch.zeros(4, 25), self.logit_scale)
        return SimpleNamespace(context=context, held_out=HeldOut(bank, LABELS) if self.held_out else None)

    def features_of(self, records: list[ImageRecord]) -> Tensor:
        off = abs(torch.log(torch.tensor(self.normalisation.scale * self.best))).item()
        return _around(self.moved, 0.06 + 0.5 * off, 2)[: len(records)]


def _around(moved: Tensor, noise: float, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return functional.normalize(CLASSES[LABELS] + moved + noise * torch.randn(len(LABELS), 24, generator=generator), dim=-1)


def brought(eye: Eye, count: int = 80) -> source.Brought:
    return source.fitted(cast(Any, eye), [ImageRecord(path=Path(f"{i}.png"), region="") for i in range(count)])


def test_training_s_own_images_are_left_alone() -> None:
    found = brought(Eye())
    assert found.normalisation == AS_IS
    assert found.alignment is None
    assert any("features left as they are" in line for line in found.said)


@pytest.mark.parametrize("best", [0.6, 1.7])
def test_another_scale_is_found(best: float) -> None:
    found = brought(Eye(best=best))
    assert found.normalisation.scale == pytest.approx(1 / best, rel=0.1)


def test_features_that_moved_are_brought_back() -> None:
    away = 0.9 * functional.normalize(CLASSES[0] - CLASSES[1] + 0.2, dim=0)
    found = brought(Eye(moved=away))
    assert found.alignment is not None
    assert found.normalisation.aligned
    assert float(functional.cosine_similarity(found.alignment.shift, away, dim=0)) > 0.8


@pytest.mark.parametrize(("eye", "count", "why"), [(Eye(held_out=False), 80, "no held-out"), (Eye(), 40, "40 images are too few")])
def test_why_features_are_left_is_said(eye: Eye, count: int, why: str) -> None:
    found = brought(eye, count)
    assert found.alignment is None
    assert why in found.said[-1]
