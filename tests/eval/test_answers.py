"""Answers of images that several calibrations judge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cytoscribe.core.records import ImageRecord
from cytoscribe.eval.answers import answer
from cytoscribe.eval.describer import label_set
from cytoscribe.eval.metrics.measures import Resampling, label_sets
from cytoscribe.eval.samples import Samples

from .conftest import FakeModel, FakeRejection


@dataclass(frozen=True)
class Rejecting(FakeRejection):
    """Gives no sets of plausible regions for the images of a source."""

    def for_source(self, name: str) -> FakeRejection | None:
        return replace(self, sets=False) if name in self.sources else None


@dataclass(frozen=True)
class TwoCalibrations(FakeModel):
    @property
    def rejection(self) -> Rejecting:
        return Rejecting(self.class_features(), sets=True, sources={"scanner": object()})


def test_images_of_a_source_without_sets_have_none_and_those_of_home_keep_theirs(tmp_path: Path) -> None:
    model = TwoCalibrations(tmp_path)
    features = torch.nn.functional.normalize(model.class_features()[[0, 1, 2, 0]], dim=-1)
    found = answer(model, features, sources=("", "scanner", "", "scanner"))
    assert found.region_p is not None
    assert np.isnan(found.region_p).all(1).tolist() == [False, True, False, True]
    assert label_set(found, 0, model.regions)
    assert label_set(found, 1, model.regions) is None
    measured = sets_of(found, [0, 1, 2, 0])
    assert measured["label_sets.coverage"].n == 2
    assert measured["label_sets.coverage"].value == 1.0


def test_without_a_known_image_that_has_a_set_nothing_is_measured(tmp_path: Path) -> None:
    model = TwoCalibrations(tmp_path)
    found = answer(model, model.class_features(), sources=("", "scanner", "scanner"))
    assert not sets_of(found, [-1, 1, 2])
    assert answer(model, model.class_features(), sources=("scanner",) * 3).region_p is None


def sets_of(found: Any, truth: list[int]) -> dict[str, Any]:
    records = tuple(ImageRecord(path=Path(f"{i}.png"), region="red") for i in range(len(truth)))
    return dict(label_sets(Samples(records, np.array(truth)), found, Resampling(np.ones((20, len(truth))), 0)).figures)
