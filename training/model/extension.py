"""A new region from a few images: the model learns its place beside the others without training, and the rejection is put right.

The encoders stay as they are. The mean of the k images becomes the region's prototype beside the captions of the others; the images join
those that the rejection compares with. A region known from k images looks stranger than one known from hundreds. How much stranger is
learned from the known regions: each is treated as if it were new, with k of its training images, and its held-out images then show what
the scores of a region known from k images are. These are the reference for images that are named as the new region.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import say
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import read_json, write_json
from cytoscribe.core.shapes import check, listed, mapping, text
from cytoscribe.core.tables import read_images
from cytoscribe.core.verify import record_files
from cytoscribe.training.data.embeddings import read_embeddings
from cytoscribe.training.data.splits import SplitImages, write_splits
from cytoscribe.training.model import export
from cytoscribe.training.model.model_folder import CONFIG_FILE, REGIONS_FILE, TrainedModel
from cytoscribe.training.rejection.conformal import Rejection, calibrate, combine, raw_scores
from cytoscribe.training.rejection.scores import ScoreContext, context_from

_LEFT_BEHIND = ("run.json", ".lock", "checkpoint.safetensors", "best.safetensors")
IMAGES_FILE = "images.csv"


@dataclass(frozen=True)
class ExtendSettings:
    """images: table of a few images of each new region; captions: region to texts that describe new regions, {} for none; embeddings:
    vectors of the images, for a model that takes such."""

    model: Path
    images: Path
    out: Path
    captions: Mapping[str, Sequence[str]]
    region_column: str = "region"
    embeddings: Path | None = None
    device: str = "auto"
    seed: int = 0


@dataclass(frozen=True)
class Extended:
    """new: region to the number of its images; notes: what a user must know."""

    new: dict[str, int]
    notes: tuple[str, ...]


def extend(settings: ExtendSettings) -> Extended:
    """Write a copy of the model folder that knows further regions.

    Raises InputError where the table holds no new region, no image can be read, or --out exists; nothing is left half-written.
    """
    if settings.out.exists():
        raise InputError("the folder already exists", where=settings.out, fix="give another --out")
    vectors = read_embeddings(settings.embeddings, settings.images.parent) if settings.embeddings else None
    model = TrainedModel.load(settings.model, settings.device, vectors)
    records = _new_records(settings, model.regions)
    skipped: list[Any] = []
    features = model.encode_images(records, skipped=skipped)
    kept = torch.isfinite(features).all(1)
    records, features = [r for r, k in zip(records, kept.tolist(), strict=True) if k], features[kept]
    if not records:
        raise InputError("no image of a new region can be read", where=settings.images, fix="check the image_path column")
    names = tuple(dict.fromkeys(r.region for r in records))
    of_new = {name: features[torch.tensor([r.region == name for r in records])] for name in names}
    texts = {name: list(settings.captions.get(name, ())) for name in names}
    captions = {name: normalize(model.encode_texts(t).mean(0), dim=0) for name, t in texts.items() if t}
    rejection = extended(model.rejection, of_new, captions, settings.seed)
    _write(settings, model, rejection, records, {n: t or [n] for n, t in texts.items()})
    return Extended({n: len(f) for n, f in of_new.items()}, rejection.notes)


def read_texts(path: Path) -> dict[str, list[str]]:
    """A JSON object from region to a list of texts; raises InputError where the file is not such an object."""
    return check(read_json(path), mapping(listed(text(), most=1000, least=1)), path, 'write {"region": ["a text", ...], ...}')


def _new_records(settings: ExtendSettings, known: Sequence[str]) -> list[ImageRecord]:
    records = read_images(settings.images, region_column=settings.region_column)
    new = [r for r in records if r.region not in known]
    if not new:
        raise InputError("every region of the table is known to the model", where=settings.images, fix="give images of new regions")
    if len(new) < len(records):
        say(f"{len(records) - len(new)} images are of regions that the model knows: left out")
    unused = sorted({*settings.captions} - {r.region for r in new})
    if unused:
        raise InputError(f"captions for '{unused[0]}', for which no new image is given", fix="check the names of regions")
    return new


def extended(
    rejection: Rejection, images: Mapping[str, Tensor], captions: Mapping[str, Tensor] | None = None, seed: int = 0
) -> Rejection:
    """The rejector that also knows new regions. images: region to its features (k, D); captions: region to a caption feature (D,).

    The images of a new region never calibrate the old ones, whose promise rests on the same held-out images as before.
    Raises InputError where the model keeps no held-out features.
    """
    held_out, before = rejection.held_out, rejection.context
    if held_out is None:
        raise InputError("the model keeps no held-out features", fix="train the model again")
    gap = modality_gap(before)
    classes = [prototype(f, gap, (captions or {}).get(name)) for name, f in images.items()]
    labels = [torch.full((len(f),), len(before.classes) + i) for i, f in enumerate(images.values())]
    context = context_from(
        torch.cat([before.classes, torch.stack(classes)]),
        torch.cat([before.bank, *images.values()]),
        torch.cat([before.labels, *labels]),
        before.logit_scale,
    )
    regions = (*rejection.regions, *images)
    after = calibrate(
        rejection.names, held_out.features, context, regions, rejection.alpha, rejection.split, held_out, rejection.unit
    )
    notes = list(after.notes)
    for i, (name, f) in enumerate(images.items()):
        after, count = _with_reference(after, before, len(rejection.regions) + i, len(f), seed)
        notes.append(f"region '{name}' was added from {len(f)} images, without training; {_promise(count, after.least)}")
    return replace(after, notes=tuple(notes), chosen_by=rejection.chosen_by, sources=rejection.sources)


def _promise(count: int, least: int) -> str:
    if count < least:
        return "too few held-out images to calibrate it: it is rejected as the other regions are"
    return f"its rejection is calibrated on {count} held-out images of known regions, taken as if each were new"


def modality_gap(context: ScoreContext) -> Tensor:
    """(D,) mean difference of captions and mean images over the known regions."""
    present = context.labels.unique()
    means = torch.stack([normalize(context.bank[context.labels == k].mean(0), dim=0) for k in present])
    return (context.classes[present] - means).mean(0)


def prototype(images: Tensor, gap: Tensor, caption: Tensor | None = None) -> Tensor:
    """(D,) where captions of a region would lie, from its images (k, D); with a caption feature (D,), the mean of both directions."""
    place = normalize(normalize(images.mean(0), dim=0) + gap, dim=0)
    return place if caption is None else normalize(place + caption, dim=0)


def as_if_new(context: ScoreContext, region: int, shots: int, seed: int) -> ScoreContext:
    """The context with one known region known from `shots` of its training images alone."""
    own = np.flatnonzero(context.labels.numpy() == region)
    few = np.random.default_rng([seed, region]).permutation(own)[:shots]
    rows = torch.from_numpy(np.sort(np.concatenate([np.flatnonzero(context.labels.numpy() != region), few])))
    classes = context.classes.clone()
    others = context.labels != region
    gap = modality_gap(replace(context, bank=context.bank[others], labels=context.labels[others]))
    classes[region] = prototype(context.bank[torch.from_numpy(few)], gap)
    return context_from(classes, context.bank[rows], context.labels[rows], context.logit_scale)


def _with_reference(after: Rejection, before: ScoreContext, place: int, shots: int, seed: int) -> tuple[Rejection, int]:
    """The rejector with a reference for images named as region `place`; and how many images that holds."""
    assert after.held_out is not None
    labels, features = after.held_out.labels.numpy(), after.held_out.features
    scores, rows = [], []
    for region in np.unique(labels):
        context = as_if_new(before, int(region), shots, seed)
        own = np.flatnonzero(labels == region)
        named = (features[torch.from_numpy(own)] @ context.classes.T).argmax(1).numpy()
        own = own[named == region]
        if own.size:
            raw = raw_scores(after.names, features[torch.from_numpy(own)], context)
            scores.append(combine(raw, after.centre, after.spread))
            rows.append(own)
    if not rows:
        return after, 0
    found, taken = np.concatenate(scores), np.concatenate(rows)
    most = max(after.least * 2, len(labels) // max(place, 1))  # so that all regions together still refer to the old ones mostly
    keep = np.random.default_rng([seed, place]).permutation(len(found))[:most]
    clusters = None if after.clusters is None else np.concatenate([after.clusters, after.held_out.clusters.numpy()[taken[keep]]])  # type: ignore[union-attr]
    return (
        replace(
            after,
            calibration=np.concatenate([after.calibration, np.round(found[keep], 6)]),
            groups=np.concatenate([after.groups, np.full(len(keep), place)]),
            clusters=clusters,
        ),
        len(keep),
    )


def _write(
    settings: ExtendSettings, model: TrainedModel, rejection: Rejection, records: list[ImageRecord], texts: dict[str, list[str]]
) -> None:
    """Copy the folder and put in what has changed; the copy gets its name when it is whole."""
    temporary = settings.out.with_name(f".{settings.out.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    shutil.copytree(settings.model, temporary, ignore=shutil.ignore_patterns(*_LEFT_BEHIND))
    try:
        rejection.save(temporary)
        told = read_json(temporary / REGIONS_FILE)
        counts = {**told.get("training_images", {}), **{n: sum(r.region == n for r in records) for n in texts}}
        export.save_regions(rejection.regions, {**model.class_captions, **texts}, counts, model.logit_scale, temporary)
        config = {**model.settings, "regions": list(rejection.regions), "rejection": rejection.summary()}
        config["notes"] = [*rejection.notes, *(n for n in model.settings["notes"] if n not in rejection.notes)]
        write_json(temporary / CONFIG_FILE, config)
        export.save_card(temporary, config)
        _add_images(temporary, settings.out, model.folder, records)
        record_files(temporary)
        temporary.replace(settings.out)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _add_images(temporary: Path, out: Path, before: Path, records: Sequence[ImageRecord]) -> None:
    """The table of images that the model has seen, with the new ones as training images; paths count from where the copy will be."""
    table = before / IMAGES_FILE
    seen = read_images(table) if table.is_file() else []
    rows = (*seen, *(replace(r, split="train") for r in records))
    write_splits(SplitImages(tuple(rows), False, "image"), temporary, out)
