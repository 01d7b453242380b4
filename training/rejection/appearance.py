"""What the pixels of an image say before any model looks: empty, folded, blurred, saturated; and whose stain and lamp it shows.

All measures are taken from the square that the model is given. Each is compared with the same measure of images of training and
calibration by conformal p-values, since no training fits pixels: an artefact is what hardly any of those images shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from cytoscribe.core.errors import InputError
from cytoscribe.training.model.tensors import read_tensors, write_tensors
from cytoscribe.training.rejection.p_values import p_values

APPEARANCE_FILE = "appearance.safetensors"
ARTEFACTS = ("empty", "fold", "blur", "saturation")
LEAST_EXCESS = (10.0, 4.0, 4.0, 3.0)
"""How far a measure must lie above the usual, in usual spreads (median to 95th percentile), to be called an artefact. Less is what another
stain or lamp does: a paler stain alone looks "emptier" by up to 6. Set on validation images of blood cells with simulated artefacts
and under simulated microscopes (benchmarks/artefacts.py)."""
STAIN = ("red", "green", "blue", "red spread", "green spread", "blue spread", "light red", "light green", "light blue")
_BATCH = 64
_EPSILON = 1 / 255
_FOLD_SHARE = 6
"""A fold is dark over a sixth of the square's side."""
_LIGHT = 0.95
"""The quantile of a channel that counts as the light behind the tissue."""
LEAST = 10
"""Images of training and calibration together below which no comparison is made."""


def measure(squares: np.ndarray) -> np.ndarray:
    """(N, 13) float64 of pictures (N, 3, px, px) uint8: the four of ARTEFACTS, higher for worse ones, then the nine of STAIN.

    empty: how little the optical density varies; fold: density of the darkest patch; blur: how much of the variation is slow;
    saturation: share of pixels at the end of the scale. Optical density is -log10 of the light that comes through.
    """
    parts = [_measured(squares[i : i + _BATCH]) for i in range(0, len(squares), _BATCH)]
    return np.concatenate(parts) if parts else np.zeros((0, len(ARTEFACTS) + len(STAIN)))


