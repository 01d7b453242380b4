"""Another microscope: what `recalibrate --source` is worth there, without labels and with 5 to 50 labelled images.

    CYTO_DATA=DATA uv run benchmarks/source_rejection.py --model MODEL --work /tmp/source_rejection            # LISC
    CYTO_DATA=DATA uv run benchmarks/source_rejection.py --model MODEL --work /tmp/source_rejection --choose   # validation images

MODEL is a model folder that blood_cells.py trained. The default measures on DATA/blood_cells_lisc: half of its cells, drawn, are the
sample of the source (without labels), or some of that half with labels; the other half is measured, against the three classes of
blood_cells that no stage has seen. Figures are means over draws; intervals are 95%, over draws and images (both drawn again).

--choose is what the method was chosen by: images of `val` under microscopes drawn at random (plain_microscopes.py), each class left
out in turn as what is strange, and with a share of it in the sample. No test image and no unseen class is read then.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from blood_cells import cells_table
from plain_microscopes import Microscope
from remembered import RememberedModel
from sklearn.metrics import roc_auc_score
from torch import Tensor

from cytoscribe.core.images import read_image
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.tables import read_images
from cytoscribe.training.data.label_sets import HeldOut
from cytoscribe.training.images import squared
from cytoscribe.training.model.encoding import image_features
from cytoscribe.training.model.model_folder import TrainedModel
from cytoscribe.training.rejection.conformal import Rejection, calibrate
from cytoscribe.training.rejection.selection import without
from cytoscribe.training.rejection.sources import SourceSample, aligned

Ways = dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]]
LABELLED = (5, 10, 25, 50)
REPLICATES = 1000


def main() -> None:
    """Print a table of ways, with known images rejected and AUROC."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model folder that blood_cells.py trained")
    parser.add_argument("--work", type=Path, required=True, help="folder for remembered features")
    parser.add_argument("--draws", type=int, default=20, help="samples of the source that are drawn (default 20)")
    parser.add_argument("--microscopes", type=int, default=4, help="with --choose: simulated ones (default 4)")
    parser.add_argument("--per-class", type=int, default=100, help="with --choose: images of each class (default 100)")
    parser.add_argument("--choose", action="store_true", help="on validation images under simulated microscopes")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    (choose if options.choose else measure)(options)


def measure(options: argparse.Namespace) -> None:
    """LISC, as it is, after unlabelled recalibration, and with some labelled images."""
    model = RememberedModel(TrainedModel.load(options.model), options.work / "features.safetensors")
    rejection: Rejection = model.rejection
    records = read_images(cells_table().parent.parent / "blood_cells_lisc" / "cells.csv")
    home = read_images(cells_table(), region_column="label")
    cells, labels = model.encode_images(records), torch.tensor([model.regions.index(r.region) for r in records])
    unseen = model.encode_images([r for r in home if r.split == "unseen"])
    test = model.encode_images([r for r in home if r.split == "test"])
    print(f"{len(cells)} cells of LISC, {len(unseen)} unseen images and {len(test)} known ones of home; alpha {rejection.alpha:g}")
    strange = rejection.scores(unseen)
    known = rejection.scores(test)
    told = rejection.rejects(strange, named(rejection, unseen))
    print(
        f"at home: known rejected {rejection.rejects(known, named(rejection, test)).mean():.3f}, unseen rejected {told.mean():.3f}, "
        f"AUROC {auroc(known, strange):.3f}\n"
    )
    print("| LISC | known rejected | AUROC against unseen classes | measured a draw |\n|---|---|---|---|")
    show("as it is", rejection, [(np.arange(len(cells)), np.zeros(0, dtype=int))], cells, labels, strange, False)
    draws = [halves(len(cells), seed) for seed in range(options.draws)]
    show(f"unlabelled, {len(draws[0][1])}", rejection, draws, cells, labels, strange, False)
    show("unlabelled, 40", rejection, [(rest, sample[:40]) for rest, sample in draws], cells, labels, strange, False)
    for n in LABELLED:
        show(f"labelled, {n}", rejection, [(rest, sample[:n]) for rest, sample in draws], cells, labels, strange, True)


