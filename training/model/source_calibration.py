"""Calibrating the rejection of a trained model for another microscope, from a table of its images, with or without labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import say
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import write_json
from cytoscribe.core.tables import read_csv, read_images
from cytoscribe.core.verify import record_files
from cytoscribe.training.data.embeddings import read_embeddings, takes_vectors
from cytoscribe.training.images import Skipped
from cytoscribe.training.model import export
from cytoscribe.training.model.model_folder import CONFIG_FILE, TrainedModel
from cytoscribe.training.rejection.sources import LEAST_LABELLED, LEAST_UNLABELLED, SourceSample, check_sample, sample_of

SOURCE_COLUMN = "source"


@dataclass(frozen=True)
class SourceSettings:
    """source: what the microscope, stain or laboratory is called in the column `source` of image tables; images: table of its images
    (only `image_path` is read), or labelled: table with regions too; one of them. embeddings: vectors of the images, for a model that
    takes such."""

    model: Path
    source: str
    images: Path | None = None
    labelled: Path | None = None
    region_column: str = "region"
    embeddings: Path | None = None
    device: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.source:
            raise InputError("the images of a source need its name", fix="add --source NAME")
        if (self.images is None) == (self.labelled is None):
            fix = (
                f"give --images TABLE (at least {LEAST_UNLABELLED}, without labels) or --labelled TABLE (at least {LEAST_LABELLED})"
            )
            raise InputError("a source is calibrated from one table of its images", fix=fix)


@dataclass(frozen=True)
class Calibrated:
    """A source that was added: the name of its table, its images, and what the promise assumes, in words."""

    table: str
    images: int
    assumes: str


def calibrate_source(settings: SourceSettings, model: TrainedModel | None = None) -> Calibrated:
    """Add the source to the model folder's calibration, in the place of an earlier one of that name.

    Raises InputError where the tables cannot be used or hold too few images; then nothing is changed.
    """
    table = settings.labelled or settings.images
    assert table is not None
    records = _labelled(settings) if settings.labelled else _unlabelled(settings)
    check_sample(settings.source, len(records), settings.labelled is not None, table)
    if model is None:
        vectors = read_embeddings(settings.embeddings, table.parent) if settings.embeddings else None
        model = TrainedModel.load(settings.model, settings.device, vectors)
    index = {name: i for i, name in enumerate(model.regions)}
    if settings.labelled:
        records = _of_known_regions(records, index, settings, table)
    source = _encoded(model, records, index, settings, table)
    rejection = replace(model.rejection, sources={**model.rejection.sources, settings.source: source})
    rejection.save(settings.model)
    told = {**model.settings, "rejection": rejection.summary()}
    write_json(settings.model / CONFIG_FILE, told)
    export.save_card(settings.model, told)
    record_files(settings.model)
    return Calibrated(source.table, len(source.labels), source.assumes(rejection.least))


def _labelled(settings: SourceSettings) -> list[ImageRecord]:
    assert settings.labelled is not None
    records = read_images(settings.labelled, region_column=settings.region_column)
    return _of_source(records, settings.source)


def _unlabelled(settings: SourceSettings) -> list[ImageRecord]:
    assert settings.images is not None
    rows = read_csv(settings.images, ["image_path"])
    records = [
        ImageRecord(settings.images.parent / row["image_path"], region="", row=number, attributes=row)
        for number, row in rows
        if row["image_path"]
    ]
    return _of_source(records, settings.source)


def _of_source(records: Sequence[ImageRecord], name: str) -> list[ImageRecord]:
    """Rows of this source where the table says the source of each; else all."""
    if any(SOURCE_COLUMN in r.attributes for r in records):
        return [r for r in records if r.attributes.get(SOURCE_COLUMN) == name]
    return list(records)


def _of_known_regions(
    records: list[ImageRecord], index: dict[str, int], settings: SourceSettings, table: Path
) -> list[ImageRecord]:
    known = [r for r in records if r.region in index]
    if len(known) < len(records):
        say(f"{len(records) - len(known)} images are of regions that the model does not know: left out")
    check_sample(settings.source, len(known), True, table)
    return known


def _encoded(
    model: TrainedModel, records: list[ImageRecord], index: dict[str, int], settings: SourceSettings, table: Path
) -> SourceSample:
    skipped: list[Skipped] = []
    features = model.encode_images(records, skipped=skipped)
    kept = torch.isfinite(features).all(1)
    records = [r for r, k in zip(records, kept.tolist(), strict=True) if k]
    check_sample(settings.source, len(records), settings.labelled is not None, table)
    labels = [index[r.region] if settings.labelled else -1 for r in records]
    measures = None if takes_vectors(model.model) else torch.from_numpy(model.measures(records))
    return sample_of(settings.source, features[kept], torch.tensor(labels, dtype=torch.int64), table.name, measures, settings.seed)
