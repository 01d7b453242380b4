"""Saying "none of the regions I know", with an error rate that was measured on held-out images of known regions.

A score orders images by how unlike the known regions they are. Conformal p-values (Vovk et al. 2005) turn it into a decision:
an image is rejected where at most a share alpha of held-out known images look as strange. That bounds how often known images
are rejected, if they are exchangeable with the held-out ones; how often unseen ones are accepted must be measured apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json, write_json
from cytoscribe.core.shapes import anything, check, entries, listed, mapping, number, one_of, text, whole
from cytoscribe.training.data.label_sets import HeldOut, LabelSets
from cytoscribe.training.model.tensors import read_tensors, write_tensors
from cytoscribe.training.rejection.p_values import p_values
from cytoscribe.training.rejection.scores import SCORES, ScoreContext
from cytoscribe.training.rejection.sources import SourceSample, aligned, read_sources, write_sources

_CALIBRATION = entries(
    {
        "logit_scale": number(0, 1e4),
        "scores": listed(one_of(*SCORES), most=len(SCORES), least=1),
        "centre": mapping(number()),
        "spread": mapping(number(1e-12, 1e12)),
        "calibration_scores": listed(number()),
        "calibration_predicted": listed(whole(0, 1_000_000)),
        "alpha": number(1e-9, 1 - 1e-9),
        "split": text(100),
        "notes": listed(text()),
        "chosen_by": mapping(anything()),
    },
    {"unit": text(20), "calibration_clusters": listed(whole(0, 1_000_000_000))},
)
CALIBRATION_FILE = "calibration.json"
BANK_FILE = "calibration.safetensors"


@dataclass(frozen=True)
class Rejection:
    """The calibrated rejector of one model.

    names: the scores that are combined, each standardised by `centre` and `spread` (of known calibration images) and averaged;
    calibration: (M,) combined scores of held-out known images; groups: (M,) index of the region predicted for each;
    bank: (B, D) features of training images with labels (B,), for the scores that compare with them;
    held_out: the calibration images' features and true regions, None where a model folder was written without them;
    clusters: (M,) the subject (or what `unit` says) of each calibration image, None where images are independent;
    offset, factor: what a source's scores lose, and are divided by, to be on the scale of the model's own images;
    sources: other microscopes (or laboratories) that the rejection was calibrated for, by name.
    """

    names: tuple[str, ...]
    centre: dict[str, float]
    spread: dict[str, float]
    calibration: np.ndarray
    groups: np.ndarray
    regions: tuple[str, ...]
    context: ScoreContext
    alpha: float = 0.05
    split: str = "val"
    notes: tuple[str, ...] = ()
    chosen_by: dict[str, Any] = field(default_factory=dict)
    held_out: HeldOut | None = None
    clusters: np.ndarray | None = None
    unit: str = "image"
    offset: float = 0.0
    factor: float = 1.0
    sources: dict[str, SourceSample] = field(default_factory=dict)

    def scores(self, image_features: Tensor, class_features: Tensor | None = None) -> np.ndarray:
        """(N,) float64, higher for images less like any known region. image_features: (N, D), class_features: (K, D) of the
        regions' captions in use, default the model's own; both L2-normalised."""
        context = self.context if class_features is None else self.context.with_classes(class_features)
        own = combine(raw_scores(self.names, image_features, context), self.centre, self.spread)
        return (own - self.offset) / self.factor

    def p_values(self, scores: np.ndarray, predicted: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """(N,) conformal p-values of "this is a known region": (1 + calibration scores at least as high) / (M + 1).

        predicted: (N,) index of each image's predicted region; then the calibration images predicted as that region are the
        reference where there are enough of them, and all of them elsewhere.
        """
        scores = np.asarray(scores, dtype=np.float64)
        marginal = p_values(scores, self.calibration, self.clusters, self.least)
        if predicted is None:
            return marginal
        result, predicted = marginal.copy(), np.asarray(predicted)
        for group in np.unique(predicted):
            own = self.groups == group
            if self._units(own) >= self.least:
                clusters = None if self.clusters is None else self.clusters[own]
                result[predicted == group] = p_values(scores[predicted == group], self.calibration[own], clusters, self.least)
        return result

    def _units(self, rows: np.ndarray) -> int:
        """Independent units among calibration images: subjects where they hang together, else images."""
        return int(rows.sum()) if self.clusters is None else np.unique(self.clusters[rows]).size

    def rejects(self, scores: np.ndarray, predicted: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """(N,) bool: True where the p-value is at most alpha. With too few calibration samples nothing is ever rejected."""
        return self.p_values(scores, predicted) <= self.alpha

    def label_sets(self) -> LabelSets | None:
        """Sets of plausible regions through this rejector's class captions; None without held-out features."""
        if self.held_out is None:
            return None
        return LabelSets(self.held_out, self.context.classes, self.context.logit_scale, self.alpha, self.least)

    def recalibrated(self, class_features: Tensor) -> Rejection:
        """The same rejector seen through other class captions (K, D): its promise only holds for them after recalibration.

        Without held-out features that cannot be done, and a note says so.
        """
        context = self.context.with_classes(class_features)
        if self.held_out is None:
            note = "calibrated through the model's own class captions, not through those given: its error rate may differ"
            return replace(self, context=context, notes=(*self.notes, note))
        anew = calibrate(
            self.names, self.held_out.features, context, self.regions, self.alpha, self.split, self.held_out, self.unit
        )
        return replace(anew, chosen_by=self.chosen_by, sources=self.sources)

    def for_source(self, name: str) -> Rejection | None:
        """The rejector for images of another source; None where it was not calibrated for that."""
        source = self.sources.get(name)
        if source is None:
            return None
        own = combine(raw_scores(self.names, source.features, self.context), self.centre, self.spread)
        fitted = aligned(own, self.calibration, self.least, source.labelled)
        reference = fitted.reference if fitted.reference is not None else self.calibration
        return replace(
            self,
            calibration=np.round(reference, 6),
            groups=np.full(len(reference), -1, dtype=np.int64),
            clusters=None if fitted.reference is not None else self.clusters,
            offset=fitted.offset,
            factor=fitted.factor,
            held_out=source.held_out(self.least),
            notes=source.notes(self.least),
            sources={},
        )

    @property
    def least(self) -> int:
        """Samples that a threshold at alpha needs: 19 for alpha = 0.05."""
        return int(np.ceil(1 / self.alpha - 1e-9)) - 1

    def save(self, folder: Path) -> None:
        """Write calibration.json (how, from how many, split by what, thresholds) and the feature bank beside it."""
        write_tensors(folder / BANK_FILE, self._tensors())
        write_json(folder / CALIBRATION_FILE, self._as_json())
        write_sources(folder, self.sources)

    def summary(self) -> dict[str, Any]:
        """For config.json: which scores, at what rate, from how many held-out images."""
        told = {"scores": list(self.names), "alpha": self.alpha, "n": len(self.calibration)}
        told |= {"unit": self.unit, "units": np.unique(self.clusters).size} if self.clusters is not None else {}
        return told | ({"sources": {name: s.told(self.least) for name, s in self.sources.items()}} if self.sources else {})

    def _tensors(self) -> dict[str, Tensor]:
        return {**self.context.tensors(), **(self.held_out.tensors() if self.held_out else {})}

    def _as_json(self) -> dict[str, Any]:
        return {
            "method": "split conformal; mean of standardised scores; higher is less like a known region",
            "alpha": self.alpha,
            "split": self.split,
            "n": len(self.calibration),
            "threshold": threshold(self.calibration, self.alpha),
            "scores": list(self.names),
            "centre": self.centre,
            "spread": self.spread,
            "chosen_by": self.chosen_by,
            "notes": list(self.notes),
            "regions": {name: self._region_json(i) for i, name in enumerate(self.regions)},
            "calibration_scores": [round(float(s), 6) for s in self.calibration],
            "calibration_predicted": [int(g) for g in self.groups],
            "logit_scale": self.context.logit_scale,
            **({} if self.clusters is None else {"unit": self.unit, "calibration_clusters": [int(c) for c in self.clusters]}),
        }

    def _region_json(self, index: int) -> dict[str, Any]:
        rows = self.groups == index
        own, units = self.calibration[rows], self._units(rows)
        if units < self.least:
            note = f"not enough {_plural(self.unit)} ({units} of {self.least}): marginal threshold"
            return {"n": len(own), "threshold": None, "note": note}
        return {"n": len(own), "threshold": threshold(own, self.alpha)}

    @staticmethod
    def load(folder: Path, regions: tuple[str, ...]) -> Rejection:
        """Read what `save` wrote; raises InputError where a part is missing, broken, or does not fit the others."""
        path, fix = folder / CALIBRATION_FILE, "train the model again"
        told = check(read_json(path), _CALIBRATION, path, fix)
        tensors = read_tensors(folder / BANK_FILE, fix, ("classes", "bank", "labels", "probe"))
        context = ScoreContext.from_tensors(tensors, told["logit_scale"])
        held_out = HeldOut.from_tensors(tensors)
        _check_sizes(told, context, held_out, len(regions), folder)
        return Rejection(
            names=tuple(told["scores"]),
            centre=told["centre"],
            spread=told["spread"],
            calibration=np.asarray(told["calibration_scores"], dtype=np.float64),
            groups=np.asarray(told["calibration_predicted"], dtype=np.int64),
            regions=regions,
            context=context,
            alpha=told["alpha"],
            split=told["split"],
            notes=tuple(told["notes"]),
            chosen_by=told["chosen_by"],
            held_out=held_out,
            clusters=np.asarray(told["calibration_clusters"], dtype=np.int64) if told.get("calibration_clusters") else None,
            unit=told.get("unit", "image"),
            sources=read_sources(folder, len(regions), context.classes.shape[-1]),
        )


