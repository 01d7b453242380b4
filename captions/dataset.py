"""A folder of captions in the Hub's own layout: Parquet under `data/`, a card whose YAML names configs and splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Caption
from cytoscribe.core.runs import write_text
from cytoscribe.core.tables import read_records, write_records

DEFAULT = "data/train-00000-of-00001.parquet"
LONG = "data/long-00000-of-00001.parquet"
REJECTED = "rejected.parquet"
STATED = "statements.parquet"


@dataclass(frozen=True)
class Rejected:
    """A caption that was written and dropped, and why. `attempt` counts from 0."""

    caption_id: str
    region: str
    caption: str
    style: str
    template: str
    model: str
    claim_ids: tuple[str, ...]
    reason: str
    attempt: int


@dataclass(frozen=True)
class StatedWords:
    """`caption[start:end]` of a composed caption states the claim; known by construction, not read back."""

    caption_id: str
    claim_id: str
    start: int
    end: int


def write_dataset(
    folder: str | Path,
    captions: Sequence[Caption],
    long: Sequence[Caption],
    stated: Sequence[StatedWords],
    card: str,
) -> None:
    """Write the dataset; readers see the old one or the new one, table by table.

    captions: the default config, all within the token limit; long: captions above it, a config of their own (absent when empty).
    """
    folder = Path(folder)
    write_records(folder / DEFAULT, Caption, captions)
    if long:
        write_records(folder / LONG, Caption, long)
    else:
        (folder / LONG).unlink(missing_ok=True)
    write_records(folder / STATED, StatedWords, stated)
    write_text(folder / "README.md", card)


def read_captions(folder: str | Path, *, config: str = "default") -> list[Caption]:
    """Captions of one config ("default": within the token limit; "long": above it, [] where there are none).

    Raises InputError where the folder holds no captions.
    """
    folder = Path(folder)
    path = folder / {"default": DEFAULT, "long": LONG}[config]
    if config == "long" and not path.exists():
        return []
    if not path.exists():
        shards = sorted((folder / "data").glob("train-*.parquet"))
        if not shards:
            raise InputError("no captions under data/", where=folder, fix="run generate-captions with this folder as --out")
        return [c for s in shards for c in read_records(s, Caption)]
    return read_records(path, Caption)
