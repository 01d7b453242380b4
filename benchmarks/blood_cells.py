"""Blood cells: one model for naming, retrieval and rejection, beside what simple methods reach on the same images.

    CYTO_DATA=DATA CYTO_WEIGHTS=WEIGHTS uv run benchmarks/blood_cells.py --work /tmp/blood_cells

Writes captions from the eleven attributes of the training images, trains on the split `train` (five classes), calibrates on `val`,
and measures on `test` and on three classes that no stage has seen. DATA holds blood_cells/cells.csv (WBCAtt: images of Acevedo et
al. 2020, attributes of Tsutsui et al. 2023); WEIGHTS holds the towers that training/model/bases/efficientnet_lite0_minilm.json names.
The same command resumes. Free prose: benchmarks/blood_cells_prose.json, three texts a class in words of their own, written for
development by someone who had seen some template captions: texts by others are the stricter test.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from figures import Row, print_table
from remembered import RememberedModel
from seeds import over_seeds

from cytoscribe.core.records import ImageRecord

if TYPE_CHECKING:
    from cytoscribe.training.losses import Objective
    from cytoscribe.training.settings import TrainSettings

COLUMNS = (
    "cell_size",
    "cell_shape",
    "nucleus_shape",
    "nuclear_cytoplasmic_ratio",
    "chromatin_density",
    "cytoplasm_vacuole",
    "cytoplasm_texture",
    "cytoplasm_colour",
    "granule_type",
    "granule_colour",
    "granularity",
)
PROSE = Path(__file__).with_name("blood_cells_prose.json")
ROWS = (
    Row("zero_shot.macro_f1", "zero-shot macro-F1, class captions", "linear probe 0.957; frozen towers 0.953"),
    Row("prose.zero_shot.macro_f1", "zero-shot macro-F1, free prose", "frozen towers 0.705"),
    Row("retrieval.i2i.recall@1", "image to image R@1", "frozen features 0.823"),
    Row("retrieval.i2i.map", "image to image mAP", "frozen features 0.488"),
    Row(
        "retrieval.i2t_exact.recall@1", "image to exact caption R@1", "frozen towers, class positives 0.02, caption positives 0.24"
    ),
    Row(
        "retrieval.t2i_exact.recall@1", "exact caption to image R@1", "frozen towers, class positives 0.03, caption positives 0.13"
    ),
    Row("open_set.auroc", "unseen against known, AUROC", "best probe score (MSP) 0.847"),
    Row("open_set.fpr95", "unseen accepted at 95% known (lower is better)", "best probe score (energy) 0.669"),
    Row("open_set.known_rejected", "known rejected at alpha 0.05", "0.05 promised"),
    Row("open_set.unseen_rejected", "unseen rejected at alpha 0.05", ""),
)


def main() -> None:
    """Run the stages and print a table a seed, and one of all seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for captions, models and results")
    parser.add_argument("--epochs", type=int, default=6, help="passes over the training images (default 6)")
    parser.add_argument("--image-px", type=int, default=160, help="side of the images (default 160)")
    parser.add_argument("--towers", default="both", help="towers with adapters: both, vision, text, none (default both)")
    parser.add_argument("--tune", default="lora", help="lora or full (default lora)")
    parser.add_argument("--captions-per-image", type=int, default=1, help="captions drawn for each image and step (default 1)")
    parser.add_argument("--views", type=int, default=2, help="mirrored or turned views averaged in use: 1, 2 or 4 (default 2)")
    parser.add_argument("--hard-weight", type=float, default=0.5, help="of captions before their false twins; 0: off (default 0.5)")
    parser.add_argument("--seeds", default="0,1,2", help="seeds of training, joined by commas (default 0,1,2)")
    options = parser.parse_args()
    table = cells_table()
    captions = write_captions(table, options.work / "captions")
    found = [run_seed(int(seed), table, captions, options) for seed in options.seeds.split(",")]
    if len(found) > 1:
        print_table(f"Blood cells, mean of seeds {options.seeds}", ROWS, over_seeds(found))


