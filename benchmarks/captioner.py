"""The captioner on drawn cortex, blood cells and mouse sections: what it names, says and rejects, beside captions that nobody wrote for it.

    CYTO_DATA=DATA CYTO_WEIGHTS=WEIGHTS uv run benchmarks/captioner.py --data blood --work /tmp/captioner --seeds 0,1,2

DATA holds blood_cells/ and mouse_sections/; `--data phantom` needs none. Captions are written from the training images alone (cells), or
from the notes and papers (sections, phantom). --vision is a model folder of train-lora, a base or timm:NAME; by default ImageNet features
that nobody adapted. --llm tiny is learned from the captions; smollm2 is SmolLM2-135M, frozen. --most bounds the images of each region and
split, drawn by seed, for a machine with little time; --measured those of each region that are captioned (names and rejection are then
measured on all as well: `all.`); --vectors is a file of the vectors that a model folder gave before, in place of reading the images, and
--table the rows that it covers. The tables say how many there were. Test images and unseen regions reach no training.
The same command resumes; encoded images are kept in WORK/encoded. Prints a table a seed, one of all seeds, and the published figures of
"Cytoarchitecture in Words" with what differs; writes WORK/DATA.json.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from figures import Row, print_table
from seeds import over_seeds

TARGETS = {
    "phantom": {
        "captioner.label_match": "0.906",
        "captioner.claims.precision": "0.95",
        "captioner.claims.recall": "0.95",
        "captioner.hallucination.before": "at most 0.02",
        "captioner.hallucination.after": "0",
    },
    "blood": {
        "captioner.label_match": "0.97",
        "captioner.masked_all_way": "0.90",
        "captioner.open_set.auroc_joint": "0.96, and that of the vision model",
        "captioner.claims.precision": "0.85",
        "captioner.hallucination.before": "at most 0.02",
        "captioner.hallucination.after": "0",
        "shuffled.label_match": "chance",
    },
    "mouse": {
        "captioner.label_match": "0.95 of baseline.frequent.label_match (the vision model's own names)",
        "captioner.masked_8way": "0.686",
        "captioner.open_set.auroc_joint": "that of the vision model",
        "captioner.hallucination.before": "at most 0.02",
        "captioner.hallucination.after": "0",
    },
}
PUBLISHED = """
| | here | Cytoarchitecture in Words (arXiv 2602.23088) |
|---|---|---|
| caption names the right region, in scope | {label_match} | 0.906 |
| region read back from the masked caption, of eight | {masked} | 0.686 |
| regions | {regions} | 57 areas |

What differs: theirs are cell-body-stained human sections with frozen CytoNet features and Llama-3-8B; here {data} with {vision} and {llm}.
Theirs is judged by a language model; here the name is the one that the captioner finds likeliest, and the masked caption is read by a
TF-IDF classifier that learned from the data set's masked captions. Distractors: all sets of seven, exactly.
"""
CHOSEN = {"phantom": (1, 4, 160), "blood": (1, 4, 128), "mouse": (1, 4, 96)}
"""Epochs of names alone and of whole captions, and side of the images in pixels."""


def main() -> None:
    """Run the stages and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=tuple(TARGETS), required=True, help="what is captioned")
    parser.add_argument("--work", type=Path, required=True, help="folder for captions, captioners and results")
    parser.add_argument("--seeds", default="0,1,2", help="seeds of training, joined by commas (default 0,1,2)")
    parser.add_argument("--vision", default="efficientnet_lite0_minilm", help="as of train-captioner")
    parser.add_argument("--vectors", type=Path, help="file of the vectors that --vision, a model folder, gives of the images")
    parser.add_argument("--table", type=Path, help="images table in place of the whole one, to train and measure on a part")
    parser.add_argument("--llm", default="tiny", help="as of train-captioner (default tiny)")
    parser.add_argument("--epochs", type=int, default=0, help="passes over the training images; 0: as chosen for the data")
    parser.add_argument(
        "--most", type=int, default=0, help="most training images of each region; a quarter in other splits; 0: all"
    )
    parser.add_argument(
        "--measured", type=int, default=0, help="most images of each region that are captioned and measured; 0: all"
    )
    parser.add_argument("--least-steps", type=int, default=1500, help="as of train-captioner (default 1500)")
    parser.add_argument("--contrast", type=float, default=0.5, help="as of train-captioner (default 0.5)")
    parser.add_argument("--rotating-share", type=float, default=0.0, help="as of train-captioner (default 0)")
    parser.add_argument("--outlier-share", type=float, default=0.15, help="as of train-captioner (default 0.15)")
    options = parser.parse_args()
    images, captions, descriptions = PREPARED[options.data](options.work / options.data)
    images = options.table or images
    if options.most:
        images = some_of(images, options.most, options.work / options.data / f"most-{options.most}.csv", options.data)
    found = [run_seed(int(seed), images, captions, descriptions, options) for seed in options.seeds.split(",")]
    told = over_seeds(found)
    if len(found) > 1:
        print_table(f"Captioner, {options.data}, mean of seeds {options.seeds}", rows_of(options.data, told), told)
    finish(options, found, told)


