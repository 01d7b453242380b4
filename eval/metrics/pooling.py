"""How much each of two scales is worth beside the other: weights of a logarithmic opinion pool, fitted on validation pieces.

An expert whose probabilities are too sure of themselves, or that is often wrong, must not outvote the other: the log-probabilities of
each are weighted before they are added (Heskes 1998, "Selecting weighting factors in logarithmic opinion pools", equation 1).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json, write_json
from cytoscribe.core.shapes import check, entries, number, whole
from cytoscribe.eval.metrics.naming import normalised

POOL_FILE = "pool.json"
_FORM = entries({"region": number(0, 1e6), "tile": number(0, 1e6), "pieces": whole(0, 10**9)})
LEAST_PIECES = 10
"""Fewer validation pieces tell too little of either scale: both count alike."""


@dataclass(frozen=True)
class Pool:
    """region, tile: what the log-probabilities of a crop, and the mean of those of its tiles, are multiplied with, not below 0;
    pieces: validation pieces that they were fitted on, 0 for weights that nothing was fitted for."""

    region: float = 1.0
    tile: float = 1.0
    pieces: int = 0

    @property
    def tile_share(self) -> float:
        """Share of the tiles in what both say together, 0 to 1."""
        return self.tile / (self.region + self.tile)

    def probabilities(self, region: np.ndarray, tile: np.ndarray) -> np.ndarray:
        """(U, K) from the log-probabilities (U, K) of both scales."""
        return normalised(self.region * region + self.tile * tile)

    def scores(self, region: np.ndarray, tile: np.ndarray) -> np.ndarray:
        """(U,): the weighted mean of rejection scores (U,)."""
        return (1 - self.tile_share) * region + self.tile_share * tile

    def p_values(self, region: np.ndarray, tile: np.ndarray) -> np.ndarray:
        """(U,) p-values from one of the crop and the mean of those of its tiles, whatever their dependence.

        A weighted mean of p-values, times 2 or times one over the greatest weight, whichever is less, is a p-value again (Vovk and
        Wang 2020, "Combining p-values via averaging"). The mean of tiles represents many small weights, so only the crop's can
        bring the factor below 2.
        """
        share = self.tile_share
        factor = min(2.0, 1 / (1 - share)) if share < 1 else 2.0
        return np.minimum(factor * ((1 - share) * region + share * tile), 1.0)

    def save(self, folder: Path) -> None:
        """Write pool.json."""
        write_json(folder / POOL_FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Pool:
        """Of a folder of fuse-scales. Raises InputError where there is none, or it is damaged."""
        path = folder / POOL_FILE
        if not path.is_file():
            raise InputError(f"no {POOL_FILE}", where=folder, fix="give the folder that fuse-scales wrote")
        told = check(read_json(path), _FORM, path, "run fuse-scales again")
        if told["region"] + told["tile"] <= 0:
            raise InputError("both weights are 0", where=path, fix="run fuse-scales again")
        return cls(float(told["region"]), float(told["tile"]), told["pieces"])


def fitted(region: np.ndarray, tile: np.ndarray, truth: np.ndarray) -> Pool:
    """The likeliest weights for log-probabilities (U, K) of both scales and the true regions (U,) int, under a normal prior about 1
    with deviation 1; equal weights for fewer than `LEAST_PIECES` pieces."""
    from scipy.optimize import minimize

    if len(truth) < LEAST_PIECES:
        return Pool()
    rows = np.arange(len(truth))

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        shares = normalised(weights[0] * region + weights[1] * tile)
        slope = [((shares * view).sum(1) - view[rows, truth]).sum() for view in (region, tile)]
        value = -np.log(np.maximum(shares[rows, truth], 1e-300)).sum() + 0.5 * ((weights - 1) ** 2).sum()
        return float(value), np.array(slope) + weights - 1

    found = minimize(loss, np.ones(2), jac=True, method="L-BFGS-B", bounds=[(0, None)] * 2)
    first, other = (float(w) for w in found.x)
    return Pool(first, other, len(truth)) if first + other > 0 else Pool()
