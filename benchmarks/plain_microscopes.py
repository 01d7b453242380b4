"""Simulated microscopes of the plain kind: scale, densities, gains, contrast and focus differ, the same all over a picture.

benchmarks/source_rejection.py chose its method under these; benchmarks/microscopes.py has those that recolour each part of a cell apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from cytoscribe.training.data.normalisation import Normalisation


@dataclass(frozen=True)
class Microscope:
    """scale: enlargement; density: factors of the optical density of red, green and blue; gain: factors of the light; contrast; blur:
    sigma in pixels."""

    scale: float
    density: tuple[float, ...]
    gain: tuple[float, ...]
    contrast: float
    blur: float

    @staticmethod
    def drawn(rng: np.random.Generator) -> Microscope:
        """One at random."""
        return Microscope(
            scale=float(np.exp(rng.uniform(-0.6, 0.6))),
            density=tuple(rng.uniform(0.5, 1.7, 3)),
            gain=tuple(rng.uniform(0.75, 1.0, 3)),
            contrast=float(rng.uniform(0.6, 1.0)),
            blur=float(rng.uniform(0, 2)),
        )

    def shows(self, image: np.ndarray) -> np.ndarray:
        """The image (H, W, 3) uint8 as this microscope shows it, of the same size."""
        height, width = image.shape[:2]
        framed = Normalisation(self.scale).of(image)
        light = np.asarray(Image.fromarray(framed).resize((width, height), Image.Resampling.BICUBIC), np.float64) / 255
        light = np.clip(light, 1 / 255, 1) ** np.asarray(self.density) * np.asarray(self.gain)
        light = (light - light.mean()) * self.contrast + light.mean()
        light = gaussian_filter(light, (self.blur, self.blur, 0))
        return (np.clip(light, 0, 1) * 255).round().astype(np.uint8)

    def __str__(self) -> str:
        density, gain = ("/".join(f"{v:.2f}" for v in values) for values in (self.density, self.gain))
        return f"scale {self.scale:.2f}, density {density}, gain {gain}, contrast {self.contrast:.2f}, blur {self.blur:.1f} px"
