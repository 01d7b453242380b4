"""What each part of the training is worth: the blood cells with one part changed at a time, in a setting small enough to run often.

    CYTO_DATA=DATA CYTO_WEIGHTS=WEIGHTS uv run benchmarks/ablations.py --work /tmp/ablations

One run each, on smaller images and for fewer epochs than benchmarks/blood_cells.py: the rows are to be compared with the first one,
not with the figures there. All are measured alike on the split `test` and on the three classes that no stage has seen; nothing is
chosen by them. The same command resumes; --only names the rows to run.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blood_cells import cells_table, measure, settings_of, write_captions

FIGURES = (
    ("zero_shot.macro_f1", "macro-F1"),
    ("prose.zero_shot.macro_f1", "F1, free prose"),
    ("retrieval.i2i.map", "image to image mAP"),
    ("retrieval.i2t_exact.recall@1", "image to exact caption R@1"),
    ("retrieval.t2i_exact.recall@1", "exact caption to image R@1"),
    ("open_set.auroc", "unseen AUROC"),
    ("open_set.fpr95", "FPR95"),
)


@dataclass(frozen=True)
class Arm:
    """One row: what is changed against the first. tune, towers: of `Tuning`; objective: of `Objective`; styles: of the captions, ()
    for all."""

    name: str
    tune: str = "lora"
    towers: str = "both"
    objective: Mapping[str, Any] = field(default_factory=dict)
    styles: tuple[str, ...] = ()


ARMS = (
    Arm("LoRA on both towers, label-aware loss, captions in all styles, no hard negatives"),
    Arm("plain InfoNCE in place of the label-aware loss", objective={"loss": "clip"}),
    Arm("no captions that state all attributes", objective={"whole_weight": 0.0}),
    Arm("captions of one template", styles=("terse",)),
    Arm("with hard negatives, one claim made false", objective={"hard_weight": 1.0}),
    Arm("LoRA on the vision tower alone", towers="vision"),
    Arm("LoRA on the text tower alone", towers="text"),
    Arm("every weight trained", tune="full"),
)


def main() -> None:
    """Run the rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for captions, models and results")
    parser.add_argument("--epochs", type=int, default=2, help="passes over the training images (default 2)")
    parser.add_argument("--image-px", type=int, default=96, help="side of the images (default 96)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="rows to run, numbered from 0 and joined by commas (default all)")
    options = parser.parse_args()
    chosen = [int(i) for i in options.only.split(",") if i] or range(len(ARMS))
    table = cells_table()
    found = {ARMS[i].name: run(ARMS[i], i, table, options) for i in chosen}
    print_rows(found, options)


def run(arm: Arm, number: int, table: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Train one row and measure it."""
    from cytoscribe.training.clip_fit import train
    from cytoscribe.training.losses import Objective

    captions = write_captions(table, options.work / f"captions-{'-'.join(arm.styles) or 'all'}", arm.styles)
    model = options.work / f"model-{number}-{options.epochs}-{options.image_px}-{options.seed}"
    train(
        settings_of(
            table,
            captions,
            model,
            tune=arm.tune,
            towers=arm.towers,
            epochs=options.epochs,
            image_px=options.image_px,
            seed=options.seed,
            objective=Objective(**{"hard_weight": 0.0, **arm.objective}),
        )
    )
    figures = measure(table, captions, model, options.work / f"results-{model.name}")
    print(f"{arm.name}: {', '.join(f'{label} {figures[key]:.3f}' for key, label in FIGURES)}", flush=True)
    return figures


def print_rows(found: Mapping[str, Mapping[str, Any]], options: argparse.Namespace) -> None:
    """A Markdown table, a row a run, with 95% bootstrap intervals."""
    print(f"\n### Blood cells, {options.epochs} epochs at {options.image_px} px, seed {options.seed}\n")
    print(f"| run | {' | '.join(label for _, label in FIGURES)} |")
    print("|---" * (len(FIGURES) + 1) + "|")
    for name, figures in found.items():
        print(f"| {name} | {' | '.join(_told(figures, key) for key, _ in FIGURES)} |")
    sizes = next(iter(found.values()))
    print(f"\nn = {sizes['zero_shot.macro_f1.n']} test images, {sizes['open_set.auroc.n']} with the unseen ones")


def _told(figures: Mapping[str, Any], key: str) -> str:
    low, high = figures[f"{key}.ci95"]
    return f"{figures[key]:.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
