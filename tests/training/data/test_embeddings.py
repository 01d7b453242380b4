"""Vectors from elsewhere instead of images: three formats, no pickles, and a model from training to answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import read_json
from cytoscribe.core.tables import read_images
from cytoscribe.training.clip_fit import train
from cytoscribe.training.data.embeddings import EmbeddingTower, Vectors, read_embeddings
from cytoscribe.training.model.lora import Tuning
from cytoscribe.training.model.model_folder import TrainedModel
from cytoscribe.training.optimisation import Optimisation
from cytoscribe.training.settings import ImageOptions
from tests.training.test_clip_fit import toy

Drawn = tuple[Path, Path]
NAMES = ["a.png", "b/c.png"]
VECTORS = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], np.float32)


def write(path: Path, names: list[str] = NAMES, vectors: np.ndarray = VECTORS) -> Path:
    if path.suffix == ".npz":
        np.savez(path, image_path=np.array(names), embedding=vectors)
    elif path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as parquet

        parquet.write_table(pa.table({"image_path": names, "embedding": list(vectors)}), path)
    else:
        from safetensors.numpy import save_file

        save_file(dict(zip(names, vectors, strict=True)), path)
    return path


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".safetensors"])
def test_each_format_gives_every_image_its_vector(tmp_path: Path, suffix: str) -> None:
    found = read_embeddings(write(tmp_path / f"v{suffix}"), tmp_path)
    assert found.width == 3
    records = [ImageRecord(path=(tmp_path / n).resolve(), region="r", row=i) for i, n in enumerate([*NAMES, "none.png"])]
    given = Vectors(records, found)
    assert np.array_equal(given.all(), VECTORS)
    assert np.array_equal(given.take(np.array([1])), VECTORS[1:])
    assert [s.row for s in given.skipped] == [2]


def test_pickles_and_other_bad_files_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "objects.npz", image_path=np.array(NAMES), embedding=np.array([{"a": 1}, None], dtype=object))
    with pytest.raises(InputError, match=r"objects\.npz: cannot be read \(Object arrays cannot be loaded"):
        read_embeddings(tmp_path / "objects.npz", tmp_path)
    with pytest.raises(InputError, match="not a file of embeddings"):
        read_embeddings(tmp_path / "v.pkl", tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read_embeddings(tmp_path / "absent.npz", tmp_path)
    np.savez(tmp_path / "other.npz", x=VECTORS)
    with pytest.raises(InputError, match="no array 'embedding'"):
        read_embeddings(tmp_path / "other.npz", tmp_path)
    with pytest.raises(InputError, match=r"vector of 'b/c\.png' is not finite"):
        read_embeddings(write(tmp_path / "nan.npz", vectors=np.array([[1.0], [np.nan]], np.float32)), tmp_path)
    with pytest.raises(InputError, match="2 paths and vectors of shape"):
        read_embeddings(write(tmp_path / "short.npz", vectors=VECTORS[:1]), tmp_path)


def test_the_tower_standardises_and_constant_dimensions_stay_finite() -> None:
    tower = EmbeddingTower(3, 2)
    tower.standardise(np.array([[1.0, 5.0, 2.0], [3.0, 5.0, 4.0]], np.float32))
    assert torch.allclose(tower.get_buffer("centre"), torch.tensor([2.0, 5.0, 3.0]))
    assert torch.allclose(tower.get_buffer("spread"), torch.tensor([1.0, 1.0, 1.0]))
    assert tower(torch.zeros(4, 3)).shape == (4, 2)


def vectors_of(drawn: Drawn, path: Path) -> Path:
    """Means and deviations of blocks of the drawn patterns: what a vision model of somebody else might give."""
    records = read_images(drawn[0])
    blocks = [np.asarray(Image.open(r.path).convert("RGB"), np.float32).reshape(4, 8, 4, 8, 3) for r in records]
    vectors = np.stack([np.concatenate([b.mean((1, 3)).ravel(), b.std((1, 3)).ravel()]) for b in blocks])
    return write(path, [r.path.name for r in records], vectors)


@pytest.fixture(scope="module")
def given(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(model folder, file of vectors) of a LoRA run on the text tower with vectors for images."""
    folder = tmp_path_factory.mktemp("vectors")
    file = vectors_of(drawn, folder / "v.npz")
    asked = toy(drawn, folder / "model", tuning=Tuning("lora", rank=4), embeddings=file)
    long = Optimisation(epochs=12, batch_size=8, learning_rate=3e-3, head_rate=1e-2)
    train(replace(asked, optimisation=long, image=ImageOptions()))
    return folder / "model", file


