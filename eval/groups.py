"""The same figures by age, plane, subject or section: a mean hides the brain on which a model fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cytoscribe.records import ImageRecord
from eval.answers import Answers
from eval.bootstrap import Estimate, estimate, weighted_mean
from eval.classification import accuracy, macro_f1
from eval.samples import Samples

BY = ("age", "plane", "subject", "scale")
MOST_GROUPS = 40


@dataclass(frozen=True)
class GroupFigures:
    """Known images of one group. Figures that cannot be given are NaN."""

    column: str
    group: str
    images: int
    unseen: int
    accuracy: Estimate
    macro_f1: Estimate
    known_rejected: Estimate
    unseen_rejected: Estimate


def by_groups(samples: Samples, answers: Answers, weights: np.ndarray, regions: int) -> list[GroupFigures]:
    """Figures for each value of each of `BY` that takes two to forty values; images without a value make a group of their own."""
    found = []
    for column in BY:
        names = _values(samples.records, column)
        groups = sorted(set(names))
        if 2 <= len(groups) <= MOST_GROUPS:
            rows = np.array(names)
            found += [_figures(column, g, rows == g, samples, answers, weights, regions) for g in groups]
    return found


def _values(records: Sequence[ImageRecord], column: str) -> list[str]:
    return [getattr(r, column) or "not stated" for r in records]


def _figures(
    column: str, group: str, mask: np.ndarray, samples: Samples, answers: Answers, weights: np.ndarray, regions: int
) -> GroupFigures:
    known, unseen = mask & ~samples.unseen, mask & samples.unseen
    truth, predicted, drawn = samples.truth[known], answers.predicted[known], weights[:, known]
    return GroupFigures(
        column=column,
        group=group,
        images=int(known.sum()),
        unseen=int(unseen.sum()),
        accuracy=estimate(accuracy(truth, predicted), drawn) if known.any() else _NONE,
        macro_f1=estimate(macro_f1(truth, predicted, regions), drawn) if known.any() else _NONE,
        known_rejected=estimate(weighted_mean(answers.rejected[known].astype(float)), drawn) if known.any() else _NONE,
        unseen_rejected=estimate(weighted_mean(answers.rejected[unseen].astype(float)), weights[:, unseen])
        if unseen.any()
        else _NONE,
    )


_NONE = Estimate(float("nan"), None, 0)
