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
from cytoscribe.training.rejection.scores import SCORES, ScoreContext

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
    }
)
CALIBRATION_FILE = "calibration.json"
BANK_FILE = "calibration.safetensors"


@dataclass(frozen=True)
class Rejection:
    """The calibrated rejector of one model.

    names: the scores that are combined, each standardised by `centre` and `spread` (of known calibration images) and averaged;
    calibration: (M,) combined scores of held-out known images; groups: (M,) index of the region predicted for each;
    bank: (B, D) features of training images with labels (B,), for the scores that compare with them;
    held_out: the calibration images' features and true regions, None where a model folder was written without them.
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

    def scores(self, image_features: Tensor, class_features: Tensor | None = None) -> np.ndarray:
        """(N,) float64, higher for images less like any known region. image_features: (N, D), class_features: (K, D) of the
        regions' captions in use, default the model's own; both L2-normalised."""
        context = self.context if class_features is None else self.context.with_classes(class_features)
        return combine(raw_scores(self.names, image_features, context), self.centre, self.spread)

    def p_values(self, scores: np.ndarray, predicted: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """(N,) conformal p-values of "this is a known region": (1 + calibration scores at least as high) / (M + 1).

        predicted: (N,) index of each image's predicted region; then the calibration images predicted as that region are the
        reference where there are enough of them, and all of them elsewhere.
        """
        scores = np.asarray(scores, dtype=np.float64)
        marginal = _p_values(scores, self.calibration)
        if predicted is None:
            return marginal
        result, predicted = marginal.copy(), np.asarray(predicted)
        for group in np.unique(predicted):
            reference = self.calibration[self.groups == group]
            if len(reference) >= self.least:
                result[predicted == group] = _p_values(scores[predicted == group], reference)
        return result

    def rejects(self, scores: np.ndarray, predicted: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """(N,) bool: True where the p-value is at most alpha. With too few calibration samples nothing is ever rejected."""
        return self.p_values(scores, predicted) <= self.alpha

    def label_sets(self) -> LabelSets | None:
        """Sets of plausible regions through this rejector's class captions; None without held-out features."""
        if self.held_out is None:
            return None
        return LabelSets(self.held_out, self.context.classes, self.context.logit_scale, self.alpha, self.least)

    def recalibrated(self, class_features: Tensor) -> Rejection:
        """The same rejector seen through other class captions (K, D): its promise holds for them only after calibration anew.

        Without held-out features that cannot be done, and a note says so.
        """
        context = self.context.with_classes(class_features)
        if self.held_out is None:
            note = "calibrated through the model's own class captions, not through those given: its error rate may differ"
            return replace(self, context=context, notes=(*self.notes, note))
        anew = calibrate(self.names, self.held_out.features, context, self.regions, self.alpha, self.split, self.held_out.labels)
        return replace(anew, chosen_by=self.chosen_by)

    @property
    def least(self) -> int:
        """Samples that a threshold at alpha needs: 19 for alpha = 0.05."""
        return int(np.ceil(1 / self.alpha - 1e-9)) - 1

    def save(self, folder: Path) -> None:
        """Write calibration.json (how, from how many, split by what, thresholds) and the feature bank beside it."""
        write_tensors(folder / BANK_FILE, self._tensors())
        write_json(folder / CALIBRATION_FILE, self._as_json())

    def summary(self) -> dict[str, Any]:
        """For config.json: which scores, at what rate, from how many held-out images."""
        return {"scores": list(self.names), "alpha": self.alpha, "n": len(self.calibration)}

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
        }

    def _region_json(self, index: int) -> dict[str, Any]:
        own = self.calibration[self.groups == index]
        if len(own) < self.least:
            return {
                "n": len(own),
                "threshold": None,
                "note": f"not enough samples ({len(own)} of {self.least}): marginal threshold",
            }
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
    labels: Tensor | None = None,
) -> Rejection:
    """Rejector from features (M, D) of held-out images of known regions; unseen images have no part in it.

    labels: (M,) int64 true regions of those images; with them the model can give sets of plausible regions too.

    Raises InputError where there is no held-out image or alpha is not within (0, 1).
    """
    if not 0 < alpha < 1:
        raise InputError(f"alpha {alpha:g} is no rate", fix="give --alpha between 0 and 1, e.g. 0.05")
    if not len(features):
        raise InputError("no held-out image to calibrate the rejection on", fix="give the table a val split")
    raw = raw_scores(names, features, context)
    centre = {n: float(np.mean(s)) for n, s in raw.items()}
    spread = {n: float(np.std(s)) or 1.0 for n, s in raw.items()}
    predicted = (features @ context.classes.T).argmax(1).numpy()
    rejection = Rejection(
        tuple(names), centre, spread, np.round(combine(raw, centre, spread), 6), predicted, regions, context, alpha, split
    )
    if labels is not None:
        rejection = replace(rejection, held_out=HeldOut(features, labels))
    if len(features) >= rejection.least:
        return rejection
    note = f"not enough calibration samples ({len(features)} of {rejection.least}): nothing will be rejected at alpha {alpha:g}"
    return replace(rejection, notes=(note,))


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
    rank = int(np.ceil((len(calibration) + 1) * (1 - alpha) - 1e-9))
    return float(np.sort(calibration)[rank - 1]) if rank <= len(calibration) else None


def _p_values(scores: np.ndarray, reference: np.ndarray) -> np.ndarray:
    ordered = np.sort(reference)
    above = len(ordered) - np.searchsorted(ordered, scores, side="left")
    return (1 + above) / (len(ordered) + 1)
