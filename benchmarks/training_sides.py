"""The two training loops that `training_speed.py` compares, built by each project's own code and run an epoch at a time.

Both read the same table and the same captions. open_clip's side is everything that `open_clip_train.main` builds from its command
line (model, optimiser, schedule, loss, CSV data set with worker processes), up to the call of `train_one_epoch`, which the
benchmark then makes itself; cytoscribe's is everything that `train-lora` builds, up to the call of the training loop.
"""

from __future__ import annotations

import csv
import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from blood_cells import COLUMNS
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import bar
from cytoscribe.core.runs import read_json, write_json
from cytoscribe.core.tables import read_csv, read_images
from cytoscribe.training import clip_fit, loop
from cytoscribe.training.checkpoints import Progress
from cytoscribe.training.data.caption_files import read_caption_folders
from cytoscribe.training.data.pairs import build_pool, draw_captions, wordings
from cytoscribe.training.loop import Fitting
from cytoscribe.training.losses import Objective
from cytoscribe.training.model.base_models import config_path, load_base
from cytoscribe.training.model.lora import Tuning
from cytoscribe.training.optimisation import Optimisation, optimiser_of
from cytoscribe.training.settings import ImageOptions, TrainSettings

DISTINCT = 2048
"""Most images that are drawn; a longer epoch shows them again."""


@dataclass(frozen=True)
class Setting:
    """What both sides share. px: side of the images the model sees; precision: `fp32` or `bf16` (autocast); workers: processes
    (open_clip) or threads (cytoscribe) that decode."""

    folder: Path
    base: str
    px: int
    batch: int
    steps: int
    precision: str
    device: torch.device
    workers: int

    @property
    def table(self) -> Path:
        return self.folder / "images.csv"

    @property
    def captions(self) -> Path:
        return self.folder / "captions"

    @property
    def pairs(self) -> Path:
        return self.folder / "pairs.tsv"


@dataclass
class Side:
    """One loop and what was measured of it. epoch: trains one, given its number; switches: torch's global settings as this side's
    code left them; after_step: called behind every step of the optimiser, set by who measures; resident: bytes of device memory
    held between epochs; flops: operations of a step; speeds: images a second of each round; memory: most bytes in a round."""

    name: str
    epoch: Callable[[int], None]
    switches: tuple[bool, ...]
    after_step: Callable[[], None] = lambda: None
    resident: int = 0
    flops: float = 0.0
    speeds: list[float] = field(default_factory=list)
    memory: int = 0


def write_material(setting: Setting, cells: Path) -> None:
    """Table and template captions: blood cells where `cells` (cells.csv) is there, else drawn ones of the same size."""
    from cytoscribe.captions.generation import GenerateSettings, generate
    from cytoscribe.captions.units import AttributeSettings

    setting.folder.mkdir(parents=True, exist_ok=True)
    wanted = setting.batch * setting.steps
    rows = _real(cells) if cells.is_file() else _drawn(setting.folder, min(wanted, DISTINCT))
    with setting.table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["image_path", "label", "split", *COLUMNS])
        writer.writeheader()
        writer.writerows(rows[i % len(rows)] for i in range(wanted))
        writer.writerow(rows[0] | {"split": "val"})  # else train-lora would take validation images out of the others
    source = AttributeSettings(setting.table, columns=COLUMNS, region_column="label", split="train")
    generate(GenerateSettings(out=setting.captions, attributes=source, per_region=60, overwrite=True))
    _write_pairs(setting)


def _real(cells: Path) -> list[dict[str, str]]:
    kept = ("image_path", "label", "split", *COLUMNS)
    rows = [row for _, row in read_csv(cells, list(kept)) if row["split"] == "train"]
    return [{k: row[k] for k in kept} | {"image_path": str((cells.parent / row["image_path"]).resolve())} for row in rows]


def _drawn(folder: Path, count: int) -> list[dict[str, str]]:
    """Discs on a light ground, 224 pixels, with two values of every attribute."""
    rng, rows = np.random.default_rng(0), []
    across, down = np.meshgrid(np.arange(224), np.arange(224))
    for number in range(count):
        disc = np.hypot(across - rng.integers(90, 134), down - rng.integers(90, 134)) < rng.integers(30, 90)
        picture = np.where(disc[..., None], rng.integers(60, 180, 3), 225) + rng.normal(0, 8, (224, 224, 3))
        path = folder / f"drawn-{number:05d}.jpg"
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(path, quality=90)
        values = {c: ("big", "small")[rng.integers(2)] for c in COLUMNS}
        rows.append({"image_path": str(path.resolve()), "label": f"kind {number % 5}", "split": "train"} | values)
    return rows


