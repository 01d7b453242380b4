"""Artefacts and other microscopes by pixels: what each is called, on validation images that were spoiled on purpose.

    CYTO_DATA=DATA uv run benchmarks/artefacts.py --model MODEL

MODEL is a model folder that blood_cells.py trained; its appearance.safetensors holds what its own images look like. Images of `val` are
shown as they are, empty (glass and camera noise), blurred, folded, over-lit, and under microscopes drawn at random
(microscopes.py). LEAST_EXCESS in training/rejection/appearance.py was set by this table; no test image is read.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from blood_cells import cells_table
from microscopes import Microscope, drawn
from scipy.ndimage import gaussian_filter

from cytoscribe.core.errors import InputError
from cytoscribe.core.images import read_image
from cytoscribe.core.tables import read_images
from cytoscribe.training.images import squared
from cytoscribe.training.rejection.appearance import ARTEFACTS, Appearance, measure

ALPHA = 0.05
Spoil = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    """Print a row a way of spoiling."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model folder that blood_cells.py trained")
    parser.add_argument("--images", type=int, default=120, help="validation images (default 120)")
    parser.add_argument("--px", type=int, default=96, help="side of the images that the model sees (default 96)")
    options = parser.parse_args()
    appearance = Appearance.load(options.model)
    if appearance is None:
        raise InputError("the model holds no measures of its images", where=options.model, fix="train it again")
    records = [r for r in read_images(cells_table(), region_column="label") if r.split == "val"]
    chosen = np.random.default_rng(0).permutation(len(records))[: options.images]
    images = [squared(read_image(records[i].path), options.px) for i in chosen]
    print(
        f"{len(images)} images of val\n\n| shown | called an artefact, p at most {ALPHA / 5:g} | which | same microscope rejected at {ALPHA:g} | excess of each |"
    )
    print("|---|---|---|---|---|")
    for name, spoil in ways().items():
        looks = appearance.looks(measure(np.stack([spoil(i) for i in images]).transpose(0, 3, 1, 2)))
        called = looks.artefact <= ALPHA / 5
        kinds = Counter(looks.kind(int(i)) for i in np.flatnonzero(called))
        excess = ", ".join(f"{k} {np.median(looks.excess[:, j]):.1f}" for j, k in enumerate(ARTEFACTS))
        told = ", ".join(f"{k} {n}" for k, n in kinds.most_common())
        rejected = "" if looks.microscope is None else f"{(looks.microscope <= ALPHA).mean():.2f}"
        print(f"| {name} | {called.mean():.2f} | {told} | {rejected} | {excess} |")


def ways() -> dict[str, Spoil]:
    """Name to what is done to an image (H, W, 3) uint8."""
    rng = np.random.default_rng(1)

    def empty(image: np.ndarray) -> np.ndarray:
        light = np.percentile(image, 95, axis=(0, 1))
        return as_bytes(light + rng.normal(0, 2, image.shape))

    def folded(image: np.ndarray) -> np.ndarray:
        dark = image.astype(float)
        dark[len(dark) // 5 : len(dark) * 3 // 5] *= 0.2
        return as_bytes(dark)

    found: dict[str, Spoil] = {
        "as it is": lambda image: image,
        "empty": empty,
        "blurred, 2 px": lambda image: gaussian_filter(image, (2.0, 2.0, 0)),
        "folded": folded,
        "over-lit, 1.5 times": lambda image: as_bytes(image * 1.5),
    }
    for number in range(6):
        microscope = drawn(number)
        found[f"microscope: {microscope.name}"] = partial(_through, microscope, number)
    return found


def _through(microscope: Microscope, seed: int, image: np.ndarray) -> np.ndarray:
    return microscope.shows(image, np.random.default_rng([7, seed]))


def as_bytes(light: np.ndarray) -> np.ndarray:
    """As uint8."""
    return np.clip(light, 0, 255).round().astype(np.uint8)


if __name__ == "__main__":
    main()
