"""The quickstart's promise: are known areas rejected no more often than promised, whatever subjects happen to calibrate it?

    cytoscribe quickstart --out QUICKSTART
    uv run benchmarks/quickstart_promise.py --quickstart QUICKSTART --work /tmp/promise

The model of QUICKSTART stays as it is. For each drawing seed four subjects of validation and six of test are drawn, which it has never
seen; the rejection is calibrated on the four, by image (every image counted singly) and by subject, and measured on the six. Intervals
are 95%, over subjects drawn again. `kept`: the interval does not lie above the promise.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from remembered import RememberedModel

from cytoscribe.core.records import ImageRecord
from cytoscribe.phantom.images import ImageSettings, Plan, plans
from cytoscribe.training.data.label_sets import HeldOut
from cytoscribe.training.held_out import hanging_together
from cytoscribe.training.model.model_folder import TrainedModel
from cytoscribe.training.rejection.conformal import Rejection
from cytoscribe.training.rejection.selection import chosen_and_calibrated

REPLICATES = 2000


def main() -> None:
    """Print a row a drawing seed, and how many keep the promise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quickstart", type=Path, required=True, help="folder of a finished quickstart")
    parser.add_argument("--work", type=Path, required=True, help="folder for pictures and features")
    parser.add_argument("--seeds", type=int, default=10, help="drawing seeds, from 1001 on (default 10)")
    options = parser.parse_args()
    model = RememberedModel(TrainedModel.load(options.quickstart / "model"), options.work / "features.safetensors")
    print(
        "| drawing seed | known rejected, by image | kept | by subject | kept | unseen rejected, by image / by subject |\n|---|---|---|---|---|---|"
    )
    kept = {"image": 0, "subject": 0}
    rates: dict[str, list[float]] = {"image": [], "subject": []}
    for seed in range(1001, 1001 + options.seeds):
        found = {unit: one(model, options.work / f"seed-{seed}", seed, unit) for unit in kept}
        for unit, (rejected, low, _, _) in found.items():
            kept[unit] += low <= model.rejection.alpha
            rates[unit].append(rejected)
        cells = [
            f"{r:.3f} [{low:.3f}, {high:.3f}] | {'yes' if low <= model.rejection.alpha else 'NO'}"
            for r, low, high, _ in found.values()
        ]
        print(f"| {seed} | {' | '.join(cells)} | {found['image'][3]:.2f} / {found['subject'][3]:.2f} |", flush=True)
    for unit, count in kept.items():
        print(f"by {unit}: kept in {count} of {options.seeds}; mean known rejected {np.mean(rates[unit]):.3f}")


def one(model: Any, folder: Path, seed: int, unit: str) -> tuple[float, float, float, float]:
    """Known rejected with its interval, and unseen rejected."""
    drawn = {split: drawn_images(folder, seed, split) for split in ("val", "test", "unseen")}
    features = {split: model.encode_images(records) for split, records in drawn.items()}
    rejection: Rejection = model.rejection
    labels = torch.tensor([model.regions.index(r.region) for r in drawn["val"]])
    name, clusters = hanging_together(drawn["val"])
    held_out = HeldOut(features["val"], labels, clusters if unit == "subject" else None)
    judge = chosen_and_calibrated(rejection.context, held_out, model.regions, rejection.alpha, unit=name)
    rejected = {split: rejects(judge, features[split]) for split in ("test", "unseen")}
    low, high = interval(rejected["test"], [r.subject for r in drawn["test"]])
    return float(rejected["test"].mean()), low, high, float(rejected["unseen"].mean())


def rejects(rejection: Rejection, features: torch.Tensor) -> np.ndarray:
    """(N,) 0 or 1."""
    named = (features @ rejection.context.classes.T).argmax(1).numpy()
    return rejection.rejects(rejection.scores(features), named).astype(float)


def interval(values: np.ndarray, subjects: list[str]) -> tuple[float, float]:
    """95% percentiles over subjects drawn again."""
    index = np.unique(subjects, return_inverse=True)[1]
    means = np.bincount(index, weights=values) / np.bincount(index)
    drawn = means[np.random.default_rng(0).integers(len(means), size=(REPLICATES, len(means)))].mean(1)
    return float(np.percentile(drawn, 2.5)), float(np.percentile(drawn, 97.5))


def drawn_images(folder: Path, seed: int, split: str) -> list[ImageRecord]:
    """The pictures of one split, drawn where they are not there yet."""
    settings = ImageSettings(seed=seed)
    return [record(folder, plan, settings) for plan in plans(settings) if plan.split == split]


def record(folder: Path, plan: Plan, settings: ImageSettings) -> ImageRecord:
    """One picture as a row of an images table."""
    from PIL import Image

    path = folder / plan.path
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(plan.draw(settings).image).save(path)
    return replace(ImageRecord(path, plan.area.name), subject=plan.subject.name)


if __name__ == "__main__":
    main()
