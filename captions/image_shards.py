"""Images beside their captions: Parquet files that `datasets` shows as pictures, one split a value of the table's `split`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cytoscribe.core.digests import fingerprint, quick_digest
from cytoscribe.core.errors import InputError
from cytoscribe.core.images import opened_image
from cytoscribe.core.progress import track
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import read_bytes

SPLITS = {"": "train", "train": "train", "val": "validation", "test": "test", "unseen": "unseen"}
MOST_BYTES = 300 << 20
"""Of the pictures in one file."""
_TEXTS = ("region", "subject", "section", "plane", "age", "scale")


def split_counts(records: Sequence[ImageRecord]) -> Counter[str]:
    """Images of each split, as the Hub calls it."""
    return Counter(SPLITS[r.split] for r in records)


def write_images(records: Sequence[ImageRecord], folder: Path) -> dict[str, Any]:
    """Write `folder`/images/SPLIT-*.parquet, the files' own bytes beside their labels; returns the card's config of them.

    Raises InputError at the first image that cannot be opened: what is published must be whole.
    """
    for record in track(records, "checking images", unit="images"):
        with opened_image(record.path) as image:
            image.load()
    data_files = []
    for split in dict.fromkeys(SPLITS[r.split] for r in records):
        _write_split([r for r in records if SPLITS[r.split] == split], split, folder / "images")
        data_files.append({"split": split, "path": f"images/{split}-*.parquet"})
    digest = fingerprint([[r.path.name, r.region, r.split, quick_digest(r.path)] for r in records])
    return {"config_name": "images", "description": f"content {digest}", "data_files": data_files}


def _write_split(records: Sequence[ImageRecord], split: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    held = number = 0
    for record in records:
        content = read_bytes(record.path, MOST_BYTES)
        if rows and held + len(content) > MOST_BYTES:
            _write_file(rows, folder / f"{split}-{number:05d}.parquet")
            rows, held, number = [], 0, number + 1
        held += len(content)
        told = {name: getattr(record, name) for name in _TEXTS}
        rows.append({"image": {"bytes": content, "path": record.path.name}, **told, "pixel_size_um": record.pixel_size_um})
    if not rows:
        raise InputError(f"no image of split {split}", where=folder, fix="check the split column")
    _write_file(rows, folder / f"{split}-{number:05d}.parquet")


def _write_file(rows: list[dict[str, Any]], path: Path) -> None:
    features = {"image": {"_type": "Image"}, **{name: {"dtype": "string", "_type": "Value"} for name in _TEXTS}}
    features["pixel_size_um"] = {"dtype": "float64", "_type": "Value"}
    fields = [
        pa.field("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        *(pa.field(name, pa.string()) for name in _TEXTS),
        pa.field("pixel_size_um", pa.float64()),
    ]
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(fields, metadata)), path)
