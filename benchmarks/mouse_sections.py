"""Mouse-brain sections: tiles and region crops, test sections and unseen groups held out, beside a linear probe of the same run.

    CYTO_DATA=DATA CYTO_WEIGHTS=WEIGHTS uv run benchmarks/mouse_sections.py --work /tmp/mouse --scale tile --epochs 12

Cuts sections by groups.csv, mines the notes about the groups, writes captions from the claims, trains on the seen groups of the
training sections, and measures on the test sections and on the unseen groups. DATA holds mouse_sections/. The same command resumes.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

from figures import Row, print_table
from linear_probe import probe

ROWS = (
    Row("zero_shot.macro_f1", "zero-shot macro-F1, class captions", "the probe below"),
    Row("probe.macro_f1", "linear probe on frozen features, macro-F1", ""),
    Row("retrieval.i2i.recall@1", "image to image R@1", ""),
    Row("retrieval.i2i_apart.recall@1", "image to image R@1, other sections alone", ""),
    Row("open_set.auroc", "unseen against known, AUROC", "the probe below"),
    Row("probe.auroc", "linear probe, best score, AUROC", ""),
    Row("open_set.fpr95", "unseen accepted at 95% known (lower is better)", "the probe below"),
    Row("probe.fpr95", "linear probe, the same score, unseen accepted at 95% known", ""),
    Row("open_set.known_rejected", "known rejected at alpha 0.05", "0.05 promised"),
)


def main() -> None:
    """Run the stages and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for tiles, captions, model and results")
    parser.add_argument("--scale", default="tile", choices=["tile", "region"], help="tile (96 px) or region crop (224 px)")
    parser.add_argument("--epochs", type=int, default=12, help="passes over the training images (default 12)")
    parser.add_argument("--image-px", type=int, default=160, help="side of the images (default 160)")
    parser.add_argument("--towers", default="both", help="towers with adapters (default both)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    data = Path(os.environ.get("CYTO_DATA", "../shared/data")) / "mouse_sections"
    started = time.time()
    images = cut_sections(data, options.work / "cuts")
    captions = write_captions(data, options.work)
    model = options.work / f"model-{options.scale}-{options.towers}-{options.epochs}-{options.image_px}-{options.seed}"
    summary = train(images, captions, model, options)
    trained = time.time()
    figures = measure(images, model, options)
    print_table(f"Mouse sections, {model.name}", ROWS, figures)
    print(f"{len(summary['regions'])} groups; images {summary['images']}; held out after the last epoch: {summary['validation']}")
    print(
        f"probe's score: {figures.get('probe.score')}; to train {trained - started:.0f} s, to measure {time.time() - trained:.0f} s"
    )


def cut_sections(data: Path, out: Path) -> Path:
    """Tiles (96 px, half overlapping, purity 0.7) and region crops; one section in five tests, one validates."""
    from training.tiles import CutSettings, cut

    folders = (data / "sections", data / "labels", data / "groups.csv")
    cut(CutSettings(*folders, out, tile_px=96, stride=48, purity=0.7, scale="both", pixel_size_um=12.5))
    return out / "images.csv"


def write_captions(data: Path, work: Path) -> Path:
    """Captions from the claims that the notes make about the groups; training drops those of unseen groups."""
    from captions.generate import GenerateSettings, generate
    from literature_mining.miner import MineSettings, mine

    mine(MineSettings(data / "mouse_regions.csv", (data / "mouse_notes.md",), work / "mined"))
    generate(GenerateSettings(out=work / "captions", descriptions=work / "mined", per_region=60))
    return work / "captions"


def train(images: Path, captions: Path, out: Path, options: argparse.Namespace) -> dict[str, Any]:
    """LoRA training of the light real base on one scale; layers and hemispheres keep their direction."""
    from training.clip_fit import train as fit
    from training.lora import Tuning
    from training.optimisation import Optimisation
    from training.settings import ImageOptions, TrainSettings

    return fit(
        TrainSettings(
            images=images,
            captions=(captions,),
            base="efficientnet_lite0_minilm",
            out=out,
            scale=options.scale,
            seed=options.seed,
            tuning=Tuning("lora", options.towers),
            optimisation=Optimisation(epochs=options.epochs, batch_size=48, sampling="balanced"),
            image=ImageOptions(options.image_px, "mild", laminar=True),
        )
    )


def measure(images: Path, model: Path, options: argparse.Namespace) -> dict[str, Any]:
    """metrics.json of the model, and the probe's figures on the very same images, regions and splits."""
    from cytoscribe.runs import read_json
    from cytoscribe.tables import read_csv, read_images, write_csv
    from eval.evaluation import EvaluateSettings
    from eval.evaluator import evaluate

    rows = [row for _, row in read_csv(images, ["image_path"]) if row["scale"] == options.scale]
    known = {row["region"] for row in rows if row["split"] == "train"}
    rows = [row for row in rows if row["region"] in known or row["split"] == "unseen"]
    table = images.parent / f"{options.scale}.csv"
    write_csv(table, list(rows[0]), [list(row.values()) for row in rows])
    evaluate(EvaluateSettings(model, table, options.work / f"results-{model.name}"))
    floor = {f"probe.{k}": v for k, v in probe(read_images(table), "efficientnet_lite0_minilm", 224).items()}
    return {**read_json(options.work / f"results-{model.name}" / "metrics.json"), **floor}


if __name__ == "__main__":
    main()
