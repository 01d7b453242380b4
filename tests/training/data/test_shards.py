"""WebDataset shards: there and back, equal bytes for equal tables, read by tarfile alone, and by the webdataset package where it is."""

from __future__ import annotations

import importlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.core.tables import read_csv, read_images, write_csv
from cytoscribe.training.data.shards import PackSettings, pack, unpack


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "tiles").mkdir()
    rows = []
    for i in range(5):
        Image.fromarray(np.full((8, 8, 3), 40 * i, np.uint8)).save(tmp_path / "tiles" / f"{i}.png")
        rows.append((f"tiles/{i}.png", "AB"[i % 2], f"m{i}", "train" if i < 4 else "test"))
    write_csv(tmp_path / "images.csv", ["image_path", "region", "subject", "split"], rows)
    return tmp_path / "images.csv"


def test_there_and_back(table: Path, tmp_path: Path) -> None:
    assert pack(PackSettings(table, tmp_path / "shards", per_shard=2)) == (5, 3)
    shards = sorted((tmp_path / "shards").glob("*.tar"))
    assert unpack(shards, tmp_path / "back") == 5
    before, after = read_images(table), read_images(tmp_path / "back" / "images.csv")
    assert [r.path.read_bytes() for r in before] == [r.path.read_bytes() for r in after]
    columns = ("region", "subject", "split")
    assert [[r[1][c] for c in columns] for r in read_csv(table, [])] == [
        [r[1][c] for c in columns] for r in read_csv(tmp_path / "back" / "images.csv", [])
    ]


def test_equal_tables_give_equal_shards_with_sorted_members(table: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        pack(PackSettings(table, tmp_path / name, per_shard=3))
    first, second = (sorted((tmp_path / name).glob("*.tar")) for name in ("one", "two"))
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    with tarfile.open(first[0]) as shard:
        keys = [name.partition(".")[0] for name in shard.getnames()]
    assert keys == sorted(keys)


def test_the_webdataset_package_reads_them(table: Path, tmp_path: Path) -> None:
    webdataset: Any = importlib.import_module("webdataset")

    pack(PackSettings(table, tmp_path / "shards"))
    found = list(webdataset.WebDataset(str(tmp_path / "shards" / "images-000000.tar"), shardshuffle=False))
    assert [json.loads(sample["json"])["subject"] for sample in found] == [f"m{i}" for i in range(5)]
    assert found[3]["png"] == (table.parent / "tiles" / "3.png").read_bytes()


def shard(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as file:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return path


def test_shards_of_others_and_their_faults(tmp_path: Path) -> None:
    good = shard(tmp_path / "good.tar", {"../../a.png": b"x", "../../a.cls": b"hOc1"})
    assert unpack([good], tmp_path / "out") == 1
    assert read_csv(tmp_path / "out" / "images.csv", [])[0][1] == {"image_path": "images/000000000.png", "region": "hOc1"}
    for number, (members, fault) in enumerate(
        (
            ({"a.json": b"{}"}, "no picture"),
            ({"a.png": b"x"}, "no region"),
            ({"a.png": b"x", "a.json": b"[1]"}, "no JSON object"),
            ({"a.png": b"x", "a.cls": b"A", "b.png": b"x", "b.cls": b"A", "a.txt": b"A"}, "no picture|twice"),
        )
    ):
        with pytest.raises(InputError, match=fault):
            unpack([shard(tmp_path / f"{number}.tar", members)], tmp_path / f"out{number}")
    (tmp_path / "no.tar").write_bytes(b"no tar at all")
    with pytest.raises(InputError, match="not a readable tar"):
        unpack([tmp_path / "no.tar"], tmp_path / "out9")
