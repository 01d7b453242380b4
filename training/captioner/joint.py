"""The captioner's doubt and the vision model's, as one calibrated decision: is this one of the regions known?

The captioner's doubt is how much likelier it finds `unseen` than all regions together. The vision model's is its own rejection score.
Both are standardised on held-out images of known regions and averaged; the p-value is conformal on the same images.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json, write_json
from cytoscribe.core.shapes import check, entries, listed, number
from cytoscribe.training.captioner.resampler import Seen
from cytoscribe.training.captioner.vision import Vision
from cytoscribe.training.model.tensors import read_tensors, write_tensors
from cytoscribe.training.rejection.conformal import combine, raw_scores, threshold
from cytoscribe.training.rejection.p_values import p_values
from cytoscribe.training.rejection.scores import ScoreContext, context_from

JOINT_FILE, BANK_FILE = "joint.json", "bank.safetensors"
SCORES = ("knn", "probe_energy")
"""What stands for the vision model's rejection score where it has none of its own."""
_SPREADS = number(1e-12, 1e12)
_FORM = entries(
    {
        "alpha": number(1e-9, 1 - 1e-9),
        "centre": listed(number(), most=2, least=2),
        "spread": listed(_SPREADS, most=2, least=2),
        "caption_scores": listed(number()),
        "vision_scores": listed(number()),
    }
)


def doubt(label_scores: np.ndarray) -> np.ndarray:
    """(N,) log-odds of `unseen` against all regions, from log-probabilities (N, K + 1) whose last column is that of `unseen`."""
    regions = label_scores[:, :-1]
    top = regions.max(1)
    return label_scores[:, -1] - (top + np.log(np.exp(regions - top[:, None]).sum(1)))


@dataclass(frozen=True)
class Verdicts:
    """Decisions on N images. said: the captioner finds `unseen` likeliest; vision: the vision model rejects; rejected: the joint
    decision; each (N,) bool. p: joint p-values of "a known region", vision_p: the vision model's alone; score: the joint one,
    caption_score and vision_score: its parts, higher for stranger images; each (N,)."""

    said: np.ndarray
    vision: np.ndarray
    rejected: np.ndarray
    p: np.ndarray
    vision_p: np.ndarray
    score: np.ndarray
    caption_score: np.ndarray
    vision_score: np.ndarray

    @property
    def agree(self) -> np.ndarray:
        """(N,) bool: both decisions are the same."""
        return self.said == self.vision


@dataclass(frozen=True)
class Joint:
    """The calibrated rejector. centre and spread of both scores on the held-out images, whose scores (M, 2) are `calibration`."""

    alpha: float
    centre: np.ndarray
    spread: np.ndarray
    calibration: np.ndarray

    def verdicts(self, label_scores: np.ndarray, vision_scores: np.ndarray) -> Verdicts:
        """label_scores (N, K + 1) log-probabilities, vision_scores (N,)."""
        both = np.stack([doubt(label_scores), vision_scores], axis=1)
        held = self._joint(self.calibration)
        score = self._joint(both)
        p = p_values(np.round(score, 9), np.round(held, 9))
        vision_p = p_values(both[:, 1], self.calibration[:, 1])
        said = label_scores.argmax(1) == label_scores.shape[1] - 1
        return Verdicts(said, vision_p <= self.alpha, p <= self.alpha, p, vision_p, score, both[:, 0], both[:, 1])

    def _joint(self, both: np.ndarray) -> np.ndarray:
        return ((both - self.centre) / self.spread).mean(1)

    def save(self, folder: Path) -> None:
        """Write joint.json."""
        write_json(
            folder / JOINT_FILE,
            {
                "method": "split conformal; mean of two standardised scores; higher is less like a known region",
                "alpha": self.alpha,
                "n": len(self.calibration),
                "threshold": threshold(self._joint(self.calibration), self.alpha),
                "centre": self.centre.tolist(),
                "spread": self.spread.tolist(),
                "caption_scores": [round(float(s), 6) for s in self.calibration[:, 0]],
                "vision_scores": [round(float(s), 6) for s in self.calibration[:, 1]],
            },
        )

    @staticmethod
    def load(folder: Path) -> Joint:
        """Read what `save` wrote; raises InputError where it is missing or broken."""
        told = check(read_json(folder / JOINT_FILE), _FORM, folder / JOINT_FILE, "train the captioner again")
        scores = (told["caption_scores"], told["vision_scores"])
        if len(scores[0]) != len(scores[1]):
            raise InputError("scores of different numbers of images", where=folder / JOINT_FILE, fix="train the captioner again")
        return Joint(told["alpha"], np.array(told["centre"]), np.array(told["spread"]), np.array(scores, dtype=np.float64).T)