def show(
    name: str,
    rejection: Rejection,
    draws: Sequence[tuple[np.ndarray, np.ndarray]],
    cells: Tensor,
    labels: Tensor,
    strange: np.ndarray,
    labelled: bool,
) -> None:
    """One row of the table: draws are pairs of measured cells and the sample that calibrates."""
    rejected, scores = [], []
    for rest, sample in draws:
        judge = rejection
        if len(sample):
            own = labels[sample] if labelled else torch.full((len(sample),), -1)
            judge = replace(rejection, sources={"lisc": SourceSample("lisc", cells[sample], own)}).for_source("lisc") or rejection
        scores.append(judge.scores(cells[rest]))
        rejected.append(judge.rejects(scores[-1], named(judge, cells[rest])))
    rng = np.random.default_rng(0)
    shares, areas = [], []
    for _ in range(REPLICATES):
        i = int(rng.integers(len(draws)))
        rows = rng.integers(len(rejected[i]), size=len(rejected[i]))
        shares.append(
            np.mean(
                [
                    rejected[j][rng.integers(len(rejected[j]), size=len(rejected[j]))].mean()
                    for j in rng.integers(len(draws), size=len(draws))
                ]
            )
        )
        areas.append(auroc(scores[i][rows], strange[rng.integers(len(strange), size=len(strange))]))
    share, area = np.mean([r.mean() for r in rejected]), np.mean([auroc(s, strange) for s in scores])
    print(
        f"| {name} | {share:.3f} {interval(shares)} | {area:.3f} {interval(areas)} | {len(draws[0][0])} x {len(draws)} |",
        flush=True,
    )


