"""Small made-up data: coloured discs and stripes of four kinds, with captions that say what is drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from cytoscribe.core.records import Caption, image_claim_id
from cytoscribe.core.tables import write_csv, write_records

KINDS = {
    "striped": ("dark", "lines"),
    "dotted": ("dark", "dots"),
    "pale": ("light", "none"),
    "dense": ("dark", "full"),
    "hidden": ("light", "dots"),
}
SPLITS = {"train": 8, "val": 4, "test": 4}


def draw(kind: str, rng: np.random.Generator, px: int = 32) -> np.ndarray:
    """(px, px, 3) uint8 of one kind of pattern, with noise of its own."""
    image = np.full((px, px, 3), 235, np.int16)
    y, x = np.mgrid[:px, :px]
    dark = np.array([90, 60, 120])
    if kind == "striped":
        image[(y // 4) % 2 == 0] = dark
    elif kind == "dense":
        image[:] = dark
    elif kind in ("dotted", "hidden"):
        image[((x % 8) - 4) ** 2 + ((y % 8) - 4) ** 2 < 6] = dark if kind == "dotted" else (150, 200, 150)
    return np.clip(image + rng.integers(-12, 12, image.shape), 0, 255).astype(np.uint8)


def write_images(folder: Path, seed: int = 0) -> Path:
    """images.csv with four known kinds (train, val, test) and one unseen; two attribute columns."""
    rng = np.random.default_rng(seed)
    rows = []
    for kind, (tone, pattern) in KINDS.items():
        splits = {"unseen": 4} if kind == "hidden" else SPLITS
        for split, count in splits.items():
            for i in range(count):
                name = f"{kind}_{split}_{i}.png"
                Image.fromarray(draw(kind, rng)).save(folder / name)
                rows.append([name, kind, split, tone, pattern])
    write_csv(folder / "images.csv", ["image_path", "region", "split", "tone", "pattern"], rows)
    return folder / "images.csv"


def write_captions(folder: Path) -> Path:
    """A caption folder: for each kind one caption of each attribute and one of both."""
    captions = []
    for kind, (tone, pattern) in KINDS.items():
        claims = {f"The ground is {tone}.": ["tone"], f"It shows {pattern}.": ["pattern"]}
        claims[f"A {tone} field with {pattern}."] = ["tone", "pattern"]
        values = {"tone": tone, "pattern": pattern}
        for text, columns in claims.items():
            ids = tuple(image_claim_id(c, values[c]) for c in columns)
            named = f"{kind}: {text}"
            captions.append(Caption(f"c{len(captions)}", kind, named, text, "short", "own", "template", ids, 8, 1.0))
    write_records(folder / "data" / "train-00000-of-00001.parquet", Caption, captions)
    return folder


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(images.csv, captions folder) that tests read and never write."""
    folder = tmp_path_factory.mktemp("drawn")
    return write_images(folder), write_captions(folder / "captions")


@pytest.fixture(scope="session")
def bert_base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(config of a base, folder of its text tower): the toy vision tower with a small BERT, random weights, WordPiece over letters."""
    from transformers import BertConfig, BertModel, BertTokenizerFast  # pyright: ignore[reportAttributeAccessIssue]

    folder = tmp_path_factory.mktemp("bert")
    letters = [*"abcdefghijklmnopqrstuvwxyz.:,", *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz")]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    (folder / "text").mkdir()
    (folder / "text" / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    BertTokenizerFast(str(folder / "text" / "vocab.txt")).save_pretrained(folder / "text")
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"vocab_size": len(vocabulary), "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    BertModel(BertConfig(**sizes, intermediate_size=32), add_pooling_layer=False).save_pretrained(folder / "text")
    told = json.loads(Path(__file__).with_name("toy_base.json").read_text())
    told["model_cfg"]["text_cfg"] = {
        "hf_model_name": "given",
        "hf_tokenizer_name": "given",
        "hf_proj_type": "linear",
        "hf_pooler_type": "mean_pooler",
        "context_length": 48,
    }
    told["weights"] = {"text": str(folder / "text")}
    (folder / "base.json").write_text(json.dumps(told))
    return folder / "base.json", folder / "text"