def _write_pairs(setting: Setting) -> None:
    """open_clip's data set: every image with one of the captions that fit it."""
    records = [r for r in read_images(setting.table, region_column="label") if r.split == "train"]
    regions = tuple(sorted({r.region for r in records}))
    pool = build_pool(records, wordings(read_caption_folders([setting.captions])), regions)
    texts = draw_captions(pool, np.arange(len(records)), np.random.default_rng(0))
    with setting.pairs.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(["filepath", "title"])
        writer.writerows([r.path, pool.texts[t]] for r, t in zip(records, texts, strict=True))


class _Built(Exception):  # noqa: N818 - no error
    """Carries what a project's own code handed to its training loop."""

    def __init__(self, *handed: Any) -> None:
        super().__init__("built")
        self.handed = handed


def _handed_to(owner: Any, function: str, run: Callable[[], object]) -> tuple[Any, ...]:
    """The arguments of the first call of owner.function that `run` makes; the call itself is not made."""

    def stop(*arguments: Any, **named: Any) -> None:
        raise _Built(*arguments, *named.values())

    try:
        with patch.object(owner, function, stop):
            run()
    except _Built as built:
        return built.handed
    raise RuntimeError(f"{function} was never called")


def cytoscribe_side(setting: Setting, name: str, tuning: Tuning, augmentation: str = "strong") -> Side:
    """train-lora's loop, one caption an image."""
    settings = TrainSettings(
        images=setting.table,
        captions=(setting.captions,),
        base=setting.base,
        out=setting.folder / "".join(c if c.isalnum() else "-" for c in name),
        region_column="label",
        precision=setting.precision,
        device=str(setting.device),
        overwrite=True,
        tuning=tuning,
        optimisation=Optimisation(batch_size=setting.batch, checkpoint_steps=10**9),
        objective=Objective(whole_weight=0.0, hard_weight=0.0),
        image=ImageOptions(setting.px, augmentation, workers=setting.workers),
    )
    fitting: Fitting = _handed_to(loop, "fit", lambda: clip_fit.train(settings))[0]
    if fitting.steps_per_epoch != setting.steps:
        raise RuntimeError(f"an epoch has {fitting.steps_per_epoch} steps, not {setting.steps}")
    optimiser = optimiser_of(fitting.learner, fitting.optimisation)

    def epoch(number: int) -> None:
        with bar("training", setting.steps, "steps") as running:
            loop.train_epoch(fitting, optimiser, Progress(epoch=number), settings.out, running)

    return _hooked(Side(name, epoch, switches()), optimiser)


def open_clip_side(setting: Setting, name: str, options: Sequence[str] = ()) -> Side:
    """open_clip's loop with these further options of its command line; raises InputError where a package it needs is missing."""
    try:
        from open_clip_train import main as script
    except ModuleNotFoundError as error:
        raise InputError(f"open_clip's training needs {error.name}", fix="uv run --with webdataset ...") from error
    precision = {"fp32": "fp32", "bf16": "amp_bf16"}[setting.precision]
    told = {"model": _registered(setting), "train-data": setting.pairs, "dataset-type": "csv"}
    told |= {"batch-size": setting.batch, "force-image-size": setting.px, "precision": precision, "workers": setting.workers}
    told |= {"device": setting.device, "logs": tempfile.mkdtemp(dir=setting.folder), "name": name, "epochs": 1}
    line = [part for key, value in told.items() for part in (f"--{key}", str(value))] + list(options)
    logging.disable(logging.WARNING)  # it prints the whole model
    before = switches()
    model, data, loss, _, optimiser, scaler, schedule, teacher, arguments, writer = _handed_to(
        script, "train_one_epoch", lambda: script.main(line)
    )

    def epoch(number: int) -> None:
        script.train_one_epoch(model, data, loss, number, optimiser, scaler, schedule, teacher, arguments, tb_writer=writer)

    side = _hooked(Side(name, epoch, switches()), optimiser)
    switch(before)
    return side


def _registered(setting: Setting) -> str:
    """The base's name in open_clip; a base that comes as a JSON config is made known to it first, with the paths of its towers."""
    import open_clip

    path = config_path(setting.base)
    if path is None:
        return setting.base.partition(":")[0]
    known = setting.folder / "open_clip_models" / f"{path.stem}.json"
    known.parent.mkdir(exist_ok=True)
    config = load_base(setting.base).config["model_cfg"] if read_json(path).get("weights") else read_json(path)["model_cfg"]
    write_json(known, config)
    open_clip.add_model_config(known)
    return known.stem


def _hooked(side: Side, optimiser: torch.optim.Optimizer) -> Side:
    optimiser.register_step_post_hook(lambda *_: side.after_step())
    return side


def switches() -> tuple[bool, ...]:
    """torch's global settings that open_clip's script changes on a GPU."""
    cuda, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    return bool(cuda.allow_tf32), bool(cudnn.benchmark), bool(cudnn.deterministic)


def switch(values: tuple[bool, ...]) -> None:
    """Set them."""
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = values