def calibrated(label_scores: np.ndarray, vision_scores: np.ndarray, alpha: float) -> Joint:
    """The rejector from held-out images of known regions: (M, K + 1) log-probabilities of labels, (M,) scores of the vision model.

    Raises InputError where there are none.
    """
    if not len(vision_scores):
        raise InputError("no held-out image to calibrate the rejection on", fix="give some rows split=val")
    both = np.stack([np.round(doubt(label_scores), 6), np.round(vision_scores, 6)], axis=1)
    spread = both.std(0)
    return Joint(alpha, both.mean(0), np.where(spread > 1e-9, spread, 1.0), both)


@dataclass(frozen=True)
class VisionScores:
    """The vision model's own rejection score: a model folder's calibrated one, or neighbours and a probe on the training images."""

    context: ScoreContext | None
    centre: dict[str, float]
    spread: dict[str, float]

    def scores(self, vision: Vision, seen: Seen) -> np.ndarray:
        """(N,) float64, higher for stranger images."""
        if vision.clip is not None:
            return vision.clip.rejection.scores(seen.vector.float())
        assert self.context is not None
        return combine(raw_scores(SCORES, features_of(seen), self.context), self.centre, self.spread)

    def save(self, folder: Path) -> None:
        """Write the training images' features where they are needed."""
        if self.context is not None:
            told = {f"centre/{n}": torch.tensor(v) for n, v in self.centre.items()}
            told |= {f"spread/{n}": torch.tensor(v) for n, v in self.spread.items()}
            write_tensors(folder / BANK_FILE, {**self.context.tensors(), **told})

    @staticmethod
    def load(folder: Path) -> VisionScores:
        """Read what `save` wrote."""
        if not (folder / BANK_FILE).is_file():
            return VisionScores(None, {}, {})
        names = ("classes", "bank", "labels", "probe", *(f"{kind}/{n}" for kind in ("centre", "spread") for n in SCORES))
        told = read_tensors(folder / BANK_FILE, "train the captioner again", names)
        centre, spread = ({n: float(told[f"{kind}/{n}"]) for n in SCORES} for kind in ("centre", "spread"))
        return VisionScores(ScoreContext.from_tensors(told, 1.0), centre, spread)


def vision_scores(vision: Vision, known: Seen, regions: np.ndarray, held: Seen) -> VisionScores:
    """Scores from training images (N) with their regions (N,), standardised on held-out ones."""
    if vision.clip is not None:
        return VisionScores(None, {}, {})
    bank = features_of(known)
    classes = torch.stack([bank[torch.from_numpy(regions == k)].mean(0) for k in range(int(regions.max()) + 1)])
    context = context_from(torch.nn.functional.normalize(classes, dim=-1), bank, torch.from_numpy(regions), 1.0)
    raw: dict[str, Any] = raw_scores(SCORES, features_of(held), context) if len(held) else {n: np.zeros(1) for n in SCORES}
    return VisionScores(context, {n: float(s.mean()) for n, s in raw.items()}, {n: float(s.std()) or 1.0 for n, s in raw.items()})


def features_of(seen: Seen) -> torch.Tensor:
    """(N, D) L2-normalised float32: the vector of each image, or the mean of its grid."""
    found = seen.vector.float() if seen.vector.shape[1] else seen.grid.float().mean(1)
    return torch.nn.functional.normalize(found, dim=-1)