def _check_sizes(told: dict[str, Any], context: ScoreContext, held_out: HeldOut | None, regions: int, folder: Path) -> None:
    """Raise InputError where the tables and tensors of a folder speak of different numbers of regions or images."""
    width = context.classes.shape[-1]
    fits = (
        context.classes.shape == (regions, width)
        and context.bank.shape == (len(context.labels), width)
        and context.labels.ndim == 1
        and context.probe.shape == (regions, width + 1)
        and len(told["calibration_predicted"]) == len(told["calibration_scores"])
        and len(told.get("calibration_clusters") or told["calibration_scores"]) == len(told["calibration_scores"])
        and {*told["centre"], *told["spread"]} >= {*told["scores"]}
        and _within(context.labels, regions)
        and all(g < regions for g in told["calibration_predicted"])
    )
    if held_out is not None:
        fits = fits and held_out.features.shape == (len(held_out.labels), width) and _within(held_out.labels, regions)
    if not fits:
        raise InputError(
            f"the calibration does not fit the {regions} regions of the model",
            where=folder / BANK_FILE,
            fix="train the model again",
        )


def _within(labels: Tensor, regions: int) -> bool:
    whole_numbers = not labels.is_floating_point()
    return whole_numbers and (not len(labels) or (int(labels.min()) >= 0 and int(labels.max()) < regions))