def halves(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are measured, and rows that are the sample."""
    order = np.random.default_rng(seed).permutation(count)
    return order[: count // 2], order[count // 2 :]


def named(rejection: Rejection, features: Tensor) -> np.ndarray:
    """Index of the nearest region's captions, (N,)."""
    return (features @ rejection.context.classes.T).argmax(1).numpy()


def auroc(known: np.ndarray, strange: np.ndarray) -> float:
    """Probability that a strange image scores above a known one."""
    return float(roc_auc_score(np.r_[np.zeros(len(known)), np.ones(len(strange))], np.r_[known, strange]))


def interval(values: Sequence[float]) -> str:
    """95% percentiles."""
    low, high = np.percentile(values, [2.5, 97.5])
    return f"[{low:.3f}, {high:.3f}]"


def choose(options: argparse.Namespace) -> None:
    """Ways of putting scores of a simulated microscope right, over left-out classes and shares of them in the sample."""
    model = TrainedModel.load(options.model)
    records = [r for r in read_images(cells_table(), region_column="label") if r.split == "val"]
    rng = np.random.default_rng(0)
    records = [records[i] for name in model.regions for i in picked(records, name, options.per_class, rng)]
    labels = np.array([model.regions.index(r.region) for r in records])
    at_home = model.encode_images(records)
    half = rng.permutation(len(records)) < len(records) // 2
    found: dict[tuple[str, float], list[tuple[float, float, float]]] = {}
    for number in range(options.microscopes):
        microscope = Microscope.drawn(np.random.default_rng([7, number]))
        print(microscope, flush=True)
        shown = encoded(model, records, microscope)
        for strange in range(len(model.regions)):
            tried(model.rejection, at_home, shown, labels, half, strange, found, number)
    print(
        "\n| way | strange in the sample | known rejected | left-out class rejected | AUROC, known here against left-out at home |\n|---|---|---|---|---|"
    )
    for (way, share), rows in sorted(found.items()):
        values = np.array(rows)
        cells = " | ".join(
            f"{values[:, k].mean():.3f} (worst {(values[:, k].max() if k == 0 else values[:, k].min()):.3f})" for k in range(3)
        )
        print(f"| {way} | {share:.0%} | {cells} |")
    print(f"\n{len(next(iter(found.values())))} pairs of microscope and left-out class, of {len(records)} images of val")


def picked(records: Sequence[ImageRecord], name: str, most: int, rng: np.random.Generator) -> list[int]:
    """Rows of at most `most` images of a region, drawn."""
    own = [i for i, r in enumerate(records) if r.region == name]
    return [own[i] for i in rng.permutation(len(own))[:most]]


def encoded(model: TrainedModel, records: Sequence[ImageRecord], microscope: Microscope) -> Tensor:
    """Features (N, D) of the images as the microscope shows them."""
    squares = [squared(microscope.shows(squared(read_image(r.path), 224)), model.image_px) for r in records]
    stack = torch.from_numpy(np.stack(squares).transpose(0, 3, 1, 2).copy())
    return image_features(model.model, stack, model.mean, model.std, model.device, 64, model.views, model.balanced)


def ways() -> Ways:
    """From scores of sample, calibration and images to aligned scores and p-values."""

    def with_quantiles(low: float, high: float, own: bool) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
        def way(sample: np.ndarray, home: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            fitted = aligned(sample, home, 19, False, (low, high))
            scores = (images - fitted.offset) / fitted.factor
            reference = fitted.reference if own and fitted.reference is not None else home
            return scores, ranks(scores, reference)

        return way

    found: Ways = {"as it is": lambda sample, home, images: (images, ranks(images, home))}
    for low, high in ((0.1, 0.5), (0.25, 0.5), (0.25, 0.75), (0.1, 0.9)):
        found[f"shifted {low:g}-{high:g}"] = with_quantiles(low, high, False)
        found[f"own {low:g}-{high:g}"] = with_quantiles(low, high, True)
    return found


def ranks(scores: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Conformal p-values."""
    return (1 + (reference[None] >= scores[:, None]).sum(1)) / (len(reference) + 1)


def tried(
    rejection: Rejection,
    at_home: Tensor,
    shown: Tensor,
    labels: np.ndarray,
    half: np.ndarray,
    strange: int,
    found: dict[tuple[str, float], list[tuple[float, float, float]]],
    seed: int,
) -> None:
    """All ways with one class left out: calibrated on one half of the validation images, tried on the other under the microscope."""
    rng = np.random.default_rng([seed, strange])
    context = without(rejection.context, strange)
    known, names = labels != strange, tuple(r for k, r in enumerate(rejection.regions) if k != strange)
    rows = np.flatnonzero(half & known)
    left = torch.from_numpy(np.searchsorted(np.flatnonzero(np.arange(len(rejection.regions)) != strange), labels[rows]))
    judge = calibrate(rejection.names, at_home[rows], context, names, rejection.alpha, held_out=HeldOut(at_home[rows], left))
    other = rng.permutation(np.flatnonzero(~half & known))
    sample, images = other[: len(other) // 2], other[len(other) // 2 :]
    odd = rng.permutation(np.flatnonzero(~half & ~known))
    for share in (0.0, 0.1, 0.3):
        extra = odd[: round(share / (1 - share) * len(sample))]
        scores = [judge.scores(shown[r]) for r in (np.r_[sample, extra], images, odd[len(extra) :])]
        far = judge.scores(at_home[np.flatnonzero(~known)])
        for name, way in ways().items():
            (own, p), (_, p_odd) = way(scores[0], judge.calibration, scores[1]), way(scores[0], judge.calibration, scores[2])
            row = float((p <= 0.05).mean()), float((p_odd <= 0.05).mean()) if len(p_odd) else np.nan, auroc(own, far)
            found.setdefault((name, share), []).append(row)


if __name__ == "__main__":
    main()
