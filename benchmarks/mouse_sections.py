"""Mouse-brain sections: tiles, region crops and both together, test sections and unseen groups held out, beside a linear probe.

    CYTO_DATA=DATA CYTO_WEIGHTS=WEIGHTS uv run benchmarks/mouse_sections.py --work /tmp/mouse --seeds 0,1,2

Cuts sections by groups.csv, mines the notes about the groups, writes captions from the claims, trains a model a scale and seed on the
seen groups of the training sections, and measures on the test sections and on the unseen groups: each scale alone, then both on the
same region crops. The probe is trained and measured in the same run on the same images. DATA holds mouse_sections/. The same command
resumes. Every choice (epochs, sides, overlap, sampling) was made on the validation sections with known groups left out.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from figures import Row, print_table
from linear_probe import probe
from seeds import over_seeds

BASE = "efficientnet_lite0_minilm"
GRID, DENSE = 48, 24
"""Pixels between tiles that are measured, and between tiles that train: overlapping ones show the same cells in other frames."""
PROBE_PX = 224
REJECTION = ("max_cosine", "probe_energy", "knn")
"""One score of each kind (captions, probe, neighbours): best on validation sections of both scales in trials that left four or six
known groups out of the whole training, which the folds of a single run cannot do."""


@dataclass(frozen=True)
class Scale:
    """How one scale is trained: passes over the images, and their side in pixels."""

    epochs: int
    image_px: int


SCALES = {"tile": Scale(epochs=3, image_px=96), "region": Scale(epochs=10, image_px=128)}

ROWS = (
    Row("zero_shot.macro_f1", "macro-F1, named by class captions", "probe"),
    Row("named_by_both.macro_f1", "macro-F1, named by captions and training images", "probe + 0.08"),
    Row("probe.macro_f1", "linear probe on frozen features, macro-F1", ""),
    Row("retrieval.i2i.recall@1", "image to image R@1", ""),
    Row("retrieval.i2i_apart.recall@1", "image to image R@1, other sections alone", ""),
    Row("open_set.auroc", "unseen against known, AUROC", "probe + 0.05"),
    Row("probe.auroc", "linear probe, best score, AUROC", ""),
    Row("open_set.fpr95", "unseen accepted at 95% known (lower is better)", "probe"),
    Row("probe.fpr95", "linear probe, the same score, unseen accepted at 95% known", ""),
    Row("open_set.known_rejected", "known rejected at alpha 0.05", "0.05 promised"),
)
FUSED = tuple(
    Row(f"fusion.{view}.{figure}", f"{label}, {figure}", "")
    for figure in ("macro_f1", "accuracy", "auroc", "fpr95")
    for view, label in (("region", "region crops"), ("tile", "their tiles"), ("both", "both"), ("gain", "both less the better one"))
)


def main() -> None:
    """Run the stages and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for tiles, captions, models and results")
    parser.add_argument("--scales", default="tile,region", help="tile, region or both, joined by commas (both: fused too)")
    parser.add_argument("--seeds", default="0,1,2", help="seeds of training, joined by commas")
    parser.add_argument("--towers", default="vision", help="towers with adapters: both, vision, text; projections always learn")
    parser.add_argument("--epochs", type=int, default=0, help="passes over the training images; 0: as chosen for the scale")
    parser.add_argument("--region-positives", default="auto", help="as of train-lora: auto, mean or any (default auto)")
    options = parser.parse_args()
    data = Path(os.environ.get("CYTO_DATA", "../shared/data")) / "mouse_sections"
    images = cut_sections(data, options.work / "cuts")
    captions = write_captions(data, options.work)
    seeds, scales = [int(s) for s in options.seeds.split(",")], options.scales.split(",")
    tables = {scale: of_scale(images, scale, options.work / "cuts" / f"{scale}.csv") for scale in scales}
    floors = {scale: measured_probe(table, options.work / f"probe-{scale}.json") for scale, table in tables.items()}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in (*scales, "fusion")}
    kind = options.towers if options.region_positives == "auto" else f"{options.towers}-{options.region_positives}"
    for seed in seeds:
        models = {}
        for scale in scales:
            started = time.time()
            models[scale] = options.work / f"model-{scale}-{kind}-{seed}"
            train(tables[scale], captions, models[scale], scale, seed, options)
            metrics = measure(tables[scale], models[scale], options.work / f"results-{scale}-{kind}-{seed}")
            found[scale].append({**metrics, **floors[scale]})
            print_table(f"Mouse sections, {models[scale].name}, {time.time() - started:.0f} s", ROWS, found[scale][-1])
        if len(models) == len(SCALES):
            found["fusion"].append(fused(images, models, options.work / f"fused-{kind}-{seed}"))
            print_table(f"Mouse sections, both scales, seed {seed}", FUSED, found["fusion"][-1])
    for scale in scales:
        print_table(f"Mouse sections, {scale}, mean of seeds {options.seeds}", ROWS, over_seeds(found[scale]))
    if found["fusion"]:
        print_table(f"Mouse sections, both scales, mean of seeds {options.seeds}", FUSED, over_seeds(found["fusion"]))


