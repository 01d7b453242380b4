"""Blood cells as other microscopes would show them: what `--normalise source` is worth where scale, stain, light and focus differ.

    CYTO_DATA=DATA uv run benchmarks/other_microscopes.py --model MODEL --work /tmp/other_microscopes

MODEL is a model folder that blood_cells.py trained. No real images of other microscopes stand beside it: these are simulated. Each
microscope is drawn with a seed, wider than the strong augmentation of training: scale by up to e^0.6 either way, optical density
of each colour from 0.5 to 1.7 of its own, gains from 0.75 to 1, contrast from 0.6 to 1, blur up to 2 px at 224 px. It shows the same
images of `test`, of the four classes that other collections have too (no basophils). The method was chosen on images of `val` under
three microscopes written by hand. Intervals are 95% bootstrap over images; the mean's, over microscopes and images.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from blood_cells import cells_table, some_of
from PIL import Image
from scipy.ndimage import gaussian_filter
from sklearn.metrics import f1_score
from torch import Tensor

from cytoscribe.core.images import read_image
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.tables import read_images
from cytoscribe.training.data.normalisation import Normalisation
from cytoscribe.training.model.model_folder import TrainedModel

LEFT_OUT = "basophil"
REPLICATES = 1000


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


def main() -> None:
    """Print a row a microscope, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model folder that blood_cells.py trained")
    parser.add_argument("--work", type=Path, required=True, help="folder for the simulated images")
    parser.add_argument("--microscopes", type=int, default=5, help="how many are drawn (default 5)")
    parser.add_argument("--per-class", type=int, default=80, help="test images of each class (default 80)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    model = TrainedModel.load(options.model)
    records = choose(options.per_class, options.seed)
    truth = np.array([model.regions.index(r.region) for r in records])
    rng = np.random.default_rng(options.seed)
    print(f"macro-F1 of {len(records)} test images of {len(set(truth))} classes, class captions, {options.model}\n")
    print("| microscope | times as far from training | as they are | normalised | what the search chose |\n|---|---|---|---|---|")
    own = model.encode_images(records)
    print(f"| training's own | {model.strangeness(own):.2f} | {told(truth, [predicted(model, own)])} | | |", flush=True)
    rows = []
    for number in range(options.microscopes):
        microscope = Microscope.drawn(rng)
        shown = write(records, microscope, options.work / f"{options.seed}-{number}")
        brought = model.normalised_to(shown)
        features = model.encode_images(shown)
        rows.append((predicted(model, features), predicted(model, brought.encode_images(shown))))
        plain, normalised = (told(truth, [named]) for named in rows[-1])
        times = model.strangeness(features)
        print(f"| {microscope} | {times:.2f} | {plain} | {normalised} | {brought.normalisation} |", flush=True)
    plain, normalised = (told(truth, [row[i] for row in rows]) for i in range(2))
    print(f"| mean of {len(rows)} | | {plain} | {normalised} | |")


def choose(per_class: int, seed: int) -> list[ImageRecord]:
    """The same number of test images of each class, drawn with the seed."""
    records = [r for r in read_images(cells_table(), region_column="label") if r.split == "test" and r.region != LEFT_OUT]
    rng = np.random.default_rng(seed)
    return [r for region in sorted({r.region for r in records}) for r in some_of(records, region, per_class, rng)]


def write(records: Sequence[ImageRecord], microscope: Microscope, folder: Path) -> list[ImageRecord]:
    """The images as the microscope shows them, as files."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = [replace(r, path=folder / f"{i}.png") for i, r in enumerate(records)]
    for record, copy in zip(records, shown, strict=True):
        Image.fromarray(microscope.shows(read_image(record.path))).save(copy.path)
    return shown


def predicted(model: TrainedModel, features: Tensor) -> np.ndarray:
    """(N,) index of the class whose captions lie nearest; features: (N, D)."""
    return (features @ model.class_features().T).argmax(1).numpy()


def told(truth: np.ndarray, runs: Sequence[np.ndarray]) -> str:
    """Mean macro-F1 over the runs (N,) with its 95% interval; runs and images are drawn anew."""
    classes = sorted(set(truth))

    def f1(named: np.ndarray, rows: np.ndarray) -> float:
        return float(f1_score(truth[rows], named[rows], labels=classes, average="macro"))

    rng = np.random.default_rng(0)
    every = np.arange(len(truth))
    value = np.mean([f1(named, every) for named in runs])
    means = []
    for _ in range(REPLICATES):
        rows = rng.integers(0, len(truth), len(truth))
        means.append(np.mean([f1(runs[i], rows) for i in rng.integers(0, len(runs), len(runs))]))
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