def _measured(squares: np.ndarray) -> np.ndarray:
    from scipy.ndimage import uniform_filter

    light = squares.astype(np.float32) / 255
    density = -np.log10(np.maximum(light, _EPSILON))  # (N, 3, px, px)
    mean = density.mean(1)
    side = max(mean.shape[-1] // _FOLD_SHARE, 2)
    coarse = uniform_filter(mean, side, mode="nearest", axes=(1, 2))
    fine = mean - uniform_filter(mean, 3, mode="nearest", axes=(1, 2))
    varies = mean.var((1, 2))
    ends = ((squares <= 1) | (squares >= 254)).any(1).mean((1, 2))
    columns = [
        -np.log10(np.sqrt(varies) + 1e-4),
        coarse.max((1, 2)),
        -np.log10((fine.var((1, 2)) + 1e-8) / (varies + 1e-6)),
        ends,
        *density.mean((2, 3)).T,
        *density.std((2, 3)).T,
        *np.quantile(light.reshape(*light.shape[:2], -1), _LIGHT, axis=2).T,
    ]
    return np.stack(columns, axis=1).astype(np.float64)


@dataclass(frozen=True)
class Looks:
    """p-values of images, each (N,): of every kind of artefact (N, 4), of the worst of them together, and of the stain and the light;
    `microscope` is None where nothing is known of those; excess (N, 4): how far each measure lies above the usual, in usual spreads."""

    kinds: np.ndarray
    artefact: np.ndarray
    microscope: np.ndarray | None
    excess: np.ndarray

    def kind(self, i: int) -> str:
        """The artefact that image i shows most: that of the least p-value, among equal ones the farthest from what is usual."""
        return ARTEFACTS[int(np.where(self.kinds[i] <= self.kinds[i].min(), self.excess[i], -np.inf).argmax())]


@dataclass(frozen=True)
class Appearance:
    """What known images look like. measures (M, 13) of images of training and calibration; fitted (M,) bool: those that gave the
    centre of stain and light, the others being compared with it; clusters (M,) int subject of each, None where independent."""

    measures: np.ndarray
    fitted: np.ndarray
    clusters: np.ndarray | None = None

    def looks(self, measures: np.ndarray) -> Looks:
        """p-values of images with these measures (N, 13). Kinds of artefact are joined by Bonferroni's bound."""
        own = self.measures[:, : len(ARTEFACTS)]
        middle, high = np.quantile(own, (0.5, 0.95), axis=0)
        excess = (measures[:, : len(ARTEFACTS)] - middle) / np.maximum(high - middle, 1e-3)
        ranks = np.stack([p_values(measures[:, k], own[:, k]) for k in range(len(ARTEFACTS))], axis=1)
        kinds = np.where(excess >= LEAST_EXCESS, ranks, 1.0)  # a larger p-value promises no less
        return Looks(kinds, np.minimum(kinds.min(1) * len(ARTEFACTS), 1.0), self._microscope(measures), excess)

    def _microscope(self, measures: np.ndarray) -> np.ndarray | None:
        found = self.stain(measures)
        return None if found is None else p_values(*found)

    @property
    def least_microscope(self) -> float:
        """The least p-value that `looks` can give for stain and light, which falls with the number of known images; 0 where it gives none."""
        found = self.stain(self.measures[:0])
        return 0.0 if found is None else float(p_values(np.array([np.inf]), *found[1:])[0])

    def stain(self, measures: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None] | None:
        """Distance of stain and light from those of training: of images with these measures (N, 13), and of known images with their
        clusters, to compare with. None where nothing is known of them."""
        if not self.fitted.any() or self.fitted.all():
            return None
        own = self.measures[:, len(ARTEFACTS) :]
        far = _StainDistance(own[self.fitted])
        clusters = None if self.clusters is None else self.clusters[~self.fitted]
        return far(measures[:, len(ARTEFACTS) :]), far(own[~self.fitted]), clusters

    def save(self, folder: Path) -> None:
        """Write appearance.safetensors."""
        tensors = {"measures": torch.from_numpy(self.measures), "fitted": torch.from_numpy(self.fitted)}
        write_tensors(
            folder / APPEARANCE_FILE, tensors | ({} if self.clusters is None else {"clusters": torch.from_numpy(self.clusters)})
        )

    @staticmethod
    def load(folder: Path) -> Appearance | None:
        """Read back; None where the folder was written without. Raises InputError where the file is broken."""
        path, fix = folder / APPEARANCE_FILE, "train the model again, or remove the file"
        if not path.is_file():
            return None
        tensors = read_tensors(path, fix, ("measures", "fitted"))
        measures, fitted, clusters = tensors["measures"].double().numpy(), tensors["fitted"].bool().numpy(), tensors.get("clusters")
        fits = measures.shape == (len(fitted), len(ARTEFACTS) + len(STAIN)) and (clusters is None or clusters.shape == fitted.shape)
        if not fits or len(fitted) < LEAST or not np.isfinite(measures).all():
            raise InputError("not the measures of a model's images", where=path, fix=fix)
        return Appearance(measures, fitted, None if clusters is None else clusters.long().numpy())

    @staticmethod
    def of_source(measures: np.ndarray) -> Appearance | None:
        """What the images of one source look like, from a sample; None where it is too small. Its stain is not judged."""
        return Appearance(measures, np.ones(len(measures), dtype=bool)) if len(measures) >= LEAST else None


def appearance_of(measures: np.ndarray, clusters: np.ndarray | None, seed: int = 0) -> Appearance | None:
    """From images (M, 13) of training and calibration; half of the subjects (or images) give the centre of stain and light, the
    other half what is usual. None where there are too few."""
    if len(measures) < LEAST:
        return None
    units = np.arange(len(measures)) if clusters is None else clusters
    names = np.unique(units)
    if len(names) < 4:
        return Appearance(measures, np.ones(len(measures), dtype=bool), clusters)
    chosen = np.random.default_rng(seed).permutation(names)[: len(names) // 2]
    return Appearance(measures, np.isin(units, chosen), clusters)


class _StainDistance:
    """Mahalanobis distance from the stain and light of known images, by a covariance shrunk as Ledoit and Wolf (2004) do."""

    def __init__(self, known: np.ndarray) -> None:
        from sklearn.covariance import LedoitWolf

        self.centre, spread = known.mean(0), known.std(0)
        self.spread = np.where(spread > 1e-6, spread, 1.0)
        self.precision = np.asarray(LedoitWolf().fit((known - self.centre) / self.spread).precision_)

    def __call__(self, stain: np.ndarray) -> np.ndarray:
        away = (stain - self.centre) / self.spread
        return np.einsum("nd,de,ne->n", away, self.precision, away)
