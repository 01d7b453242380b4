"""Simulated microscopes: the blood cells as another stain, light, camera and framing would show them.

Each microscope has a palette: where the background, red cells, the cytoplasm of the cell in the middle, its granules and its nucleus lie
in colour. A pixel moves as its neighbours in colour do (recolouring by palette, Chang et al. 2015), the cytoplasm apart from the red
cells beside it; then come framing, resolution, focus, vignette, response curve, noise and JPEG with its coarser colours. None of these
mechanisms is one of training's augmentation, which turns optical densities by one matrix an image. `benchmarks/microscopes.json` holds the
written ones; `drawn` makes others at random. The colours there are written from how such smears look, not measured on any data set.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt, gaussian_filter, label, uniform_filter

FILE = Path(__file__).with_suffix(".json")
PARTS = ("background", "red_cell", "cytoplasm", "granule", "nucleus")
HOME = {
    "red_cell": (0.22, 0.36, 0.26),
    "cytoplasm": (0.20, 0.28, 0.10),
    "granule": (0.20, 0.65, 0.62),
    "nucleus": (1.35, 1.75, 0.75),
}
"""Optical densities of the parts at home, above those of the background (from training images)."""
REACH = 0.22
"""How near in optical density a pixel is to a part of the palette that moves it."""


@dataclass(frozen=True)
class Microscope:
    """colours: RGB in 0 to 255 of each part; cell: factor by which the cell is enlarged; side: pixels that the camera has for the picture;
    defocus: radius of the disc in shares of the side; vignette: loss of light in the corners; gamma: of the response; saturation: of
    the camera's colours; sharpen: strength; noise: standard deviation in grey levels; quality: of the JPEG."""

    name: str
    colours: dict[str, tuple[float, ...]]
    cell: float = 1.0
    side: int = 160
    defocus: float = 0.0
    vignette: float = 0.0
    gamma: float = 1.0
    saturation: float = 1.0
    sharpen: float = 0.0
    noise: float = 2.0
    quality: int = 85

    def shows(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The image (H, W, 3) uint8 as this microscope shows it, of the same size; slides of one microscope differ a little."""
        light = self._stained(_density(image), rng)
        light = self._through_lens(light, rng)
        return self._photographed(light, rng, image.shape[0])

    def _stained(self, density: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(H, W, 3) light in 0 to 1, recoloured; density is above the background's."""
        parts = PARTS[1:]
        before = np.array([HOME[p] for p in parts])
        ground = -np.log(np.clip(np.asarray(self.colours["background"]) / 255 + rng.normal(0, 0.015, 3), 0.05, 0.995))
        after = np.array([-np.log(np.asarray(self.colours[p]) / 255) for p in parts]) - ground
        after = np.maximum(after, -0.1) * np.exp(rng.normal(0, 0.08, (len(parts), 1)))
        anchors, targets = np.vstack([np.zeros(3), before]), np.vstack([np.zeros(3), after])
        near = -((density[:, :, None] - anchors) ** 2).sum(-1) / (2 * REACH**2)  # (H, W, 5)
        inside = _cell(density)[..., None]
        near[..., 1:2] += np.log(np.maximum(1 - inside, 1e-3))  # red cells lie outside of the cell in the middle
        near[..., 2:3] += np.log(np.maximum(inside, 1e-3))
        near[..., 3:4] += np.log(np.maximum(inside, 1e-2))
        share = np.exp(near - near.max(-1, keepdims=True))
        share /= share.sum(-1, keepdims=True)
        stretch = np.vstack([np.ones(3), np.clip((after.mean(1) / before.mean(1))[:, None] * np.ones(3), 0.4, 1.6)])
        residual = density - share @ anchors
        return np.exp(-(ground + share @ targets + residual * (share @ stretch)))

    def _through_lens(self, light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        cell = self.cell * float(np.exp(rng.normal(0, 0.06)))
        light = _resized(_enlarged(light, cell, rng), self.side)
        if self.defocus:
            radius = self.defocus * self.side * float(rng.uniform(0.4, 1.2))
            light = np.stack([_disc(light[..., c], radius) for c in range(3)], -1)
        if self.vignette:
            y, x = np.mgrid[-1 : 1 : self.side * 1j, -1 : 1 : self.side * 1j]
            light = light * (1 - self.vignette * (x**2 + y**2)[..., None] / 2)
        return light

    def _photographed(self, light: np.ndarray, rng: np.random.Generator, side: int) -> np.ndarray:
        grey = light.mean(-1, keepdims=True)
        light = np.clip(grey + (light - grey) * self.saturation, 0, 1) ** self.gamma
        if self.sharpen:
            light = light + self.sharpen * (light - gaussian_filter(light, (1.2, 1.2, 0)))
        levels = np.clip(light * 255 + rng.normal(0, self.noise, light.shape), 0, 255).astype(np.uint8)
        held = io.BytesIO()
        Image.fromarray(levels).save(held, "JPEG", quality=self.quality, subsampling=2)
        return np.asarray(Image.open(held).convert("RGB").resize((side, side), Image.Resampling.BICUBIC))


@lru_cache
def written() -> tuple[Microscope, ...]:
    """The microscopes of the file, in its order."""
    told = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(Microscope(**{**row, "colours": {k: tuple(v) for k, v in row["colours"].items()}}) for row in told)


def drawn(seed: int) -> Microscope:
    """One at random: colours around those of the written ones mixed with each other, and all else in their range."""
    rng = np.random.default_rng([20, seed])
    own = written()
    mixed = {p: _mixed([m.colours[p] for m in own], rng) for p in PARTS}
    return Microscope(
        name=f"drawn {seed}",
        colours=mixed,
        cell=float(np.exp(rng.uniform(-0.3, 0.75))),
        side=int(rng.integers(80, 200)),
        defocus=float(rng.uniform(0, 0.015)),
        vignette=float(rng.uniform(0, 0.35)),
        gamma=float(np.exp(rng.uniform(-0.3, 0.3))),
        saturation=float(rng.uniform(0.6, 1.4)),
        sharpen=float(rng.uniform(0, 1)),
        noise=float(rng.uniform(1, 6)),
        quality=int(rng.integers(40, 95)),
    )


def _mixed(colours: list[tuple[float, ...]], rng: np.random.Generator) -> tuple[float, ...]:
    first, second = rng.choice(len(colours), 2, replace=False)
    share = rng.uniform()
    mean = share * np.asarray(colours[first]) + (1 - share) * np.asarray(colours[second])
    return tuple(float(v) for v in np.clip(mean + rng.normal(0, 10, 3), 10, 252))


def _density(image: np.ndarray) -> np.ndarray:
    """(H, W, 3) optical density above that of the background: of the brightest tenth of the image."""
    density = -np.log(np.clip(image.astype(np.float64), 4, 255) / 255)
    grey = density.mean(-1)
    ground = density[grey <= np.quantile(grey, 0.15)].mean(0)
    return density - ground


def _cell(density: np.ndarray) -> np.ndarray:
    """(H, W) in 0 to 1: near the nucleus in the middle, within a radius like the nucleus's own."""
    smooth = uniform_filter(density[..., 1] + density[..., 0], 3)
    regions = np.empty(smooth.shape, dtype=np.int32)
    label(smooth > 1.3, output=regions)
    height, width = density.shape[:2]
    middle = regions[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4]
    counts = np.bincount(middle.ravel())
    if len(counts) < 2 or not counts[1:].any():
        return np.ones(smooth.shape)
    nucleus = np.isin(regions, 1 + np.flatnonzero(counts[1:] > 0.05 * counts[1:].max()))
    reach = 0.55 * np.sqrt(nucleus.sum() / np.pi)
    return 1 / (1 + np.exp((distance_transform_edt(~nucleus) - reach) / 1.5))


def _enlarged(light: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    side = light.shape[0]
    wanted = max(8, round(side / factor))
    if wanted >= side:
        pad = (wanted - side + 1) // 2
        return np.pad(light, ((pad, pad), (pad, pad), (0, 0)), mode="reflect")
    slack = (side - wanted) // 2
    reach = min(slack, max(1, side // 25))
    top, left = slack + rng.integers(-reach, reach + 1, 2)
    return light[top : top + wanted, left : left + wanted]


def _resized(light: np.ndarray, side: int) -> np.ndarray:
    planes = [
        Image.fromarray(light[..., c].astype(np.float32)).resize(
            (side, side), Image.Resampling.BOX if light.shape[0] > side else Image.Resampling.BICUBIC
        )
        for c in range(3)
    ]
    return np.stack([np.asarray(p) for p in planes], -1)


def _disc(plane: np.ndarray, radius: float) -> np.ndarray:
    """Blur by a disc: light that comes together before or behind the camera."""
    from scipy.signal import fftconvolve

    reach = int(np.ceil(radius))
    if reach < 1:
        return plane
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    padded = np.pad(plane, reach, mode="reflect")
    return fftconvolve(padded, kernel / kernel.sum(), mode="valid")
