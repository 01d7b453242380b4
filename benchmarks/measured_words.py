"""Blood cells with no annotation but their class: captions are made from measured words alone.

    CYTO_DATA=DATA CYTO_WEIGHTS=WEIGHTS uv run benchmarks/measured_words.py --work /tmp/measured_words --seeds 0

Measures every cell, writes captions from the words that the measures give training images, trains as blood_cells.py does, and measures on
`test` and on three classes that no stage has seen: naming by the captions' own words, by free prose of others, retrieval and rejection.
Beside it stand the figures of blood_cells.py, whose captions come from the eleven annotated attributes. The same command resumes.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from blood_cells import cells_table, measure, settings_of
from figures import Row, print_table
from seeds import over_seeds

ROWS = (
    Row("zero_shot.macro_f1", "zero-shot macro-F1, class captions", "0.93 wanted; annotated words: blood_cells.py"),
    Row("prose.zero_shot.macro_f1", "zero-shot macro-F1, free prose", "0.85 wanted; annotated words: blood_cells.py"),
    Row("retrieval.i2i.recall@1", "image to image R@1", "annotated words: blood_cells.py"),
    Row("open_set.auroc", "unseen against known, AUROC", "annotated words: blood_cells.py"),
    Row("open_set.known_rejected", "known rejected at alpha 0.05", "0.05 promised"),
)


def main() -> None:
    """Run the stages and print a table a seed, and one of all seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for measures, captions, models and results")
    parser.add_argument("--epochs", type=int, default=6, help="passes over the training images (default 6)")
    parser.add_argument("--image-px", type=int, default=160, help="side of the images (default 160)")
    parser.add_argument("--seeds", default="0", help="seeds of training, joined by commas (default 0)")
    options = parser.parse_args()
    table = measured(options.work / "measured")
    captions = write_captions(table, options.work / "captions")
    found = [run_seed(int(seed), table, captions, options) for seed in options.seeds.split(",")]
    if len(found) > 1:
        print_table(f"Blood cells from measured words, mean of seeds {options.seeds}", ROWS, over_seeds(found))


def measured(out: Path) -> Path:
    """attributes.csv: the words of every cell, from limits learnt on training images."""
    from cytoscribe.captions.morphology.settings import MeasureSettings
    from cytoscribe.captions.morphology.stage import ATTRIBUTES
    from cytoscribe.captions.morphology.stage import measure as measure_cells

    summary = measure_cells(MeasureSettings(images=cells_table(), out=out, region_column="label"))
    print(f"{summary.measured} cells measured, {len(summary.doubtful)} doubtful, {summary.claims} words", flush=True)
    return out / ATTRIBUTES


def write_captions(table: Path, out: Path) -> Path:
    """Template captions from the measured words of the training images alone."""
    from cytoscribe.captions.generation import GenerateSettings, generate
    from cytoscribe.captions.units import AttributeSettings

    generate(GenerateSettings(out=out, attributes=AttributeSettings(table, split="train"), per_region=600))
    return out


def run_seed(seed: int, table: Path, captions: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Train and measure with one seed; print its table."""
    from cytoscribe.training.clip_fit import train
    from cytoscribe.training.losses import Objective

    started = time.time()
    model = options.work / f"model-{options.epochs}-{options.image_px}-{seed}"
    settings = settings_of(
        *(table, captions, model),
        tune="lora",
        towers="both",
        epochs=options.epochs,
        image_px=options.image_px,
        seed=seed,
        views=2,
        objective=Objective(hard_weight=0.5),
        region_column="region",
    )
    summary = train(settings)
    figures = measure(table, captions, model, options.work / f"results-{model.name}", region_column="region", attributes=())
    print_table(f"Blood cells from measured words, {model.name}", ROWS, figures)
    print(f"held out after the last epoch: {summary['validation']}; {time.time() - started:.0f} s", flush=True)
    return figures


if __name__ == "__main__":
    main()
