"""Example images for the report: what went right, what went wrong, what was rejected and what should have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.eval.answers import Answers
from cytoscribe.eval.report.figures import thumbnail
from cytoscribe.eval.report.gallery import Gallery
from cytoscribe.eval.samples import Samples

A_GROUP = 6


@dataclass(frozen=True)
class Example:
    """One picture with what the model said of it. `picture` is a data URI; `right` None where the image is of an unseen region."""

    picture: str
    name: str
    truth: str
    predicted: str
    probability: float
    p_value: float
    rejected: bool
    right: bool | None
    caption: str


@dataclass(frozen=True)
class ExampleGroup:
    """Examples of one kind. `total` images are of this kind; `order` says how these were picked."""

    title: str
    order: str
    total: int
    examples: tuple[Example, ...]


def example_groups(
    samples: Samples, answers: Answers, gallery: Gallery, nearest: np.ndarray, regions: Sequence[str], seed: int
) -> list[ExampleGroup]:
    """Up to six images of each kind; mistakes are the most confident ones, the rest drawn with the seed."""
    unseen, rejected = samples.unseen, answers.rejected
    right = answers.predicted == samples.truth
    sure = answers.probabilities.max(1)
    drawn = np.random.default_rng(seed).random(len(sure))
    kinds = (
        ("Known, named rightly", "drawn at random", ~unseen & ~rejected & right, drawn),
        ("Known, named wrongly", "the most confident mistakes", ~unseen & ~rejected & ~right, -sure),
        ("Known, but rejected", "drawn at random", ~unseen & rejected, drawn),
        ("Unseen, rejected", "drawn at random", unseen & rejected, drawn),
        ("Unseen, but accepted", "the least strange to the model", unseen & ~rejected, answers.scores),
    )
    groups = []
    for title, order, mask, key in kinds:
        members = np.flatnonzero(mask)
        picked = members[np.argsort(key[members], kind="stable")][:A_GROUP]
        examples = [_example(int(i), samples, answers, gallery.texts[nearest[i]], regions) for i in picked]
        groups.append(ExampleGroup(title, order, int(mask.sum()), tuple(e for e in examples if e is not None)))
    return [g for g in groups if g.total]


def _example(i: int, samples: Samples, answers: Answers, caption: str, regions: Sequence[str]) -> Example | None:
    from cytoscribe.core.images import read_image

    record, truth = samples.records[i], int(samples.truth[i])
    try:
        picture = thumbnail(read_image(record.path))
    except InputError:  # a model may bring features of images that lie elsewhere
        return None
    return Example(
        picture=picture,
        name=record.path.name,
        truth=record.region,
        predicted=regions[int(answers.predicted[i])],
        probability=float(answers.probabilities[i].max()),
        p_value=float(answers.p_values[i]),
        rejected=bool(answers.rejected[i]),
        right=None if truth < 0 else bool(answers.predicted[i] == truth),
        caption=caption,
    )
