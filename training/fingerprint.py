"""What makes two runs the same: the settings that decide the training, and digests of everything that it reads."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from cytoscribe.core.digests import file_digest, fingerprint, quick_digest
from cytoscribe.core.tables import read_images
from cytoscribe.training.data.caption_files import caption_shards, evidence_files
from cytoscribe.training.model.base_models import config_path
from cytoscribe.training.settings import TrainSettings


def deciding(settings: TrainSettings) -> dict[str, Any]:
    """What decides the training: everything but where it goes, how it is read, where it runs, and how rejection is calibrated."""
    told = asdict(settings)
    for name in ("out", "overwrite", "device", "images", "captions", "weights", "tracker", "embeddings", "rejection"):
        told.pop(name)
    told["image"].pop("workers")
    told["optimisation"].pop("checkpoint_steps")
    return told


def input_digests(settings: TrainSettings) -> dict[str, Any]:
    """Digests of everything a run reads, so that a resumed run is known to read the same."""
    shards = [path for folder in settings.captions for path in caption_shards(folder)]
    config = config_path(settings.base)
    more: dict[str, Any] = {}
    if settings.embeddings and settings.embeddings.is_file():
        more["embeddings"] = file_digest(settings.embeddings)
    if settings.objective.hard_weight != 0:
        more["evidence"] = [file_digest(path) for path in evidence_files(settings.captions)]
    return more | {
        "images": file_digest(settings.images),
        "pictures": _pictures(settings),
        "captions": [file_digest(path) for path in shards],
        "base": file_digest(config) if config else settings.base,
        "weights": {k: file_digest(v) if Path(v).is_file() else str(v) for k, v in sorted(settings.weights.items())},
    }


def _pictures(settings: TrainSettings) -> str | None:
    """One digest of all pictures of the table, so that a replaced one is noticed; None where vectors take their place."""
    if settings.embeddings:
        return None
    records = read_images(settings.images, region_column=settings.region_column)
    return fingerprint([quick_digest(r.path) for r in records])
