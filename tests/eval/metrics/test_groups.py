"""Figures by age, plane and subject."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cytoscribe.core.records import ImageRecord
from cytoscribe.eval.answers import Answers
from cytoscribe.eval.metrics.groups import by_groups
from cytoscribe.eval.samples import Samples


def test_each_value_of_a_column_that_varies_has_its_own_figures() -> None:
    ages = ["P7", "P7", "P28", "P28", "P28", ""]
    records = tuple(ImageRecord(path=Path("x"), region="r", age=a, plane="coronal") for a in ages)
    truth = np.array([0, 0, 0, 1, -1, 1])
    predicted = np.array([0, 1, 0, 1, 0, 0])
    rejected = np.array([False, True, False, False, True, False])
    answers = Answers(np.zeros((6, 2)), np.full((6, 2), 0.5), predicted, np.zeros(6), np.ones(6), rejected)
    found = by_groups(Samples(records, truth), answers, 2, 200, 0)
    assert {g.column for g in found} == {"age"}
    told = {g.group: (g.images, g.unseen, g.accuracy.value, g.known_rejected.value) for g in found}
    assert told == {"P7": (2, 0, 0.5, 0.5), "P28": (2, 1, 1.0, 0.0), "not stated": (1, 0, 0.0, 0.0)}
    assert next(g for g in found if g.group == "P28").unseen_rejected.value == 1.0
    interval = next(g for g in found if g.group == "P7").accuracy.ci95
    assert interval == (0.0, 1.0)
