"""What a mapped section says: a label, a confidence and a share of rejected tiles for every cell of a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cytoscribe.eval.reasons import REGION

BACKGROUND = 0
OVERLAY_FILE = "overlay.png"


@dataclass(frozen=True)
class SectionMap:
    """What was mapped, one cell a step of the grid. step: section pixels a cell; probabilities (h, w, K) mean softmax of the tiles
    over a cell, NaN on glass; unseen (h, w): share of those tiles that were rejected, NaN on glass; because (h, w, 2): share of the tiles
    that are artefacts, and of those of another microscope, None where that was not requested; tiles: how many were judged, by reason; notes: what
    the names and the rejection rest on, for people."""

    regions: tuple[str, ...]
    step: int
    probabilities: np.ndarray
    unseen: np.ndarray
    alpha: float
    out: Path
    because: np.ndarray | None = None
    tiles: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def others(self) -> tuple[str, ...]:
        """Names of the labels behind the regions."""
        return ("unseen", "artefact", "another microscope")

    @property
    def labels(self) -> np.ndarray:
        """(h, w) uint16: 0 glass, i + 1 the i-th region, K + 1 unseen: where most tiles over the cell were rejected; K + 2 an artefact,
        K + 3 another microscope: where most tiles were called that."""
        known = np.nan_to_num(self.probabilities).argmax(2) + 1
        labels = np.where(self.unseen > 0.5, len(self.regions) + 1, known)
        if self.because is not None:
            for k in range(self.because.shape[2]):
                labels = np.where(self.because[..., k] > 0.5, len(self.regions) + 2 + k, labels)
        return np.where(np.isnan(self.unseen), BACKGROUND, labels).astype(np.uint16)

    @property
    def confidence(self) -> np.ndarray:
        """(h, w) in [0, 1]: probability of the region named, 0 on glass."""
        return np.nan_to_num(self.probabilities).max(2)

    @property
    def shares(self) -> dict[str, float]:
        """Label to its share of the tissue, largest first; regions that were not found are left out."""
        counts = np.bincount(self.labels.ravel(), minlength=len(self.regions) + 4)[1:]
        names = (*self.regions, *self.others)
        return {names[i]: float(counts[i] / max(counts.sum(), 1)) for i in np.argsort(-counts, kind="stable") if counts[i]}

    def lines(self) -> list[str]:
        """The summary for people."""
        top = [f"  {name}: {share:.0%} of the tissue" for name, share in list(self.shares.items())[:12]]
        return [
            f"{len(self.shares)} labels on the section (tiles rejected at alpha = {self.alpha:g} are unseen)",
            *top,
            *self._counted(),
            *(f"  beware: {note}" for note in self.notes),
            f"look at {self.out / OVERLAY_FILE}",
        ]

    def _counted(self) -> list[str]:
        """Tiles that show no region, which the shares hide where most tiles over a cell do."""
        others = [f"{count} {reason}" for reason, count in self.tiles.items() if reason != REGION and count]
        if not others:
            return []
        return [f"  of {sum(self.tiles.values())} tiles: {', '.join(others)} (marked where most tiles over a place say so)"]
