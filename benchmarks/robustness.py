"""What each part of the augmentation, and of what is done to an image in use, is worth under other microscopes and at home.

    CYTO_DATA=DATA CYTO_WEIGHTS=WEIGHTS uv run benchmarks/robustness.py --json robustness.json

A training takes about three minutes on one core: adapters on the vision tower of the light base and a linear layer over five classes in place
of captions, 64 steps of 48 images at 96 px (half a pass). So rows are to be compared with the first one, not with the figures of
blood_cells.py; what captions are worth is measured by ablations.py. Rows without a training of their own use the first one's.
Measured on a quarter of `val` (home), on LISC, and on 100 images of `val` under each written microscope (20 a class). All of these may
choose: the figures are tuned on. Images of `test` and of unseen classes are not read. Intervals are 95% bootstrap over images, of the mean
over microscopes also over these; "less the first" is paired on the same images. "Aligned" is the second step of `--normalise source`
(features moved without labels where names become clearer); training's means are those of the quarter of `val`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from blood_cells import cells_table
from microscopes import written
from PIL import Image
from torch import Tensor
from torch.nn import functional

from cytoscribe.core.images import read_image
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.tables import read_images
from cytoscribe.training.data.augmentation import Augmentation, augmented, preset
from cytoscribe.training.data.staining import balanced
from cytoscribe.training.loop import as_in_use
from cytoscribe.training.model.alignment import class_means, fit, information
from cytoscribe.training.model.base_models import load_base
from cytoscribe.training.model.lora import add_adapters, undo_drift
from cytoscribe.training.model.source import CLEARER
from cytoscribe.training.settings import Tuning

CLASSES = ("basophil", "eosinophil", "lymphocyte", "monocyte", "neutrophil")
STORED_PX, PX = 160, 96
STEPS, BATCH, WARMUP = 64, 48, 8
SCALE = 16.0
REPLICATES = 1000
COLUMNS = ("home", "home, less the first", "LISC", "LISC, less the first", "written", "written, less the first")
FORMER = {"close": 0.0, "other": 0.0, "balanced": False}
Images = tuple[np.ndarray, np.ndarray]
"""Squares (N, 3, S, S) uint8 and their classes (N,)."""


@dataclass(frozen=True)
class Arm:
    """One row. strengths: what is changed of the augmentation `strong`, None for the model of the first row; scales: enlargements about the
    centre whose features are averaged in use; aligned: features are moved as by `--normalise source`."""

    name: str
    strengths: Mapping[str, Any] | None = field(default_factory=dict)
    scales: tuple[float, ...] = (1.0,)
    aligned: bool = False


NO_COLOUR = {"stain": 0.0, "tint": 0.0, "light": 0.0, "other": 0.0, "grey": 0.0}
FRAMING = {"zoom": 0.0, "close": 0.0, "shift": 0.0}
ARMS = (
    Arm("strong, as it is"),
    Arm("in use: features aligned to training's", None, aligned=True),
    Arm("in use: mean of 1.0 and 1.3 times enlarged", None, (1.0, 1.3)),
    Arm("in use: mean of 1.0, 1.15, 1.3 and 1.5 times enlarged", None, (1.0, 1.15, 1.3, 1.5)),
    Arm("without all of colour but the white background", NO_COLOUR),
    Arm("without other stains and backgrounds", {"other": 0.0}),
    Arm("without the background made white", {"balanced": False}),
    Arm("without changes of scale and framing", FRAMING),
    Arm("without cells that fill more of the picture", {"close": 0.0}),
    Arm("without blur and noise", {"blur": 0.0, "noise": 0.0}),
    Arm("without grey images", {"grey": 0.0}),
    Arm("as it was: stain, tint and light a little off", FORMER),
)


def main() -> None:
    """Run the rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="rows to run, numbered from 0 and joined by commas (default all)")
    parser.add_argument("--json", type=Path, help="file for the figures (default none)")
    options = parser.parse_args()
    numbers = [int(i) for i in options.only.split(",") if i] or list(range(len(ARMS)))
    training, shown = squares_of(of_split("train")), sources()
    truths = {name: truth for name, (_, truth) in shown.items()}
    print(f"| row | {' | '.join(COLUMNS)} |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    first: dict[str, np.ndarray] | None = None
    learnt: Learnt | None = None
    rows = []
    for number in numbers:
        arm = ARMS[number]
        if arm.strengths is None and learnt is not None:
            model = learnt
        else:
            model = run(replace(preset("strong"), **(arm.strengths or {})), training, options.seed)
            learnt = learnt or model
        named = answers(model, arm, shown)
        first = first or named
        rows.append(row_of(arm.name, truths, named, first))
        values = " | ".join(f"{v:.3f} [{low:.3f}, {high:.3f}]" for v, low, high in (rows[-1]["figures"][c] for c in COLUMNS))
        print(f"| {arm.name} | {values} |", flush=True)
    print(f"\nn = {', '.join(f'{len(y)} ({name})' for name, y in truths.items())}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def of_split(split: str) -> list[ImageRecord]:
    """The records of a split of the blood cells."""
    return [r for r in read_images(cells_table(), region_column="label") if r.split == split]


def sources() -> dict[str, Images]:
    """Images by the name of what made them."""
    lisc = read_images(Path(os.environ.get("CYTO_DATA", "../shared/data")) / "blood_cells_lisc" / "cells.csv")
    held_out = of_split("val")
    rng = np.random.default_rng(0)
    own = [[r for r in held_out if r.region == c] for c in CLASSES]
    pick = [one[i] for one in own for i in rng.permutation(len(one))[:40]]
    plain, truth = squares_of(pick)
    found = {"home": squares_of(held_out[::4]), "LISC": squares_of(lisc)}
    for number, microscope in enumerate(written()):
        drawing = np.random.default_rng([number, 1])
        pictures = [microscope.shows(p.transpose(1, 2, 0), drawing).transpose(2, 0, 1) for p in plain]
        found[microscope.name] = (np.stack(pictures)[::2], truth[::2])
    return found


def squares_of(records: Sequence[ImageRecord]) -> Images:
    """The records' images at `STORED_PX`."""
    side = (STORED_PX, STORED_PX)
    stack = [np.asarray(Image.fromarray(read_image(r.path)).resize(side, Image.Resampling.BICUBIC)) for r in records]
    return np.stack(stack).transpose(0, 3, 1, 2), np.array([CLASSES.index(r.region) for r in records])


@dataclass(frozen=True)
class Learnt:
    """What a training made. classes (K, D); balanced: it is shown images with their background made white."""

    model: Any
    classes: Tensor
    balanced: bool


def run(strengths: Augmentation, training: Images, seed: int) -> Learnt:
    """Train once."""
    torch.manual_seed(seed)
    base = load_base("efficientnet_lite0_minilm", {}, PX, seed, 0)
    model = base.model.to(memory_format=torch.channels_last)
    learner = add_adapters(model, replace(Tuning(), frozen=base.frozen, towers="vision"), base.name)
    head = torch.nn.Linear(model.visual.head.proj.out_features, len(CLASSES), bias=False)
    _train(model, learner, head, strengths, training, seed)
    model.eval()
    return Learnt(model, functional.normalize(head.weight, dim=-1).detach(), strengths.balanced)


def answers(learnt: Learnt, arm: Arm, shown: Mapping[str, Images]) -> dict[str, np.ndarray]:
    """The class named for the images of each source, (N,) of indices."""
    features = {name: _encoded(learnt, squares, arm.scales) for name, (squares, _) in shown.items()}
    if arm.aligned:
        return aligned(features, learnt.classes, shown["home"][1])
    return {name: names_of(f, learnt.classes) for name, f in features.items()}


def names_of(features: Tensor, classes: Tensor) -> np.ndarray:
    """(N,) index of the nearest class."""
    return (features @ classes.T).argmax(1).numpy()


def aligned(features: Mapping[str, Tensor], classes: Tensor, home: np.ndarray) -> dict[str, np.ndarray]:
    """The classes named once each source's features are aligned, where that makes the names clearer."""
    means = class_means(features["home"], torch.from_numpy(home), len(classes))
    found = {}
    for name, own in features.items():
        moved = fit(own, classes, means, SCALE).of(own)
        clearer = information(moved, classes, SCALE) > information(own, classes, SCALE) + CLEARER
        found[name] = names_of(moved if clearer else own, classes)
    return found


def _train(model: Any, learner: Any, head: torch.nn.Linear, strengths: Augmentation, training: Images, seed: int) -> None:
    own = {n: p for n, p in learner.named_parameters() if p.requires_grad and "text" not in n}
    projections = [p for n, p in own.items() if "proj" in n]
    adapters = [p for n, p in own.items() if "proj" not in n]
    groups = [{"params": adapters, "rate": 1.5e-3}, {"params": [*projections, *head.parameters()], "rate": 3e-3}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.02)
    order = np.random.default_rng(seed).permutation(len(training[0]))
    generator = torch.Generator().manual_seed(seed)
    as_in_use(model)
    for step in range(STEPS):
        factor = min(1, (step + 1) / WARMUP) * 0.5 * (1 + math.cos(math.pi * step / STEPS))
        for group in optimiser.param_groups:
            group["lr"] = group["rate"] * factor
        chosen = order[step * BATCH : (step + 1) * BATCH]
        images = augmented(torch.from_numpy(training[0][chosen]), PX, strengths, generator)
        logits = SCALE * _features(model, images, strengths.balanced) @ functional.normalize(head.weight, dim=-1).T
        optimiser.zero_grad()
        functional.cross_entropy(logits, torch.from_numpy(training[1][chosen])).backward()
        torch.nn.utils.clip_grad_norm_(list(own.values()), 1.0)
        optimiser.step()
        undo_drift(learner)


def _features(model: Any, images: Tensor, balance: bool) -> Tensor:
    pixels = ((balanced(images) if balance else images) - 0.5) / 0.5
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return functional.normalize(model.encode_image(pixels.to(memory_format=torch.channels_last)).float(), dim=-1)


@torch.no_grad()
def _encoded(learnt: Learnt, squares: np.ndarray, scales: Sequence[float] = (1.0,)) -> Tensor:
    parts = []
    for part in torch.from_numpy(np.ascontiguousarray(squares)).split(64):
        views = [_features(learnt.model, _enlarged(part, scale), learnt.balanced) for scale in scales]
        parts.append(functional.normalize(torch.stack(views).mean(0), dim=-1))
    return torch.cat(parts)


def _enlarged(squares: Tensor, scale: float) -> Tensor:
    side = round(STORED_PX / scale)
    rim = (STORED_PX - side) // 2
    middle = squares[..., rim : rim + side, rim : rim + side].float() / 255
    return functional.interpolate(middle, (PX, PX), mode="bilinear", antialias=True, align_corners=False)


def row_of(
    name: str, truths: Mapping[str, np.ndarray], named: Mapping[str, np.ndarray], first: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Figures of one row: value and 95% interval by source, of the mean of the written ones, and paired differences to the first row."""
    simulated = [k for k in truths if k not in ("home", "LISC")]
    figures = {k: difference(truths, named, None, [k]) for k in truths}
    figures["written"] = difference(truths, named, None, simulated)
    for kind, keys in (("home", ["home"]), ("LISC", ["LISC"]), ("written", simulated)):
        figures[f"{kind}, less the first"] = difference(truths, named, first, keys)
    return {"training": name, "figures": figures, "n": {k: len(y) for k, y in truths.items()}}


def difference(
    truths: Mapping[str, np.ndarray],
    named: Mapping[str, np.ndarray],
    less: Mapping[str, np.ndarray] | None,
    keys: Sequence[str],
) -> tuple[float, float, float]:
    """Mean macro-F1 over sources, less that of other answers where given, with its interval."""

    def value(key: str, rows: np.ndarray) -> float:
        own = _f1(truths[key][rows], named[key][rows])
        return own - _f1(truths[key][rows], less[key][rows]) if less is not None else own

    rng = np.random.default_rng(0)
    every = [value(k, np.arange(len(truths[k]))) for k in keys]
    again = []
    for _ in range(REPLICATES):
        picked = [keys[int(i)] for i in rng.integers(0, len(keys), len(keys))]
        again.append(np.mean([value(k, rng.integers(0, len(truths[k]), len(truths[k]))) for k in picked]))
    low, high = np.percentile(again, [2.5, 97.5])
    return float(np.mean(every)), float(low), float(high)


def _f1(truth: np.ndarray, named: np.ndarray) -> float:
    counts = np.bincount(truth * len(CLASSES) + named, minlength=len(CLASSES) ** 2).reshape(len(CLASSES), -1)
    return float(np.mean(2 * counts.diagonal() / np.maximum(counts.sum(0) + counts.sum(1), 1)))


if __name__ == "__main__":
    main()
