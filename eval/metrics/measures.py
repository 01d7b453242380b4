"""The families of figures, each from features and answers to named estimates; facts are what was searched and how hard it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cytoscribe.eval.answers import Answers
from cytoscribe.eval.caption_tests import WAYS, beaten_by, chance_of_right
from cytoscribe.eval.metrics.bootstrap import Clusters, Estimate, draw_weights, estimate, weighted_mean
from cytoscribe.eval.metrics.calibration import area_of_risk, calibration_error
from cytoscribe.eval.metrics.open_set import open_set
from cytoscribe.eval.metrics.retrieval import Fits, among_images, first_fit, image_claims, recall, same, transposed
from cytoscribe.eval.report.gallery import Gallery
from cytoscribe.eval.samples import Samples


@dataclass(frozen=True)
class MeasuredFigures:
    """Figures under their names in metrics.json, plain facts that go with them, and what single images gave: (N,), NaN where an
    image was not asked."""

    figures: Mapping[str, Estimate] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    per_image: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __or__(self, other: MeasuredFigures) -> MeasuredFigures:
        return MeasuredFigures(
            {**self.figures, **other.figures}, {**self.facts, **other.facts}, {**self.per_image, **other.per_image}
        )


@dataclass(frozen=True)
class Resampling:
    """Resampling: weights (B, N) of the images; captions are resampled with the same number of replicates and seed."""

    weights: np.ndarray
    seed: int

    def of_groups(self, groups: np.ndarray) -> np.ndarray:
        """(B, M) weights of texts, drawn by whole regions: captions of one region rest on the same claims."""
        return draw_weights(groups, np.zeros(len(groups), dtype=int), len(self.weights), self.seed)

    def of_texts(self, count: int) -> np.ndarray:
        """(B, count) weights of texts, drawn singly."""
        return draw_weights(np.arange(count), np.zeros(count, dtype=int), len(self.weights), self.seed)


def calibration(samples: Samples, answers: Answers, draws: Resampling) -> MeasuredFigures:
    """`calibration.*` of the names given to known images."""
    known = ~samples.unseen
    stated, right = answers.probabilities[known].max(1), answers.predicted[known] == samples.truth[known]
    weights = draws.weights[:, known]
    return MeasuredFigures(
        {
            "calibration.ece": estimate(calibration_error(stated, right), weights),
            "calibration.aurc": estimate(area_of_risk(stated, right), weights),
        }
    )


def by_region(samples: Samples, answers: Answers, gallery: Gallery, draws: Resampling) -> MeasuredFigures:
    """`retrieval.i2t` and `.t2i`: known images and captions of the same region."""
    known = ~samples.unseen
    fits = same(samples.truth[known], gallery.regions)
    return _both_ways("", answers.features, known, gallery.features, fits, draws)


def by_fit(samples: Samples, answers: Answers, gallery: Gallery, draws: Resampling) -> MeasuredFigures:
    """`retrieval.i2t_fit` and `.t2i_fit`: everything that the caption says of single images is true of this one. Nothing where no caption
    says anything of single images."""
    known = ~samples.unseen
    spoken = np.array([any(c.startswith("image:") for c in caption.claim_ids) for caption in gallery.captions])
    captions = [c for c, s in zip(gallery.captions, spoken, strict=True) if s]
    claims = image_claims(samples.known_records, captions)
    if claims is None:
        return MeasuredFigures()
    return _both_ways("_fit", answers.features, known, gallery.features[spoken], claims.fits, draws)


def by_attributes(answers: Answers, texts: np.ndarray, of_image: np.ndarray, draws: Resampling) -> MeasuredFigures:
    """`retrieval.i2t_exact` and `.t2i_exact`: texts (M, D) state all attributes, of_image (N,) int is each image's own, -1 for none."""
    there = of_image >= 0
    if not there.any():
        return MeasuredFigures()
    fits = same(of_image[there], np.arange(len(texts)))
    return _both_ways("_exact", answers.features, there, texts, fits, draws)


def _both_ways(
    level: str, features: np.ndarray, asked: np.ndarray, texts: np.ndarray, fits: Fits, draws: Resampling
) -> MeasuredFigures:
    """Images `asked` (N,) bool search the texts, and the texts search those images."""
    images = features[asked]
    rank, share = first_fit(images, texts, fits)
    found = {
        f"retrieval.i2t{level}": recall(rank, share, len(texts), draws.weights[:, asked]),
        f"retrieval.t2i{level}": recall(
            *first_fit(texts, images, transposed(fits, len(images))), len(images), draws.of_texts(len(texts))
        ),
    }
    figures, facts = {}, {}
    for name, one in found.items():
        if one.queries:
            figures |= {f"{name}.recall@{k}": value for k, value in one.at.items()}
            facts |= {
                f"{name}.chance": round(one.chance, 6),
                f"{name}.gallery": one.gallery,
                f"{name}.unanswerable": one.unanswerable,
            }
    ranks = np.where(np.isfinite(rank), rank + 1, np.nan)
    return MeasuredFigures(figures, facts, {f"i2t{level}_rank": _placed(ranks, asked)})


