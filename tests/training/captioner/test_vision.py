"""Encoders: tokens of any kind of tower, files of grids, and what is kept on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.training.captioner import vision
from cytoscribe.training.captioner.cache import encoded
from cytoscribe.training.captioner.vision import Encoder, Given, forward_tokens, open_vision, pooled, without_grid

CPU = torch.device("cpu")


@pytest.fixture
def records(tmp_path: Path) -> list[ImageRecord]:
    rng = np.random.default_rng(0)
    for i in range(3):
        Image.fromarray(rng.integers(0, 255, (24, 30, 3), dtype=np.uint8)).save(tmp_path / f"{i}.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    return [ImageRecord(tmp_path / name, "a", row=i) for i, name in enumerate(["0.png", "broken.png", "1.png", "2.png"])]


def tiny_eye() -> Encoder:
    """A convolution as an encoder."""
    torch.manual_seed(0)
    tower = torch.nn.Conv2d(3, 5, 4, stride=4)
    tower.forward_features = tower.forward  # type: ignore[assignment]
    return Encoder("tiny", tower, 16, (0.5,) * 3, (0.5,) * 3, CPU, bf16=False)


@pytest.mark.parametrize(
    ("shape", "tokens"), [((2, 7, 12, 12), 36), ((2, 7, 3, 5), 15), ((2, 49, 7), 36), ((2, 40, 7), 36), ((2, 3, 7), 3)]
)
def test_grids_of_any_size_become_few_tokens(shape: tuple[int, ...], tokens: int) -> None:
    assert pooled(torch.randn(shape)).shape == (2, tokens, 7)


@pytest.mark.parametrize("name", ["timm:vit_tiny_patch16_224", "timm:resnet18"])
def test_towers_of_timm_give_their_last_grid(name: str) -> None:
    import timm

    tower = timm.create_model(name.removeprefix("timm:"), pretrained=False, num_classes=0).eval()
    with torch.no_grad():
        states = forward_tokens(tower, torch.zeros(1, 3, 224, 224))
    assert states.shape in ((1, 196, 192), (1, 512, 7, 7))


def test_what_was_encoded_is_read_and_not_encoded_again(records: list[ImageRecord], tmp_path: Path) -> None:
    eye = tiny_eye()
    first = encoded(eye, records, tmp_path / "kept")
    assert [r.path.name for r in first.records] == ["0.png", "1.png", "2.png"]
    assert [s.path.name for s in first.skipped] == ["broken.png"]
    blind = replace(eye, tower=None)
    again = encoded(blind, records, tmp_path / "kept")
    assert torch.equal(again.seen.grid, first.seen.grid)
    assert [s.path.name for s in again.skipped] == ["broken.png"]
    with pytest.raises(TypeError):
        encoded(replace(blind, identity="another"), records, tmp_path / "kept")


def test_another_picture_under_the_same_name_is_encoded(records: list[ImageRecord], tmp_path: Path) -> None:
    eye = tiny_eye()
    before = encoded(eye, records, tmp_path / "kept").seen.grid
    Image.fromarray(np.zeros((24, 30, 3), np.uint8)).save(records[0].path)
    assert not torch.equal(encoded(eye, records, tmp_path / "kept").seen.grid, before)


@pytest.mark.parametrize("kind", ["npz", "safetensors", "parquet"])
@pytest.mark.parametrize("shape", [(6,), (4, 6)])
def test_files_of_vectors_and_of_grids_are_read(
    records: list[ImageRecord], tmp_path: Path, kind: str, shape: tuple[int, ...]
) -> None:
    values = np.random.default_rng(1).normal(size=(4, *shape)).astype(np.float32)
    names, path = [r.path.name for r in records], tmp_path / f"given.{kind}"
    if kind == "npz":
        np.savez(path, image_path=np.array(names), embedding=values)
    elif kind == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"image_path": names, "embedding": values.tolist()}), path)
    else:
        from safetensors.numpy import save_file

        save_file({n: np.ascontiguousarray(v) for n, v in zip(names, values, strict=True)}, path)
    found = encoded(open_vision("", CPU, embeddings=path, start=tmp_path), records, None)
    held = found.seen.vector if len(shape) == 1 else found.seen.grid
    np.testing.assert_allclose(held.float().numpy(), values, atol=2e-3)


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a model folder"):
        open_vision(str(tmp_path), CPU)


def test_vectors_of_a_model_folder_come_with_the_model(
    records: list[ImageRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = SimpleNamespace(class_features=lambda: torch.zeros(2, 6))
    monkeypatch.setattr(vision, "TrainedModel", SimpleNamespace(load=lambda *_: model))
    np.savez(tmp_path / "own.npz", image_path=np.array(["0.png", "1.png"]), embedding=np.ones((2, 6), np.float32))
    eye = open_vision("folder", CPU, embeddings=tmp_path / "own.npz", start=tmp_path)
    assert isinstance(eye, Given)
    assert eye.clip is model
    found = encoded(eye, records, None)
    assert (found.seen.shape.tokens, found.seen.shape.vector) == (0, 6)
    assert [s.reason for s in found.skipped] == ["no vector in own.npz"] * 2
    np.savez(tmp_path / "others.npz", image_path=np.array(["0.png"]), embedding=np.ones((1, 5), np.float32))
    with pytest.raises(InputError, match="gives 6 numbers an image"):
        open_vision("folder", CPU, embeddings=tmp_path / "others.npz", start=tmp_path)


def test_an_encoder_without_its_grid_is_another_encoder(records: list[ImageRecord], tmp_path: Path) -> None:
    eye = tiny_eye()
    bare = without_grid(eye)
    assert encoded(eye, records, tmp_path / "kept").seen.shape.tokens > 0
    assert encoded(bare, records, tmp_path / "kept").seen.shape.tokens == 0
