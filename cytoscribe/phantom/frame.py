"""Where the cortex lies in the picture: the depth below the pia of every point, as a share of the local thickness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cytoscribe.phantom.tissue import PhantomSpec, Preparation


class Frame(Protocol):
    """What the drawing must know of the cortex's course; x and y in micrometres from the picture's upper left corner."""

    def depth(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Depth as a share of the local thickness: below 0 glass, above 1 white matter."""
        ...

    def along(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Distance along the cortical surface in micrometres: columns are lines where it is equal."""
        ...

    def apical(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Direction towards the pia in radians (image coordinates, y downwards)."""
        ...

    def shift(self, along: np.ndarray) -> np.ndarray:
        """Irregularity of the columns' distances, in micrometres."""
        ...


@dataclass(frozen=True)
class Wave:
    """A smooth random curve over x in micrometres, kept as values at steps of `step_um` from `start_um` on."""

    start_um: float
    step_um: float
    value: np.ndarray

    @classmethod
    def drawn(cls, rng: np.random.Generator, amplitude: float, longest_um: float, reach_um: float, terms: int = 3) -> Wave:
        """A sum of sines of lengths `longest_um`, its half, its third and so on, with standard deviation `amplitude`, that is
        known from -reach_um to 2 reach_um."""
        weights = rng.uniform(0.4, 1.0, terms) / np.arange(1, terms + 1)
        lengths = longest_um / np.arange(1, terms + 1) * rng.uniform(0.8, 1.25, terms)
        phases = rng.uniform(0, 2 * np.pi, terms)
        step = float(lengths.min()) / 200
        x = np.arange(-reach_um, 2 * reach_um + step, step)
        value = weights @ np.sin(2 * np.pi * x / lengths[:, None] + phases[:, None])
        return cls(-reach_um, step, value * amplitude * np.sqrt(2 / (weights**2).sum()))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        index = ((x - self.start_um) * (1 / self.step_um) + 0.5).astype(np.int64)
        return self.value.take(index, mode="clip")


@dataclass(frozen=True)
class FlatFrame:
    """A patch with the pia on top: straight but for a tilt and slow waves of pia and white-matter border."""

    tilt: float
    margin_um: float
    centre_um: float
    thickness_um: float
    pia: Wave
    thinning: Wave
    column_shift: Wave

    def apical(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.full(np.broadcast(x, y).shape, -np.pi / 2 + self.tilt)

    def shift(self, along: np.ndarray) -> np.ndarray:
        return self.column_shift(along)

    def depth(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        top = self.margin_um + (x - self.centre_um) * np.tan(self.tilt) + self.pia(x)
        return (y - top) / (self.thickness_um / np.cos(self.tilt) * (1 + self.thinning(x)))

    def along(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x - self.centre_um) * np.cos(self.tilt) + y * np.sin(self.tilt)

    def layer_map(self, size_px: tuple[int, int], pixel_size_um: float, spec: PhantomSpec) -> np.ndarray:
        """(H, W) uint8 layer of each pixel's centre."""
        y, x = ((np.indices(size_px) + 0.5) * pixel_size_um).reshape(2, *size_px)
        return layer_of(self.depth(x, y), spec)


def layer_of(depth: np.ndarray, spec: PhantomSpec) -> np.ndarray:
    """Index of the layer at relative depths: 0 glass, i + 1 the spec's layer i, len(layers) + 1 white matter; uint8."""
    return np.searchsorted(spec.borders, depth, side="right").astype(np.uint8)


def flat_frame(spec: PhantomSpec, preparation: Preparation, rng: np.random.Generator, width_um: float) -> FlatFrame:
    """Draw the frame of one patch."""
    return FlatFrame(
        tilt=np.deg2rad(preparation.tilt_deg),
        margin_um=preparation.margin_um + 2 * preparation.fold_um,
        centre_um=width_um / 2,
        thickness_um=spec.thickness_um * preparation.thickness,
        pia=Wave.drawn(rng, preparation.fold_um, max(width_um, 3000.0), width_um),
        thinning=Wave.drawn(rng, 0.02, max(width_um, 3000.0), width_um),
        column_shift=Wave.drawn(rng, 0.5 * spec.column_um, 9 * spec.column_um, width_um, terms=5),
    )
