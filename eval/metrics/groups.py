"""The same figures by age, plane, subject or section: a mean hides the brain on which a model fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cytoscribe.core.records import ImageRecord
from cytoscribe.eval.answers import Answers
from cytoscribe.eval.metrics.bootstrap import Estimate, clusters_of, draw_weights, estimate, weighted_mean
from cytoscribe.eval.metrics.classification import accuracy, macro_f1
from cytoscribe.eval.metrics.measures import MeasuredFigures, Resampling
from cytoscribe.eval.samples import Samples
from cytoscribe.training.data.where import cell_of

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


def by_groups(
    samples: Samples, answers: Answers, regions: int, replicates: int, seed: int, more: Sequence[str] = ()
) -> list[GroupFigures]:
    """Figures for each value of each of `BY`, and of `more` columns, that takes two to forty values; images without a value make a group of their own.

    Each group is resampled for itself: within one subject by its sections, within one section by its images.
    """
    found = []
    for column in dict.fromkeys((*BY, *more)):
        names = _values(samples.records, column)
        groups = sorted(set(names))
        if 2 <= len(groups) <= MOST_GROUPS:
            rows = np.array(names)
            found += [_figures(column, g, _Group(samples, answers, rows == g, replicates, seed), regions) for g in groups]
    return found


def _values(records: Sequence[ImageRecord], column: str) -> list[str]:
    return [cell_of(r, column) or "not stated" for r in records]


def gaps(samples: Samples, answers: Answers, more: Sequence[str], regions: int, draws: Resampling) -> MeasuredFigures:
    """`groups.COLUMN.gap`: macro-F1 over the regions that a group has, of the best group less that of the worst, for known images.

    Only columns with two to forty values on known images count. The gap is never negative, and chance alone opens one: its interval
    must be read beside the size of the groups.
    """
    known = ~samples.unseen
    records, truth, predicted = samples.known_records, samples.truth[known], answers.predicted[known]
    figures = {}
    for column in dict.fromkeys((*BY, *more)):
        names = np.array(_values(records, column))
        groups = sorted(set(names))
        if 2 <= len(groups) <= MOST_GROUPS:
            parts = [(names == g, macro_f1(truth[names == g], predicted[names == g], regions)) for g in groups]

            def widest(weights: np.ndarray, parts: Any = parts) -> np.ndarray:
                values = np.stack([statistic(weights[:, rows]) for rows, statistic in parts])
                return np.nanmax(values, axis=0) - np.nanmin(values, axis=0)

            figures[f"groups.{column}.gap"] = estimate(widest, draws.weights[:, known])
    return MeasuredFigures(figures)


class _Group:
    """The images of one group with weights of their own."""

    def __init__(self, samples: Samples, answers: Answers, mask: np.ndarray, replicates: int, seed: int) -> None:
        own = samples.only(mask)
        self.unseen, self.truth = own.unseen, own.truth
        self.predicted, self.rejected = answers.predicted[mask], answers.rejected[mask].astype(float)
        self.weights = draw_weights(clusters_of(own.records).index, own.unseen.astype(int), replicates, seed)

    def share_rejected(self, of: np.ndarray) -> Estimate:
        return estimate(weighted_mean(self.rejected[of]), self.weights[:, of]) if of.any() else _NONE


def _figures(column: str, name: str, group: _Group, regions: int) -> GroupFigures:
    known = ~group.unseen
    truth, predicted, drawn = group.truth[known], group.predicted[known], group.weights[:, known]
    return GroupFigures(
        column=column,
        group=name,
        images=int(known.sum()),
        unseen=int(group.unseen.sum()),
        accuracy=estimate(accuracy(truth, predicted), drawn) if known.any() else _NONE,
        macro_f1=estimate(macro_f1(truth, predicted, regions), drawn) if known.any() else _NONE,
        known_rejected=group.share_rejected(known),
        unseen_rejected=group.share_rejected(group.unseen),
    )


_NONE = Estimate(float("nan"), None, 0)
