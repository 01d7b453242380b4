"""What captions are worth that no captioner wrote: the nearest training image's, the label's most frequent, and a template's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cytoscribe.core.records import Caption
from cytoscribe.training.captioner.joint import features_of
from cytoscribe.training.captioner.knowledge import Knowledge
from cytoscribe.training.captioner.resampler import Seen
from cytoscribe.training.captioner.vision import Vision

TEMPLATE = "This image shows {region}."


@dataclass(frozen=True)
class Baseline:
    """Labels (N,) int index into the regions, with a named and a masked caption each."""

    predicted: np.ndarray
    named: list[str]
    masked: list[str]


def baselines(
    vision: Vision, knowledge: Knowledge, regions: Sequence[str], train: Seen, train_labels: np.ndarray, test: Seen, seed: int
) -> Mapping[str, Baseline]:
    """By name. train (M) with train_labels (M,): the captioner's training images; test (N).

    nearest: a caption, drawn by seed, that fits the region of the nearest training image; frequent: the caption that fits most often the
    region that the vision model names; template: one sentence with that name.
    """
    own: dict[int, list[Caption]] = {k: [c for c in knowledge.captions if c.region == r] for k, r in enumerate(regions)}
    bank, asked = features_of(train), features_of(test)
    near = train_labels[(asked @ bank.T).argmax(1).numpy()]
    named = clip_labels(vision, bank, train_labels, asked, len(regions))
    rng = np.random.default_rng([seed, 21])
    drawn = [own[int(k)][int(rng.integers(len(own[int(k)])))] for k in near]
    frequent = {k: _frequent(captions) for k, captions in own.items() if captions}
    template = [TEMPLATE.format(region=regions[int(k)]) for k in named]
    return {
        "nearest": Baseline(near, [c.caption for c in drawn], [c.masked_caption for c in drawn]),
        "frequent": Baseline(named, [frequent[int(k)].caption for k in named], [frequent[int(k)].masked_caption for k in named]),
        "template": Baseline(named, template, ["This image shows tissue."] * len(named)),
    }


def clip_labels(vision: Vision, bank: torch.Tensor, labels: np.ndarray, asked: torch.Tensor, count: int) -> np.ndarray:
    """(N,) the region that the vision model names: by its class captions where it has some, else the nearest mean of training images."""
    if vision.clip is not None:
        return (asked @ vision.clip.class_features().T).argmax(1).numpy()
    means = torch.stack([bank[torch.from_numpy(labels == k)].mean(0) for k in range(count)])
    return (asked @ torch.nn.functional.normalize(means, dim=-1).T).argmax(1).numpy()


def _frequent(captions: Sequence[Caption]) -> Caption:
    """The first caption of the set of claims that most captions of the region state."""
    counts = Counter(tuple(sorted(c.claim_ids)) for c in captions)
    best = counts.most_common(1)[0][0]
    return next(c for c in captions if tuple(sorted(c.claim_ids)) == best)
