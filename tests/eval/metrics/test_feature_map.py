"""The map of image features."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np

from cytoscribe.core.records import ImageRecord
from cytoscribe.eval.answers import Answers
from cytoscribe.eval.metrics.feature_map import feature_map
from cytoscribe.eval.samples import Samples


def drawn(count: int) -> str:
    rng = np.random.default_rng(0)
    truth = np.arange(count) % 3 - 1
    features = rng.normal(size=(count, 8)) + 4 * np.eye(8)[truth + 1]
    predicted = np.where(np.arange(count) == 1, 1, np.maximum(truth, 0))
    answers = Answers(features, np.full((count, 2), 0.5), predicted, np.zeros(count), np.ones(count), np.zeros(count, bool))
    records = tuple(ImageRecord(path=Path("x"), region="r") for _ in range(count))
    return feature_map(Samples(records, truth), answers, ("$A$ & <b>", "area 4"))


def test_the_map_names_regions_literally_and_is_the_same_each_time() -> None:
    first = drawn(24)
    svg = base64.b64decode(first.removeprefix("data:image/svg+xml;base64,")).decode()
    assert "$A$ &amp; &lt;b&gt;" in svg
    assert "16 known images; crosses: 8 unseen" in svg
    assert drawn(24) == first


def test_too_few_images_make_no_map() -> None:
    assert drawn(9) == ""
