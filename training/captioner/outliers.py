"""What the captioner must call unseen, made from what training has: spoilt images, blends of two regions, other tissue, and known
regions that play the unseen one in turn (outlier exposure, Hendrycks et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cytoscribe.training.captioner.resampler import Seen

SPOILT_SHARE = 0.2
"""Spoilt pictures that are encoded, as a share of the training images."""


def spoil(picture: np.ndarray, number: int) -> np.ndarray:
    """A picture (3, H, W) uint8 that shows no tissue of any region any more; which way it is spoilt depends on `number`.

    Vectors computed elsewhere come back with their dimensions in another order.
    """
    rng = np.random.default_rng([number, 11])
    if picture.ndim != 3 or picture.dtype != np.uint8:
        return picture[..., rng.permutation(picture.shape[-1])]
    way = WAYS[int(rng.integers(len(WAYS)))]
    return np.ascontiguousarray(way(picture.astype(np.float32), rng).clip(0, 255).astype(np.uint8))


def _shuffled(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Squares of the picture in another order."""
    side = min(picture.shape[1:]) // int(rng.integers(3, 6))
    rows, columns = picture.shape[1] // side, picture.shape[2] // side
    squares = [picture[:, r * side : (r + 1) * side, c * side : (c + 1) * side] for r in range(rows) for c in range(columns)]
    order = rng.permutation(len(squares))
    result = picture.copy()
    for place, take in enumerate(order):
        r, c = divmod(place, columns)
        result[:, r * side : (r + 1) * side, c * side : (c + 1) * side] = squares[take]
    return result


def _blurred(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    wide = min(picture.shape[1:]) * rng.uniform(0.05, 0.15)
    return np.asarray(gaussian_filter(picture, (0, wide, wide)))


def _inverted(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return 255 - picture


def _recoloured(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Channels in another order, with other gains."""
    order = [[1, 2, 0], [2, 0, 1], [0, 2, 1], [1, 0, 2]][int(rng.integers(4))]
    return picture[order] * rng.uniform(0.5, 1.3, (3, 1, 1))


def _noisy(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return picture + rng.normal(0, rng.uniform(40, 90), picture.shape)


def _part(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A small part, enlarged three to five times."""
    from scipy.ndimage import zoom

    times = rng.uniform(3, 5)
    height, width = (max(4, int(n / times)) for n in picture.shape[1:])
    y, x = int(rng.integers(picture.shape[1] - height + 1)), int(rng.integers(picture.shape[2] - width + 1))
    cut = picture[:, y : y + height, x : x + width]
    return np.asarray(zoom(cut, (1, picture.shape[1] / height, picture.shape[2] / width), order=1))[
        :, : picture.shape[1], : picture.shape[2]
    ]


def _empty(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The background alone: the picture's brightest colour, slightly uneven."""
    colour = np.percentile(picture.reshape(3, -1), 90, axis=1)[:, None, None]
    return colour + rng.normal(0, 4, picture.shape)


WAYS = (_shuffled, _blurred, _inverted, _recoloured, _noisy, _part, _empty)


@dataclass(frozen=True)
class OutlierBank:
    """Where outliers are drawn from. known: the training images with their regions (N,); banks: encoded images that are outliers as they
    are (spoilt ones, other tissue)."""

    known: Seen
    regions: np.ndarray
    banks: tuple[Seen, ...]

    def draw(self, count: int, rng: np.random.Generator) -> Seen:
        """`count` outliers: blends of two regions, and images of each bank, equally often."""
        blends = len(np.unique(self.regions)) > 1
        kinds = [*([-1] if blends else []), *range(len(self.banks))]
        drawn = [kinds[int(k)] for k in rng.integers(len(kinds), size=count)] if kinds else []
        parts = [self._blend(rng) if kind < 0 else _one(self.banks[kind], rng) for kind in drawn]
        return Seen.joined(parts) if parts else self.known.rows(torch.zeros(0, dtype=torch.int64))

    @property
    def usable(self) -> bool:
        """False where there is nothing to make outliers from."""
        return len(np.unique(self.regions)) > 1 or bool(self.banks)

    def _blend(self, rng: np.random.Generator) -> Seen:
        """Between two images of different regions; of grids, some tokens of one and the rest of the other in half of the cases."""
        one = int(rng.integers(len(self.regions)))
        others = np.flatnonzero(self.regions != self.regions[one])
        other = int(others[rng.integers(len(others))])
        a, b = (self.known.rows(torch.tensor([i])) for i in (one, other))
        share = float(rng.uniform(0.35, 0.65))
        tokens = a.grid.shape[1]
        if tokens > 1 and rng.random() < 0.5:
            order = torch.from_numpy(rng.permutation(tokens))
            taken = (order < min(max(1, round(share * tokens)), tokens - 1))[None, :, None]
            return Seen(torch.where(taken, a.grid, b.grid), _between(a.vector, b.vector, share))
        return Seen(_between(a.grid, b.grid, share), _between(a.vector, b.vector, share))


def _between(one: Tensor, other: Tensor, share: float) -> Tensor:
    return (one.float() * share + other.float() * (1 - share)).to(one.dtype)


def _one(bank: Seen, rng: np.random.Generator) -> Seen:
    return bank.rows(torch.tensor([int(rng.integers(len(bank)))]))
