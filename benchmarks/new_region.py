"""A new class from k images: what `extend-model` gives on blood cells, for the new class and for the old ones.

    CYTO_DATA=DATA uv run benchmarks/new_region.py --model MODEL --work /tmp/new_region

MODEL is a model folder that blood_cells.py trained. Each of the three classes that no stage has seen is added in turn from k of its
images, drawn five times; its other images, the test images of the five old classes, and the two other unseen classes are measured.
Without training: the encoder stays as it is. Means over classes and draws, with the standard deviation over both in brackets.

--choose is what the place of a new class was chosen by: each old class in turn, as if it were new, on validation images that the model
folder keeps; no test image and no unseen class is read then.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from blood_cells import cells_table
from remembered import RememberedModel
from sklearn.metrics import f1_score

from cytoscribe.core.tables import read_images
from cytoscribe.training.model.extension import extended, modality_gap, prototype
from cytoscribe.training.model.model_folder import TrainedModel
from cytoscribe.training.rejection.conformal import Rejection

SHOTS = (1, 2, 4, 8, 16)


def main() -> None:
    """Print a row a number of images."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model folder that blood_cells.py trained")
    parser.add_argument("--work", type=Path, required=True, help="folder for remembered features")
    parser.add_argument("--draws", type=int, default=5, help="draws of the k images (default 5)")
    parser.add_argument("--choose", action="store_true", help="compare ways to place a new class, on validation images")
    options = parser.parse_args()
    if options.choose:
        choose(TrainedModel.load(options.model).rejection, options.draws)
        return
    model = RememberedModel(TrainedModel.load(options.model), options.work / "features.safetensors")
    records = [r for r in read_images(cells_table(), region_column="label") if r.split in ("test", "unseen")]
    features, labels = model.encode_images(records), np.array([r.region for r in records])
    unseen = sorted({r.region for r in records if r.split == "unseen"})
    known = np.isin(labels, model.regions)
    truth = np.array([model.regions.index(name) for name in labels[known]])
    before = named(model.rejection, features[torch.from_numpy(known)])
    print(
        f"before: macro-F1 of the old {f1_score(truth, before[0], average='macro'):.3f}, rejected {before[1].mean():.3f}; {known.sum()} images\n"
    )
    print(
        "| images | new: named so, of those accepted | new: rejected | old: macro-F1 | old: rejected | other unseen: rejected |\n|---|---|---|---|---|---|"
    )
    for shots in SHOTS:
        rows = np.array(
            [
                row
                for new in unseen
                for row in one(model.rejection, features, labels, known, truth, new, unseen, shots, options.draws)
            ]
        )
        cells = " | ".join(f"{rows[:, k].mean():.3f} ({rows[:, k].std():.3f})" for k in range(rows.shape[1]))
        print(f"| {shots} | {cells} |", flush=True)


def one(
    rejection: Rejection,
    features: torch.Tensor,
    labels: np.ndarray,
    known: np.ndarray,
    truth: np.ndarray,
    new: str,
    unseen: list[str],
    shots: int,
    draws: int,
) -> list[tuple[float, ...]]:
    """The figures of one new class, a row a draw."""
    found = []
    own, others = np.flatnonzero(labels == new), np.isin(labels, [u for u in unseen if u != new])
    for seed in range(draws):
        order = np.random.default_rng([seed, shots]).permutation(own)
        after = extended(rejection, {new: features[torch.from_numpy(order[:shots])]}, seed=seed)
        name, rejected = named(after, features[torch.from_numpy(order[16:])])
        old, old_rejected = named(after, features[torch.from_numpy(known)])
        right = float((name == len(rejection.regions))[~rejected].mean()) if (~rejected).any() else 0.0
        f1 = float(f1_score(truth, old, average="macro", labels=range(len(rejection.regions))))
        other = named(after, features[torch.from_numpy(others)])[1]
        found.append((right, float(rejected.mean()), f1, float(old_rejected.mean()), float(other.mean())))
    return found


def choose(rejection: Rejection, draws: int) -> None:
    """Macro-F1 of all classes where each in turn is known from k images: by their mean as it is, and moved by the modality gap."""
    context, kept = rejection.context, rejection.held_out
    assert kept is not None
    truth, labels = kept.labels.numpy(), context.labels.numpy()
    print("| images | mean of the images | moved by the gap between captions and images |\n|---|---|---|")
    for shots in SHOTS:
        found: list[tuple[float, float]] = []
        for region in range(len(context.classes)):
            others = torch.from_numpy(labels != region)
            gap = modality_gap(replace(context, bank=context.bank[others], labels=context.labels[others]))
            for seed in range(draws):
                few = np.random.default_rng([seed, region, shots]).permutation(np.flatnonzero(labels == region))[:shots]
                row = []
                for moved in (torch.zeros_like(gap), gap):
                    classes = context.classes.clone()
                    classes[region] = prototype(context.bank[torch.from_numpy(few)], moved)
                    row.append(float(f1_score(truth, (kept.features @ classes.T).argmax(1).numpy(), average="macro")))
                found.append((row[0], row[1]))
        values = np.array(found)
        cells = " | ".join(f"{values[:, k].mean():.3f} (worst {values[:, k].min():.3f})" for k in range(2))
        print(f"| {shots} | {cells} |", flush=True)


def named(rejection: Rejection, features: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Index of the region named, and whether it is rejected, (N,) each."""
    name = (features @ rejection.context.classes.T).argmax(1).numpy()
    return name, rejection.rejects(rejection.scores(features), name)


if __name__ == "__main__":
    main()
