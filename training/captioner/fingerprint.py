"""What makes two runs of the captioner's training the same."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from cytoscribe.core.digests import file_digest, fingerprint, quick_digest
from cytoscribe.core.tables import read_images
from cytoscribe.training.captioner.settings import CaptionerSettings
from cytoscribe.training.data.caption_files import caption_shards, evidence_files

_PLACES = (
    "out",
    "overwrite",
    "device",
    "images",
    "captions",
    "weights",
    "embeddings",
    "descriptions",
    "outliers",
    "cache",
    "aliases",
)


def deciding(settings: CaptionerSettings) -> dict[str, Any]:
    """What decides the training: everything but where files lie and where it runs."""
    told = {k: v for k, v in asdict(settings).items() if k not in _PLACES}
    told["schedule"].pop("checkpoint_steps")
    return told


def input_digests(settings: CaptionerSettings) -> dict[str, Any]:
    """Digests of everything a run reads, so that a resumed run is known to read the same."""
    tables = {"images": settings.images, "embeddings": settings.embeddings, "outliers": settings.outliers}
    told: dict[str, Any] = {name: file_digest(path) for name, path in tables.items() if path and path.is_file()}
    shards = [*(p for f in settings.captions for p in caption_shards(f)), *evidence_files(settings.captions)]
    told["captions"] = fingerprint([file_digest(p) for p in shards])
    told["weights"] = {k: quick_digest(v) for k, v in sorted(settings.weights.items())}
    if settings.descriptions:
        told["descriptions"] = quick_digest(settings.descriptions / "regions.csv")
    if Path(settings.vision).is_dir():
        told["vision"] = quick_digest(Path(settings.vision) / "merged" / "open_clip_model.safetensors")
    if settings.embeddings is None:
        records = read_images(settings.images, region_column=settings.region_column)
        told["pictures"] = fingerprint([quick_digest(r.path) for r in records])
    return told