@pytest.mark.slow
def test_a_model_is_trained_and_asked_by_vectors_alone(drawn: Drawn, given: tuple[Path, Path]) -> None:
    folder, file = given
    told = read_json(folder / "config.json")
    assert told["embeddings"] == {"file": "v.npz", "width": 96}
    assert "plain open_clip cannot load it" in (folder / "README.md").read_text()
    records = [r for r in read_images(drawn[0]) if r.split == "test"]
    model = TrainedModel.load(folder, "cpu", read_embeddings(file, drawn[0].parent))
    features = model.encode_images(records)
    assert torch.isfinite(features).all()
    assert len({tuple(f.tolist()) for f in features}) == len(records)
    adapters = read_json(folder / "adapter" / "adapter_config.json")
    assert "visual.head.proj" in adapters["modules_to_save"]
    assert all("visual" not in name for name in adapters["target_modules"])


def test_missing_and_foreign_vectors_are_named(drawn: Drawn, given: tuple[Path, Path], tmp_path: Path) -> None:
    folder, file = given
    records = read_images(drawn[0])[:2]
    with pytest.raises(InputError, match=r"takes vectors instead of images.*--embeddings FILE"):
        TrainedModel.load(folder, "cpu").encode_images(records)
    with pytest.raises(InputError, match="vectors of 3 numbers, the model takes 96"):
        TrainedModel.load(folder, "cpu", read_embeddings(write(tmp_path / "w.npz"), tmp_path))
    model, skipped = TrainedModel.load(folder, "cpu", read_embeddings(file, drawn[0].parent)), []
    strange = ImageRecord(path=tmp_path / "new.png", region="", row=9)
    assert torch.isnan(model.encode_images([records[0], strange], skipped=skipped)[1]).all()
    assert skipped[0].reason == "no vector in v.npz"


@pytest.mark.slow
def test_evaluate_and_describe_answer_by_vectors(drawn: Drawn, given: tuple[Path, Path], tmp_path: Path) -> None:
    from cytoscribe.eval.describer import DescribeSettings, describe
    from cytoscribe.eval.evaluator import evaluate
    from cytoscribe.eval.settings import EvaluateSettings

    folder, file = given
    evaluate(EvaluateSettings(folder, drawn[0], tmp_path / "out", bootstrap=0, embeddings=file, device="cpu", explorer=0))
    figures = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert figures["zero_shot.macro_f1"] > 0.5  # chance is 0.25
    records = read_images(drawn[0])[:2]
    full = write(tmp_path / "full.npz", [str(r.path) for r in records], read_embeddings(file, drawn[0].parent).vectors[:2])
    paths = (*(r.path for r in records), tmp_path / "new.png")
    answers = list(describe(DescribeSettings(folder, paths, device="cpu", embeddings=full)))
    assert [a.problem for a in answers] == [None, None, "no vector in full.npz"]


def test_options_for_pictures_are_refused_with_vectors(drawn: Drawn, bert_base: tuple[Path, Path], tmp_path: Path) -> None:
    file = vectors_of(drawn, tmp_path / "v.npz")
    asked = {"base": str(bert_base[0]), "embeddings": file, "tuning": Tuning("lora", rank=2)}
    with pytest.raises(InputError, match="--augment has no effect with --embeddings"):
        train(toy(drawn, tmp_path / "model", **asked, image=ImageOptions(augmentation="mild")))
    with pytest.raises(InputError, match="--weights vision has no effect with --embeddings"):
        train(toy(drawn, tmp_path / "other", **asked, image=ImageOptions(), weights={"vision": "x.safetensors"}))


def test_an_npz_that_claims_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "vectors.npz"
    np.savez_compressed(path, image_path=np.array(["a.png"]), embedding=np.zeros((1, 30_000_000), np.float32))
    assert path.stat().st_size < 200_000
    with pytest.raises(InputError, match="claims 120,000,000 bytes"):
        read_embeddings(path, tmp_path)
    header = b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("embedding.npy", header.ljust(127) + b"\n")
    with pytest.raises(InputError, match="claims 4,000,000,000,000 bytes"):
        read_embeddings(path, tmp_path)


@pytest.mark.parametrize("names", [["a\0b.png"], [None], [5]])
def test_a_name_that_is_no_path_is_one_line(names: list[object], tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"image_path": names, "embedding": [[1.0, 2.0]]}), tmp_path / "v.parquet")
    with pytest.raises(InputError, match="is not a path"):
        read_embeddings(tmp_path / "v.parquet", tmp_path)
