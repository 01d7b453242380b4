"""How often tissue that is new is taken for another microscope's, and how often another microscope's is: by level of the p-value.

    CYTO_DATA=DATA uv run benchmarks/new_stain.py --work /tmp/new_stain

Pixels alone, no model. Known images: 1,000 of `train` and all of `val` of the blood cells. Each class in turn plays the new tissue: the measures of
stain and light (`training.rejection.appearance`) see the other four. Other microscopes: LISC, and the written ones of microscopes.json, which show
images of `val`. Classes of the split `unseen` and images of `test` are not read. Intervals are 95% Wilson's. The level of `eval.reasons.STRICTER`
was chosen on these figures.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from blood_cells import cells_table
from microscopes import written
from other_microscopes import chosen, write

from cytoscribe.core.records import ImageRecord
from cytoscribe.core.tables import read_images
from cytoscribe.eval.metrics.wilson import wilson
from cytoscribe.training.images import Skipped, read_square
from cytoscribe.training.rejection.appearance import appearance_of, measure

PX = 160
LEVELS = (0.05, 0.025, 0.01, 0.005)
TRAINING = 1000


def main() -> None:
    """Print a row a kind of image."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the simulated images")
    options = parser.parse_args()
    records = known()
    measures, classes = measured(records), np.array([r.region for r in records])
    print(f"| images | n | {' | '.join(f'at {level:g}' for level in LEVELS)} |")
    print("|---" * (len(LEVELS) + 2) + "|")
    everything = []
    for name in np.unique(classes):
        found = p_values(measures[classes != name], measures[classes == name])
        everything.append(found)
        row(f"known class left out: {name}", found)
    row("**left out, all classes**", np.concatenate(everything))
    lisc = read_images(Path(os.environ.get("CYTO_DATA", "../shared/data")) / "blood_cells_lisc" / "cells.csv")
    row("LISC", p_values(measures, measured(lisc)))
    shown = chosen("val", 40)
    for number, microscope in enumerate(written()):
        row(microscope.name, p_values(measures, measured(write(shown, microscope, number, options.work / f"written-{number}"))))


def known() -> list[ImageRecord]:
    """Images whose stain and light are known: a part of `train`, drawn with seed 0, and `val`."""
    records = read_images(cells_table(), region_column="label")
    training = [r for r in records if r.split == "train"]
    picked = np.random.default_rng(0).permutation(len(training))[:TRAINING]
    return [*(training[i] for i in picked), *(r for r in records if r.split == "val")]


def measured(records: Sequence[ImageRecord]) -> np.ndarray:
    """(N, 13) measures of the images that can be read."""
    squares = (read_square(r, PX) for r in records)
    return np.concatenate([measure(s[None]) for s in squares if not isinstance(s, Skipped)])


def p_values(usual: np.ndarray, measures: np.ndarray) -> np.ndarray:
    """(N,) p-values of "the stain and light are those of the known images"; half of the known ones give the centre."""
    appearance = appearance_of(usual, None)
    assert appearance is not None
    found = appearance.looks(measures).microscope
    assert found is not None
    return found


def row(name: str, found: np.ndarray) -> None:
    """Print the share of images that look like another microscope's at each level."""
    shares = [float((found <= level).mean()) for level in LEVELS]
    told = (f"{s:.3f} [{low:.3f}, {high:.3f}]" for s, (low, high) in ((s, wilson(s, len(found))) for s in shares))
    print(f"| {name} | {len(found)} | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()