def _placed(values: np.ndarray, asked: np.ndarray) -> np.ndarray:
    placed = np.full(asked.size, np.nan)
    placed[asked] = values
    return placed


def image_to_image(samples: Samples, answers: Answers, clusters: Clusters, draws: Resampling) -> MeasuredFigures:
    """`retrieval.i2i`, leave-one-out; `retrieval.i2i_apart` where only other sections (or subjects) answer, since neighbours in a
    section look alike for reasons that no other section shares."""
    known = ~samples.unseen
    features, truth, weights = answers.features[known], samples.truth[known], draws.weights[:, known]
    searches = {"i2i": None} | ({"i2i_apart": clusters.index[known]} if clusters.unit != "image" else {})
    figures, facts, single = {}, {}, {}
    for name, apart in searches.items():
        found = among_images(features, truth, weights, apart)
        if found.queries:
            figures |= {f"retrieval.{name}.recall@1": found.recall_at_1, f"retrieval.{name}.map": found.mean_ap}
            facts[f"retrieval.{name}.chance"] = round(found.chance, 6)
            single |= {f"{name}_hit": _placed(found.hits, known), f"{name}_ap": _placed(found.precisions, known)}
    return MeasuredFigures(figures, facts, single)


def caption_tests(masked: Gallery, samples: Samples, answers: Answers, regions: int, draws: Resampling) -> MeasuredFigures:
    """`captions.*`, from masked captions of a data set: do the words give the region back, on their own and by way of an image?

    `text_8way`: the region of a masked caption, from text alone. For each known image the model picks the nearest caption:
    `label_match` is the share whose caption is of the image's region, a rejected image counting as a miss; `masked_8way` is the
    region read back from that caption's masked words.
    """
    known = ~samples.unseen
    nearest = (answers.features[known] @ masked.features.T).argmax(1)
    truth, everything = samples.truth[known], np.arange(len(masked.captions))
    claims = [c.claim_ids for c in masked.captions]
    from_text = beaten_by(masked.features, masked.regions, claims, everything, masked.regions)
    from_image = beaten_by(masked.features, masked.regions, claims, nearest, truth)
    weights = draws.weights[:, known]
    match = (masked.regions[nearest] == truth) & ~answers.rejected[known]
    figures = {
        "captions.label_match": estimate(weighted_mean(match.astype(float)), weights),
        "captions.masked_8way": _chance(from_image, regions, weights),
        "captions.text_8way": _chance(from_text, regions, draws.of_groups(masked.regions)),
    }
    ways = min(WAYS, regions)
    facts = {"captions.masked_8way.ways": ways, "captions.masked_8way.chance": round(1 / ways, 6)}
    single = {"captions.label_match": _placed(match.astype(float), known)}
    single["captions.masked_8way"] = _placed(chance_of_right(from_image, regions), known)
    return MeasuredFigures(figures, facts, single)


def _chance(beaten: np.ndarray, regions: int, weights: np.ndarray) -> Estimate:
    return estimate(weighted_mean(chance_of_right(beaten, regions)), weights, int(np.isfinite(beaten).sum()))


def rejection(samples: Samples, answers: Answers, draws: Resampling) -> MeasuredFigures:
    """`open_set.*`; without unseen images only `known_rejected`."""
    known = ~samples.unseen
    rejected = estimate(weighted_mean(answers.rejected[known].astype(float)), draws.weights[:, known])
    if known.all():
        return MeasuredFigures({"open_set.known_rejected": rejected})
    right = answers.predicted == samples.truth
    found = open_set(answers.scores, samples.unseen, right, answers.rejected, draws.weights)
    figures = {f"open_set.{name}": getattr(found, name) for name in ("auroc", "fpr95", "aupr", "oscr")}
    return MeasuredFigures({**figures, "open_set.known_rejected": rejected, "open_set.unseen_rejected": found.unseen_rejected})


def label_sets(samples: Samples, answers: Answers, draws: Resampling) -> MeasuredFigures:
    """`label_sets.*`: how often the set of plausible regions holds the true one, and how much it says. Nothing where the model gives
    no sets."""
    sets = answers.plausible
    if sets is None or answers.region_p is None:
        return MeasuredFigures()
    given = np.isfinite(answers.region_p).all(1)
    known, unseen, weights = ~samples.unseen & given, samples.unseen & given, draws.weights
    if not known.any():
        return MeasuredFigures()
    size = np.where(given, sets.sum(1), np.nan)
    held = sets[np.flatnonzero(known), samples.truth[known]].astype(float)
    figures = {
        "label_sets.coverage": estimate(weighted_mean(held), weights[:, known]),
        "label_sets.size": estimate(weighted_mean(size[known]), weights[:, known]),
        "label_sets.single": estimate(weighted_mean((size[known] == 1).astype(float)), weights[:, known]),
    }
    if unseen.any():
        empty = (size[unseen] == 0).astype(float)
        figures["label_sets.unseen_empty"] = estimate(weighted_mean(empty), weights[:, unseen])
    return MeasuredFigures(figures, per_image={"label_sets.size": size})