def phantom(work: Path) -> tuple[Path, Path, Path]:
    """Drawn cortex, its sample papers mined and captioned, as the quickstart makes them."""
    from cytoscribe.quickstart import stages

    settings = stages.QuickstartSettings(work)
    _, _, images = stages.prepare(settings)
    stages.mine(settings)
    stages.write_captions(settings)
    return images, work / "captions", work / "mined"


def blood(work: Path) -> tuple[Path, Path, None]:
    """Blood cells with captions from their attributes."""
    from blood_cells import cells_table, write_captions

    return cells_table(), write_captions(cells_table(), work / "captions"), None


def mouse(work: Path) -> tuple[Path, Path, Path]:
    """Tiles of mouse-brain sections with captions from the notes."""
    import os

    from mouse_sections import cut_sections, of_scale, write_captions

    data = Path(os.environ.get("CYTO_DATA", "../shared/data")) / "mouse_sections"
    table = of_scale(cut_sections(data, work / "cuts"), "tile", work / "cuts" / "tile.csv")
    return table, write_captions(data, work), work / "mined"


PREPARED: dict[str, Any] = {"phantom": phantom, "blood": blood, "mouse": mouse}


def some_of(table: Path, most: int, out: Path, data: str) -> Path:
    """A table of at most `most` training images of each region, and a quarter as many in the other splits."""
    from cytoscribe.core.tables import read_csv, write_csv

    rows = [row for _, row in read_csv(table, ["image_path"])]
    order, counts, kept = np.random.default_rng(0).permutation(len(rows)), {}, []
    for i in order:
        row = rows[i]
        key = row[region_column(data)], row["split"]
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= (most if row["split"] == "train" else max(most // 4, 1)):
            kept.append({**row, "image_path": str((table.parent / row["image_path"]).resolve())})
    write_csv(out, list(rows[0]), [list(row.values()) for row in kept])
    return out


def region_column(data: str) -> str:
    """Column of the images table that holds the label."""
    return "label" if data == "blood" else "region"


def run_seed(seed: int, images: Path, captions: Path, descriptions: Path | None, options: argparse.Namespace) -> dict[str, Any]:
    """Train and measure with one seed; print its table."""
    from cytoscribe.core.runs import read_json
    from cytoscribe.eval.captioner.evaluator import CaptionEvaluateSettings, evaluate
    from cytoscribe.training.captioner.fit import train
    from cytoscribe.training.captioner.settings import Adapter, CaptionerSettings, Schedule

    names, epochs, px = CHOSEN[options.data]
    epochs = options.epochs or epochs
    given = Path(options.vision).is_dir()
    name = f"{images.stem}-{Path(options.vision).name}-{Path(options.llm).name}-{epochs}-{options.least_steps}-{options.contrast:g}-{options.outlier_share:g}-{options.rotating_share:g}"
    work = options.work / options.data / f"{name}-{seed}"
    schedule = Schedule(
        epochs=epochs,
        label_epochs=names,
        least_steps=options.least_steps,
        contrast=options.contrast,
        outlier_share=options.outlier_share,
        rotating_share=options.rotating_share,
    )
    settings = CaptionerSettings(
        images=images,
        captions=(captions,),
        out=work / "captioner",
        vision=options.vision,
        llm=options.llm,
        embeddings=options.vectors,
        descriptions=descriptions,
        cache=options.work / "encoded",
        region_column=region_column(options.data),
        image_px=0 if given else px,
        seed=seed,
        adapter=Adapter(latents=4, width=128, layers=1) if options.llm == "tiny" else Adapter(lora_rank=8),
        schedule=schedule,
    )
    started = time.time()
    summary = train(settings)
    trained = time.time()
    column = region_column(options.data)
    kept = {"cache": options.work / "encoded", "embeddings": options.vectors}
    evaluate(
        CaptionEvaluateSettings(settings.out, images, work / "results", column, images_a_region=options.measured, seed=seed, **kept)
    )
    figures = read_json(work / "results" / "metrics.json")
    if options.measured:
        figures |= named_and_judged(settings.out, images, column, options)
    print_table(f"Captioner, {options.data}, seed {seed}", rows_of(options.data, figures), figures)
    print(f"{summary['images']}, {summary['speed']}, {figures['captioner.tokens_a_second']} tokens a second generated")
    print(f"training {trained - started:.0f} s, measuring {time.time() - trained:.0f} s", flush=True)
    return figures


def named_and_judged(folder: Path, images: Path, column: str, options: argparse.Namespace) -> dict[str, Any]:
    """Names and rejection on every test and unseen image, where only some are captioned: neither needs a word to be generated."""
    from cytoscribe.core.tables import read_images
    from cytoscribe.eval.metrics.bootstrap import clusters_of, draw_weights, estimate, weighted_mean
    from cytoscribe.eval.metrics.catalogue import flat
    from cytoscribe.eval.metrics.open_set import auroc
    from cytoscribe.eval.samples import choose_samples
    from cytoscribe.training.captioner.folder import Captioner

    captioner = Captioner.load(folder, embeddings=options.vectors, start=images.parent)
    samples = choose_samples(read_images(images, region_column=column), captioner.regions, "test", images)
    seen = captioner.encode(samples.records, options.work / "encoded").seen
    labels, unseen = captioner.labels(seen), samples.unseen
    verdicts = captioner.judge(seen, labels)
    weights = draw_weights(clusters_of(samples.records).index, unseen.astype(int), 1000, 0)
    right = np.where(unseen, np.nan, (labels[:, :-1].argmax(1) == samples.truth).astype(float))
    found = {"all.label_match": estimate(weighted_mean(right), weights, int((~unseen).sum()))}
    for name, rows in (("known", ~unseen), ("unseen", unseen)):
        rejected = np.where(rows, verdicts.rejected.astype(float), np.nan)
        found[f"all.{name}_rejected"] = estimate(weighted_mean(rejected), weights, int(rows.sum()))
    for name, scores in (("joint", verdicts.score), ("words", verdicts.caption_score), ("vision", verdicts.vision_score)):
        found[f"all.open_set.auroc_{name}"] = estimate(auroc(scores, unseen), weights, len(unseen))
    return flat(found, {})


def rows_of(data: str, figures: dict[str, Any]) -> list[Row]:
    """A row for each figure, with its target where it has one."""
    names = [n for n in figures if f"{n}.n" in figures]
    return [Row(n, n, TARGETS[data].get(n, "")) for n in names]


def finish(options: argparse.Namespace, found: list[dict[str, Any]], told: dict[str, Any]) -> None:
    """Print the published figures beside these, and keep all of them."""
    from cytoscribe.core.runs import write_json

    shown = {
        "label_match": f"{told['captioner.label_match']:.3f}",
        "masked": f"{told.get('captioner.masked_8way', told['captioner.masked_all_way']):.3f}",
        "regions": found[0]["captioner.regions"],
    }
    if "captioner.masked_8way" not in told:
        shown["masked"] += f" (of all {shown['regions']})"
    print(PUBLISHED.format(**shown, data=options.data, vision=options.vision, llm=options.llm))
    write_json(options.work / f"{options.data}.json", {"options": vars(options), "seeds": found, "mean": told})


if __name__ == "__main__":
    main()
