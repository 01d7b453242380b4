"""Every reader of files that strangers write, each with good files to begin from; used by changed_files.py."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import good_files


@dataclass(frozen=True)
class Reader:
    """A function that reads a file of a kind, a good file of that kind to begin from, and where the changed file is to lie: beside the
    other parts of a folder, if `place` says so."""

    name: str
    read: Callable[[Path], Any]
    good: Path
    place: Path | None = None


def readers(folder: Path) -> list[Reader]:
    """All of them. folder: as `disturbances.prepare` and `undisturbed` leave it."""
    made = good_files.make(folder)
    return [
        *_tables(folder, made),
        *_descriptions(folder, made),
        *_pictures(folder, made),
        *_papers(folder),
        *_models(folder, made),
    ]


def _tables(folder: Path, made: dict[str, Path]) -> list[Reader]:
    from cytoscribe.captions.morphology.cell_table import read_cells
    from cytoscribe.captions.morphology.layer_names import read_layer_names
    from cytoscribe.captions.morphology.layer_piece import read_borders
    from cytoscribe.captions.morphology.layer_stage import read_detections
    from cytoscribe.core.records import Caption, Claim, Description
    from cytoscribe.core.tables import read_csv, read_images, read_records
    from cytoscribe.eval.claims.measured import read_measured
    from cytoscribe.eval.outcomes import read_outcomes
    from cytoscribe.eval.second_annotation import read_second
    from cytoscribe.literature_mining.regions.ontologies import convert
    from cytoscribe.literature_mining.regions.table import read_regions
    from cytoscribe.training.data.colour_tables import read_colours
    from cytoscribe.training.data.embeddings import read_embeddings
    from cytoscribe.training.data.section_table import read_section_table
    from cytoscribe.training.data.sections import read_groups

    mined, layers = folder / "mined", folder / "odd-layers" / "layers.csv"
    layers.parent.mkdir(exist_ok=True)
    return [
        Reader("images.csv", read_images, folder / "calm-cut" / "images.csv"),
        Reader("regions.csv", read_regions, folder / "regions.csv"),
        Reader("groups.csv", read_groups, folder / "phantom" / "groups.csv"),
        Reader("table.csv", lambda p: read_csv(p, ["region"]), folder / "regions.csv"),
        Reader("sections.csv", lambda p: read_section_table(p, ["s1", "s2"]), made["sections.csv"]),
        Reader("colours.csv", read_colours, made["colours.csv"]),
        Reader("layer_names.csv", read_layer_names, made["layer_names.csv"]),
        Reader("borders.csv", read_borders, made["borders.csv"]),
        Reader("cells.csv", lambda p: read_detections(p, 0.5), made["cells.csv"]),
        Reader("detections.csv", read_cells, made["detections.csv"]),
        Reader("names.csv", convert, made["names.csv"]),
        Reader("second.csv", lambda p: read_second(p, ["size", "shape"]), made["second.csv"]),
        Reader("predictions.csv", read_outcomes, made["predictions.csv"]),
        Reader("layers.csv", lambda p: read_measured(p.parent), made["layers.csv"], layers),
        Reader("claims.parquet", lambda p: read_records(p, Claim), mined / "claims.parquet"),
        Reader("descriptions.parquet", lambda p: read_records(p, Description), mined / "descriptions.parquet"),
        Reader("captions.parquet", lambda p: read_records(p, Caption), next((folder / "captions" / "data").glob("*.parquet"))),
        Reader("vectors.npz", lambda p: read_embeddings(p, folder), made["vectors.npz"]),
        Reader("vectors.parquet", lambda p: read_embeddings(p, folder), made["vectors.parquet"]),
    ]


def _words(made: dict[str, Path]) -> list[Reader]:
    """Vocabularies, phrases, limits of words, and trees of regions."""
    from cytoscribe.captions.morphology.words import read_bins
    from cytoscribe.captions.quality.texts import read_texts
    from cytoscribe.captions.wording.image_attributes import read_phrases
    from cytoscribe.literature_mining.claims.lexicon import load_lexicon
    from cytoscribe.literature_mining.claims.vocabulary import attributes_in, read_toml
    from cytoscribe.literature_mining.regions.ontologies import convert, read_definitions

    return [
        Reader("phrases.json", read_phrases, made["phrases.json"]),
        Reader("bins.json", lambda p: read_bins("cell", p), made["bins.json"]),
        Reader("tree.json", convert, made["tree.json"]),
        Reader("nif.json", lambda p: (convert(p), list(read_definitions(p))), made["nif.json"]),
        Reader("texts.jsonl", lambda p: read_texts(p, {}), made["texts.jsonl"]),
        Reader("lexicon.toml", lambda p: load_lexicon.__wrapped__(p), made["lexicon.toml"]),
        Reader("vocabulary.toml", lambda p: attributes_in(read_toml(p), p), made["vocabulary.toml"]),
    ]


def _descriptions(folder: Path, made: dict[str, Path]) -> list[Reader]:
    """JSON, TOML, YAML and templates: what describes other things."""
    from cytoscribe.captions.card_head import read_figures, with_head
    from cytoscribe.captions.gate.judge_llm import read_answer
    from cytoscribe.captions.morphology.cell_table import read_piece
    from cytoscribe.core.geojson import read_features
    from cytoscribe.core.outlines import read_outlines
    from cytoscribe.core.runs import read_json
    from cytoscribe.core.verify import damage
    from cytoscribe.eval.class_captions import read_class_captions
    from cytoscribe.eval.compare import read_run
    from cytoscribe.eval.metrics.pooling import Pool
    from cytoscribe.llm.models import read_aliases
    from cytoscribe.prompts.loader import VARIABLES, load_prompts

    cut = _copied(folder / "calm-cut", folder / "odd-cut")
    prompts, metrics, pool = (
        folder / "odd-prompts" / "caption" / "own.jinja",
        folder / "odd-run" / "metrics.json",
        folder / "odd-pool",
    )
    for place in (prompts.parent, metrics.parent, pool):
        place.mkdir(parents=True, exist_ok=True)

    def template(path: Path) -> None:
        load_prompts(prompts.parent.parent).render("own", dict.fromkeys(VARIABLES, "a word"))

    def answer(path: Path) -> None:
        text = path.read_text(encoding="utf-8", errors="replace")
        read_answer(text)
        good_files.check_answer(text)

    return [
        *_words(made),
        Reader("run.json", lambda p: damage(p.parent), cut / "run.json", cut / "run.json"),
        Reader("any.json", read_json, made["phrases.json"]),
        Reader("class_captions.json", lambda p: read_class_captions(p, ["V1"]), made["class_captions.json"]),
        Reader("aliases.json", read_aliases, made["aliases.json"]),
        Reader("pool.json", lambda p: Pool.load(p.parent), made["pool.json"], pool / "pool.json"),
        Reader("metrics.json", lambda p: read_run(p.parent, "a"), made["metrics.json"], metrics),
        Reader("figures.json", read_figures, made["metrics.json"]),
        Reader("outlines.geojson", read_outlines, made["outlines.geojson"]),
        Reader("outlines.geojson.gz", read_features, made["outlines.geojson.gz"]),
        Reader("corners.geojson", lambda p: read_piece(p, 0.5), made["corners.geojson"]),
        Reader("own.jinja", template, made["own.jinja"], prompts),
        Reader("card.md", lambda p: with_head(p.read_bytes().decode("utf-8", "replace"), {"license": "mit"}), made["card.md"]),
        Reader("answer.txt", answer, made["answer.txt"]),
        Reader("body.json", good_files.read_body, made["body.json"]),
        Reader("stored.jsonl", good_files.read_store, made["stored.jsonl"]),
    ]


def _pictures(folder: Path, made: dict[str, Path]) -> list[Reader]:
    from cytoscribe.captions.morphology.masks import read_mask
    from cytoscribe.core.images import read_image
    from cytoscribe.training.data.sections import read_labels
    from cytoscribe.training.data.slides import open_slide, window

    tile = next((folder / "calm-cut" / "tiles").iterdir())
    labels = next(p for p in (folder / "phantom" / "labels").iterdir() if p.suffix == ".png")

    def slide(path: Path) -> None:
        window(open_slide(path), 0, 0, 64, 64)

    return [
        Reader("picture.png", read_image, tile),
        *(Reader(f"picture.{kind}", read_image, made[f"picture.{kind}"]) for kind in ("jpg", "bmp", "webp", "gif")),
        Reader("picture.tif", read_image, made["slide.tif"]),
        Reader("deep.tif", read_image, made["deep.tif"]),
        Reader("ome.ome.tif", read_image, made["ome.ome.tif"]),
        Reader("labels.png", read_labels, labels),
        Reader("labels.npy", read_labels, made["labels.npy"]),
        Reader("labels.tif", read_labels, made["mask.tif"]),
        Reader("mask.tif", lambda p: read_mask(p, (64, 96)), made["mask.tif"]),
        Reader("slide.tif", slide, made["slide.tif"]),
        Reader("slide.ome.tif", slide, made["ome.ome.tif"]),
    ]


def _papers(folder: Path) -> list[Reader]:
    from cytoscribe.literature_mining.papers.open import read_document

    papers = good_files.papers(folder)
    return [
        Reader("paper.md", read_document, folder / "papers" / "0one.md"),
        Reader("paper.txt", read_document, folder / "papers" / "0two.txt"),
        *(Reader(f"paper{path.suffix}", read_document, path) for path in papers),
    ]


def _models(folder: Path, made: dict[str, Path]) -> list[Reader]:
    from cytoscribe.training.model.model_config import read_base, read_config
    from cytoscribe.training.model.model_folder import read_model_settings
    from cytoscribe.training.model.tensors import read_tensors
    from cytoscribe.training.rejection.appearance import Appearance
    from cytoscribe.training.rejection.conformal import Rejection

    trained = folder / "calm-train"
    regions = tuple(json.loads((trained / "regions.json").read_text(encoding="utf-8"))["regions"])

    def part(name: str, read: Callable[[Path], Any], number: int) -> Reader:
        place = _copied(trained, folder / f"odd-model-{number}", ("merged", "adapter")) / name
        return Reader(f"model-{name}", read, place, place)

    found = [
        Reader("open_clip_config.json", read_config, trained / "merged" / "open_clip_config.json"),
        Reader("base.json", read_base, made["base.json"]),
        Reader("weights.safetensors", lambda p: read_tensors(p, "mend it"), made["weights.safetensors"]),
        part("config.json", lambda p: read_model_settings(p.parent), 0),
        *(
            part(p.name, lambda p: Rejection.load(p.parent, regions), n)
            for n, p in enumerate(sorted(trained.glob("calibration.*")), 1)
        ),
    ]
    if (trained / "appearance.safetensors").is_file():
        found.append(part("appearance.safetensors", lambda p: Appearance.load(p.parent), 9))
    return found


def _copied(source: Path, target: Path, without: tuple[str, ...] = ()) -> Path:
    """A copy of a folder in which one file can be changed."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*without))
    return target
