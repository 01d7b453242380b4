"""Captions as the earlier stage wrote them: the Parquet files of a caption data set folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cytoscribe.captions.evidence import EVIDENCE, ClaimEvidence
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Caption
from cytoscribe.core.tables import read_records

_LONG = "long-"


def caption_shards(folder: Path) -> list[Path]:
    """The Parquet files of captions within the token limit, in order; longer ones, which a text tower would cut, are a config of their
    own and not read. Raises InputError where there are none."""
    shards = [path for path in sorted(Path(folder).glob("data/**/*.parquet")) if not path.name.startswith(_LONG)]
    if not shards:
        raise InputError("no captions (data/*.parquet)", where=folder, fix="give the --out folder of generate-captions")
    return shards


def read_caption_folders(folders: Sequence[Path]) -> list[Caption]:
    """Every caption of the folders, in order of folder and file."""
    return [caption for folder in folders for shard in caption_shards(folder) for caption in read_records(shard, Caption)]


def evidence_files(folders: Sequence[Path]) -> list[Path]:
    """The tables that say what the captions' claims are, in order of folder; folders of other tools may have none."""
    return [path for path in (Path(folder) / EVIDENCE for folder in folders) if path.exists()]


def read_evidence(folders: Sequence[Path]) -> list[ClaimEvidence]:
    """What the claims of the folders' captions say."""
    return [row for path in evidence_files(folders) for row in read_records(path, ClaimEvidence)]
