"""What publishing adds to a card: licence, figures with intervals, images, and Croissant metadata."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from datasets import load_dataset
from PIL import Image

from cytoscribe.captions.card_head import check_licence, model_index, read_figures, with_head
from cytoscribe.captions.croissant import croissant
from cytoscribe.captions.image_shards import write_images
from cytoscribe.core.digests import file_digest
from cytoscribe.core.errors import InputError
from cytoscribe.core.tables import read_images

CARD = "---\nlanguage:\n- en\nconfigs:\n- config_name: default\n---\n\n# Title\n"


def test_a_head_gains_entries_and_keeps_its_text() -> None:
    made = with_head(CARD, {"license": "mit", "configs": [{"config_name": "images"}]})
    head, body = made.split("---\n", 2)[1:]
    told = yaml.safe_load(head)
    assert told == {"language": ["en"], "configs": [{"config_name": "default"}, {"config_name": "images"}], "license": "mit"}
    assert body == "\n# Title\n"


@pytest.mark.parametrize(
    "head", ["[", "- a", "[" * 5000, "a: 2020-99-99", "a: !!int x", "a: !!python/object:os.system {}", "a: " + "b" * 1_000_001]
)
def test_a_card_without_a_head_is_refused(head: str) -> None:
    card = f"---\n{head}\n---\n"
    with pytest.raises(InputError, match="no YAML head"):
        with_head(card, {"license": "mit"})


def test_figures_keep_interval_and_number(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    told = {"zero_shot.macro_f1": 0.5, "zero_shot.macro_f1.ci95": [0.4, 0.6], "zero_shot.macro_f1.n": 9, "open_set.auroc": "x"}
    path.write_text(json.dumps(told), encoding="utf-8")
    (entry,) = model_index("m", read_figures(path))
    (metric,) = entry["results"][0]["metrics"]
    assert metric == {"type": "f1", "name": "zero_shot.macro_f1 (95% interval 0.400 to 0.600, n = 9)", "value": 0.5}
    path.write_text(json.dumps({"zero_shot.macro_f1": 10**400}), encoding="utf-8")
    with pytest.raises(InputError, match="no figure"):
        read_figures(path)
    path.write_text('{"a": 1}', encoding="utf-8")
    with pytest.raises(InputError, match="no figure"):
        read_figures(path)


@pytest.mark.parametrize("name", ["MIT", "my licence", "-mit", "a\nb: c"])
def test_a_licence_is_an_identifier(name: str) -> None:
    with pytest.raises(InputError, match="--license"):
        check_licence(name)
    check_licence("cc-by-4.0")


def test_images_are_packed_as_datasets_shows_them(tmp_path: Path) -> None:
    rows = ["image_path,region,split"]
    for number, split in enumerate(("train", "val", "train")):
        Image.fromarray(np.full((9, 7, 3), 40 * number, np.uint8)).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,V{number},{split}")
    (tmp_path / "images.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    config = write_images(read_images(tmp_path / "images.csv"), tmp_path / "out")
    files = {f["split"]: str(tmp_path / "out" / f["path"]) for f in config["data_files"]}
    read = load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))
    assert {split: len(read[split]) for split in read} == {"train": 2, "validation": 1}
    assert read["validation"][0]["image"].size == (7, 9)
    assert read["train"]["region"] == ["V0", "V2"]


def test_croissant_names_every_table_with_its_checksum_and_columns(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    name = Path("data/train-0.parquet")
    pq.write_table(pa.table({"caption": ["x"], "claim_ids": [["a"]], "n": [1]}), tmp_path / name)
    told = croissant(tmp_path, [name, Path("README.md")], "me/captions", "mit", "https://hub")
    (file,) = told["distribution"]
    assert file["sha256"] == file_digest(tmp_path / name)
    assert file["contentUrl"] == "https://hub/datasets/me/captions/resolve/main/data/train-0.parquet"
    kinds = {f["source"]["extract"]["column"]: (f["dataType"], f.get("repeated", False)) for f in told["recordSet"][0]["field"]}
    assert kinds == {"caption": ("sc:Text", False), "claim_ids": ("sc:Text", True), "n": ("sc:Integer", False)}