def calibrate(
    names: Sequence[str],
    features: Tensor,
    context: ScoreContext,
    regions: tuple[str, ...],
    alpha: float = 0.05,
    split: str = "val",
    held_out: HeldOut | None = None,
    unit: str = "image",
) -> Rejection:
    """Rejector from features (M, D) of held-out images of known regions; unseen images have no part in it.

    held_out: the same images with their true regions, with which the model can give sets of plausible regions too, and with the
    subject of each, where those hang together; unit: what the clusters of `held_out` are.

    Raises InputError where there is no held-out image or alpha is not within (0, 1).
    """
    if not 0 < alpha < 1:
        raise InputError(f"alpha {alpha:g} is not a rate between 0 and 1", fix="give --alpha between 0 and 1, e.g. 0.05")
    if not len(features):
        raise InputError("no held-out image to calibrate the rejection on", fix="give the table a val split")
    raw = raw_scores(names, features, context)
    centre = {n: float(np.mean(s)) for n, s in raw.items()}
    spread = {n: float(np.std(s)) or 1.0 for n, s in raw.items()}
    predicted = (features @ context.classes.T).argmax(1).numpy()
    scores = np.round(combine(raw, centre, spread), 6)
    clusters = None if held_out is None or held_out.clusters is None else held_out.clusters.numpy()
    rejection = Rejection(tuple(names), centre, spread, scores, predicted, regions, context, alpha, split, held_out=held_out)
    rejection = replace(rejection, clusters=clusters, unit=unit if clusters is not None else "image")
    return replace(rejection, notes=_too_few(rejection))


def _too_few(rejection: Rejection) -> tuple[str, ...]:
    """What must be said of a calibration that rests on few images, or on few subjects."""
    least, alpha = rejection.least, rejection.alpha
    images = len(rejection.calibration)
    if images < least:
        return (f"not enough calibration samples ({images} of {least}): nothing will be rejected at alpha {alpha:g}",)
    units = rejection._units(np.ones(images, dtype=bool))
    if rejection.clusters is None or units >= least:
        return ()
    if units < 2:
        return (f"calibrated on one {rejection.unit} alone: the promise holds for that one, and may fail for others",)
    unit = _plural(rejection.unit)
    return (
        f"calibrated on {units} {unit}, fewer than the {least} that a promise without assumptions needs: "
        f"mean scores of {unit} are taken to be normally distributed, and fewer strange images are found",
    )


def _plural(unit: str) -> str:
    return {"image": "samples"}.get(unit, f"{unit}s")


def raw_scores(names: Sequence[str], features: Tensor, context: ScoreContext) -> dict[str, np.ndarray]:
    """Each named score of features (N, D), as (N,) float64."""
    unknown = [n for n in names if n not in SCORES]
    if unknown or not names:
        raise InputError(f"unknown rejection score '{', '.join(unknown)}'", fix=f"use some of {', '.join(SCORES)}")
    with torch.no_grad():
        return {n: np.asarray(SCORES[n](features, context), dtype=np.float64) for n in names}


def combine(raw: dict[str, np.ndarray], centre: dict[str, float], spread: dict[str, float]) -> np.ndarray:
    """Mean of the standardised scores, (N,)."""
    return np.mean([(s - centre[n]) / spread[n] for n, s in raw.items()], axis=0)


def threshold(calibration: np.ndarray, alpha: float) -> float | None:
    """The score from which on an image is rejected at alpha; None where there are too few calibration samples for one.

    The ceil((M + 1)(1 - alpha))-th smallest calibration score (Vovk et al. 2005): p(score) <= alpha exactly above it.
    """
    count = len(calibration)
    rejecting = int((np.arange(1, count + 1) / (count + 1) <= alpha).sum())  # p-values, as p_values rounds them, that reject
    return float(np.sort(calibration)[count - rejecting]) if rejecting else None