def cut_sections(data: Path, out: Path) -> Path:
    """Tiles (96 px, purity 0.7) and region crops; one section in five tests, one validates."""
    from cytoscribe.training.data.tiles import CutSettings, cut

    folders = (data / "sections", data / "labels", data / "groups.csv")
    cut(CutSettings(*folders, out, tile_px=96, stride=DENSE, purity=0.7, scale="both", pixel_size_um=12.5))
    return out / "images.csv"


def of_scale(images: Path, scale: str, out: Path) -> Path:
    """Table of one scale: regions that train, and unseen ones; tiles that do not train lie on the wider grid."""
    from cytoscribe.core.tables import read_csv, write_csv

    rows = [row for _, row in read_csv(images, ["image_path"]) if row["scale"] == scale]
    known = {row["region"] for row in rows if row["split"] == "train"}
    rows = [row for row in rows if row["region"] in known or row["split"] == "unseen"]
    rows = [row for row in rows if scale == "region" or row["split"] == "train" or _on_grid(row)]
    write_csv(out, list(rows[0]), [list(row.values()) for row in rows])
    return out


def _on_grid(row: dict[str, str]) -> bool:
    return int(row["x"]) % GRID == 0 and int(row["y"]) % GRID == 0


def write_captions(data: Path, work: Path) -> Path:
    """Captions from the claims that the notes make about the groups; training drops those of unseen groups."""
    from cytoscribe.captions.generation import GenerateSettings, generate
    from cytoscribe.literature_mining.miner import MineSettings, mine

    mine(MineSettings(data / "mouse_regions.csv", (data / "mouse_notes.md",), work / "mined"))
    generate(GenerateSettings(out=work / "captions", descriptions=work / "mined", per_region=60))
    return work / "captions"


def train(images: Path, captions: Path, out: Path, scale: str, seed: int, options: argparse.Namespace) -> None:
    """LoRA training of the light real base on one scale; layers and hemispheres keep their direction."""
    from cytoscribe.training.clip_fit import train as fit
    from cytoscribe.training.losses import Objective
    from cytoscribe.training.model.lora import Tuning
    from cytoscribe.training.optimisation import Optimisation
    from cytoscribe.training.settings import ImageOptions, RejectionOptions, TrainSettings

    chosen = SCALES[scale]
    fit(
        TrainSettings(
            images=images,
            captions=(captions,),
            base=BASE,
            out=out,
            scale=scale,
            seed=seed,
            tuning=Tuning("lora", options.towers),
            optimisation=Optimisation(epochs=options.epochs or chosen.epochs, batch_size=48, sampling="balanced"),
            objective=Objective(region_positives=options.region_positives),
            image=ImageOptions(chosen.image_px, "mild", laminar=True),
            rejection=RejectionOptions(scores=REJECTION),
        )
    )


def measured_probe(table: Path, kept: Path) -> dict[str, Any]:
    """The probe's figures on the very same images, regions and splits; computed once, since no seed is in it."""
    from cytoscribe.core.runs import read_json, write_json
    from cytoscribe.core.tables import read_images

    if not kept.is_file():
        write_json(kept, {f"probe.{k}": v for k, v in probe(read_images(table), BASE, PROBE_PX).items()})
    return read_json(kept)


def measure(images: Path, model: Path, out: Path) -> dict[str, Any]:
    """metrics.json of the model, and its macro-F1 where captions and training images name together."""
    from cytoscribe.core.runs import read_json
    from cytoscribe.core.tables import read_images
    from cytoscribe.eval.answers import answer
    from cytoscribe.eval.evaluator import evaluate, load_model
    from cytoscribe.eval.metrics.bootstrap import clusters_of, draw_weights, estimate
    from cytoscribe.eval.metrics.classification import macro_f1
    from cytoscribe.eval.metrics.naming import named
    from cytoscribe.eval.settings import EvaluateSettings

    evaluate(EvaluateSettings(model, images, out, explorer=0))
    loaded = load_model(model, "cpu")
    records = [r for r in read_images(images) if r.split == "test" and r.region in loaded.regions]
    answers = named(answer(loaded, loaded.encode_images(records)), loaded, "both")
    truth = np.array([loaded.regions.index(r.region) for r in records])
    weights = draw_weights(clusters_of(records).index, np.zeros(len(records), dtype=int), 1000, seed=0)
    found = estimate(macro_f1(truth, answers.predicted, len(loaded.regions)), weights, len(records))
    told = {"": found.value, ".ci95": found.ci95, ".n": found.n}
    return {**read_json(out / "metrics.json"), **{f"named_by_both.macro_f1{end}": value for end, value in told.items()}}


def fused(images: Path, models: dict[str, Path], out: Path) -> dict[str, Any]:
    """Figures of the region model, the tile model and both, on the region crops of test sections that hold a tile."""
    from cytoscribe.core.runs import read_json
    from cytoscribe.eval.fusion_stage import FuseSettings, fuse_scales

    fuse_scales(FuseSettings(models["region"], models["tile"], images, out, name_by="both"))
    return read_json(out / "metrics.json")


if __name__ == "__main__":
    main()