def cells_table() -> Path:
    """The images table of the blood cells among the data that CYTO_DATA names."""
    return Path(os.environ.get("CYTO_DATA", "../shared/data")) / "blood_cells" / "cells.csv"


def some_of(records: Sequence[ImageRecord], region: str, most: int, rng: np.random.Generator) -> list[ImageRecord]:
    """At most `most` of the region's images, drawn."""
    own = [r for r in records if r.region == region]
    return [own[i] for i in rng.permutation(len(own))[:most]]


def run_seed(seed: int, table: Path, captions: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Train and measure with one seed; print its table."""
    from cytoscribe.training.clip_fit import train
    from cytoscribe.training.losses import Objective

    started = time.time()
    views = f"-v{options.views}" if options.views > 1 else ""
    hard = f"-h{options.hard_weight:g}" if options.hard_weight else ""
    model = options.work / f"model-{options.tune}-{options.towers}-{options.epochs}-{options.image_px}{views}{hard}-{seed}"
    given = {name: getattr(options, name) for name in ("tune", "towers", "epochs", "image_px", "captions_per_image", "views")}
    objective = Objective(hard_weight=options.hard_weight)
    summary = train(settings_of(table, captions, model, seed=seed, objective=objective, **given))
    trained = time.time()
    figures = measure(table, captions, model, options.work / f"results-{model.name}")
    print_table(f"Blood cells, {model.name}", ROWS, figures)
    print(f"held out after the last epoch: {summary['validation']}")
    print(f"training {trained - started:.0f} s, measuring {time.time() - trained:.0f} s", flush=True)
    return figures


def write_captions(table: Path, out: Path, styles: tuple[str, ...] = ()) -> Path:
    """Template captions from the attributes of the training images alone; styles: () for all."""
    from cytoscribe.captions.generation import GenerateSettings, generate
    from cytoscribe.captions.units import AttributeSettings

    source = AttributeSettings(table, columns=COLUMNS, region_column="label", split="train")
    generate(GenerateSettings(out=out, attributes=source, per_region=600, styles=styles))
    return out


def settings_of(
    table: Path,
    captions: Path,
    out: Path,
    *,
    tune: str,
    towers: str,
    epochs: int,
    image_px: int,
    seed: int,
    captions_per_image: int = 1,
    views: int = 1,
    objective: Objective | None = None,
    region_column: str = "label",
) -> TrainSettings:
    """LoRA (or full) training of the light real base."""
    from cytoscribe.training.losses import Objective
    from cytoscribe.training.model.lora import Tuning
    from cytoscribe.training.optimisation import Optimisation
    from cytoscribe.training.settings import ImageOptions, TrainSettings

    return TrainSettings(
        images=table,
        captions=(captions,),
        base="efficientnet_lite0_minilm",
        out=out,
        region_column=region_column,
        seed=seed,
        tuning=Tuning(tune, towers),
        optimisation=Optimisation(epochs=epochs, captions_per_image=captions_per_image, checkpoint_steps=48),
        objective=objective or Objective(),
        image=ImageOptions(image_px, views=views),
    )


def measure(
    table: Path,
    captions: Path,
    model: Path,
    out: Path,
    *,
    region_column: str = "label",
    attributes: tuple[str, ...] = COLUMNS,
) -> dict[str, Any]:
    """metrics.json with the model's own class captions, and zero-shot again with free prose."""
    from cytoscribe.core.runs import read_json
    from cytoscribe.eval.evaluator import evaluate
    from cytoscribe.eval.settings import EvaluateSettings
    from cytoscribe.training.model.model_folder import TrainedModel

    encoder: Any = RememberedModel(TrainedModel.load(model), out / "features.safetensors")
    own = EvaluateSettings(model, table, out / "own", captions=captions, region_column=region_column, attributes=attributes)
    evaluate(own, encoder)
    evaluate(EvaluateSettings(model, table, out / "prose", class_captions=PROSE, region_column=region_column), encoder)
    prose = {f"prose.{k}": v for k, v in read_json(out / "prose" / "metrics.json").items()}
    return {**read_json(out / "own" / "metrics.json"), **prose}


if __name__ == "__main__":
    main()
