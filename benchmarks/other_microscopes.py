"""Blood cells under other microscopes: how a model that has seen one of them names cells, as they are and with `--normalise source`.

    CYTO_DATA=DATA uv run benchmarks/other_microscopes.py --model MODEL --work /tmp/other_microscopes

MODEL is a model folder that blood_cells.py trained. Three kinds of microscopes, told apart in the table:
- LISC, a real one (blood_cells_lisc, five classes): used to choose augmentation and normalisation, so its figures are tuned on;
- the written ones of microscopes.json show images of `val`: likewise used to choose;
- microscopes drawn at random (`microscopes.drawn`, seeds from 100) show images of `test`: used for nothing but this table.
Simulated ones show the four classes that other collections have too, unevenly as these do (neutrophils most). Intervals are 95%
bootstrap over images, those of means over microscopes and images. --json writes all figures.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from blood_cells import PROSE, cells_table, some_of
from microscopes import Microscope, drawn, written
from PIL import Image
from torch import Tensor

from cytoscribe.core.images import read_image
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import read_json
from cytoscribe.core.tables import read_images
from cytoscribe.training.model.model_folder import TrainedModel

REPLICATES = 1000
SHARES = {"eosinophil": 0.4, "lymphocyte": 0.6, "monocyte": 0.6, "neutrophil": 1.0}
"""How many images of a class there are for each neutrophil."""
FIRST_DRAWN = 100
COLUMNS = ("as they are", "normalised", "prose, as they are", "prose, normalised")


def main() -> None:
    """Print a row a microscope, and the mean of each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model folder that blood_cells.py trained")
    parser.add_argument("--work", type=Path, required=True, help="folder for the simulated images")
    parser.add_argument("--drawn", type=int, default=6, help="how many microscopes are drawn (default 6)")
    parser.add_argument("--neutrophils", type=int, default=80, help="images of the most frequent class (default 80)")
    parser.add_argument("--json", type=Path, help="file for the figures (default none)")
    options = parser.parse_args()
    model = TrainedModel.load(options.model)
    kinds = sources(options.work, options.drawn, options.neutrophils)
    found = {kind: [measure(model, name, records) for name, records in shown] for kind, shown in kinds.items()}
    table = [row for kind, rows in found.items() for row in (*told(kind, rows), mean(kind, rows))]
    print(f"macro-F1 by class captions and by free prose, {options.model}\n")
    print(f"| microscope | n | times as far from training | {' | '.join(COLUMNS)} | what was done |")
    print("|---" * (len(COLUMNS) + 4) + "|")
    for row in table:
        values = (f"{v:.3f} [{low:.3f}, {high:.3f}]" for v, low, high in row["f1"])
        print(f"| {row['name']} | {row['n']} | {row['times']} | {' | '.join(values)} | {row['done']} |", flush=True)
    if options.json:
        options.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def sources(work: Path, count: int, neutrophils: int) -> dict[str, list[tuple[str, list[ImageRecord]]]]:
    """Images by kind of microscope and microscope."""
    lisc = Path(os.environ.get("CYTO_DATA", "../shared/data")) / "blood_cells_lisc" / "cells.csv"
    development, unseen = chosen("val", neutrophils), chosen("test", neutrophils)
    home = [("home, test", chosen("test", 300))]
    shown = [(m.name, write(development, m, i, work / f"written-{i}")) for i, m in enumerate(written())]
    others = [drawn(FIRST_DRAWN + i) for i in range(count)]
    return {
        "training's own": home,
        "LISC (tuned on)": [("LISC", read_images(lisc))],
        "written (tuned on)": shown,
        "drawn": [(m.name, write(unseen, m, 50 + i, work / m.name.replace(" ", "-"))) for i, m in enumerate(others)],
    }


def chosen(split: str, neutrophils: int) -> list[ImageRecord]:
    """Images of a split, by `SHARES`, drawn with seed 0."""
    records = [r for r in read_images(cells_table(), region_column="label") if r.split == split]
    rng = np.random.default_rng(0)
    return [r for region, share in SHARES.items() for r in some_of(records, region, round(share * neutrophils), rng)]


def write(records: Sequence[ImageRecord], microscope: Microscope, seed: int, folder: Path) -> list[ImageRecord]:
    """The images as the microscope shows them, as files."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 1])
    shown = [replace(r, path=folder / f"{i}.png") for i, r in enumerate(records)]
    for record, copy in zip(records, shown, strict=True):
        picture = Image.fromarray(read_image(record.path)).resize((160, 160), Image.Resampling.BICUBIC)
        Image.fromarray(microscope.shows(np.asarray(picture), rng)).save(copy.path)
    return shown


def measure(model: TrainedModel, name: str, records: Sequence[ImageRecord]) -> dict[str, Any]:
    """Truth and the four columns' predictions of one microscope's images."""
    prose = model.class_features(read_json(PROSE))
    own = model.class_features()
    features = model.encode_images(records)
    brought = model.normalised_to(records)
    adapted = brought.encode_images(records)
    return {
        "name": name,
        "truth": np.array([model.regions.index(r.region) for r in records]),
        "named": [named(f, classes) for classes in (own, prose) for f in (features, adapted)],
        "times": model.strangeness(features),
        "done": str(brought.normalisation),
    }


def named(features: Tensor, classes: Tensor) -> np.ndarray:
    """(N,) index of the class whose captions lie nearest; features (N, D), classes (K, D)."""
    return (features @ classes.T).argmax(1).numpy()


def told(kind: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row a microscope."""
    return [
        {
            "kind": kind,
            "name": r["name"],
            "n": len(r["truth"]),
            "times": f"{r['times']:.2f}",
            "f1": [interval([(r["truth"], column)]) for column in r["named"]],
            "done": r["done"],
        }
        for r in rows
    ]


def mean(kind: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The mean over microscopes of one kind."""
    columns = [interval([(r["truth"], r["named"][i]) for r in rows]) for i in range(len(COLUMNS))]
    n = sum(len(r["truth"]) for r in rows)
    return {"kind": kind, "name": f"**mean of {len(rows)}: {kind}**", "n": n, "times": "", "f1": columns, "done": ""}


def interval(runs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float, float]:
    """Mean macro-F1 over runs (truth (N,), named (N,)) over the classes that are there, and its 95% interval; microscopes and
    images are drawn again."""
    rng = np.random.default_rng(0)
    drawn_again = []
    for _ in range(REPLICATES):
        rows = [runs[i] for i in rng.integers(0, len(runs), len(runs))]
        picked = [(t, n, rng.integers(0, len(t), len(t))) for t, n in rows]
        drawn_again.append(np.mean([_f1(t[i], n[i], t) for t, n, i in picked]))
    value = np.mean([_f1(truth, column, truth) for truth, column in runs])
    low, high = np.percentile(drawn_again, [2.5, 97.5])
    return float(value), float(low), float(high)


def _f1(truth: np.ndarray, column: np.ndarray, everything: np.ndarray) -> float:
    size = int(max(truth.max(), column.max(), everything.max())) + 1
    counts = np.bincount(truth * size + column, minlength=size**2).reshape(size, size)
    each = 2 * counts.diagonal() / np.maximum(counts.sum(0) + counts.sum(1), 1)
    return float(each[np.unique(everything)].mean())


if __name__ == "__main__":
    main()
