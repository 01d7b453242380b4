"""Vectors as other programs store them: every image gets its own, or the file is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from cytoscribe.core.errors import InputError
from cytoscribe.training.data.embeddings import read_embeddings
from cytoscribe.training.data.vector_files import read_vectors

NAMES = ["a/1.png", "a/2.png", "b/3.png"]
VECTORS = np.arange(12, dtype=np.float32).reshape(3, 4)


def index(folder: Path, names: list[str] = NAMES, name: str = "v.csv") -> None:
    (folder / name).write_text("image_path\n" + "\n".join(names) + "\n")


def test_an_index_beside_bare_arrays(tmp_path: Path) -> None:
    index(tmp_path)
    np.save(tmp_path / "v.npy", VECTORS.astype(np.float16))
    np.savez(tmp_path / "v.npz", features=VECTORS[:, None, :])
    save_file({"embeddings": torch.from_numpy(VECTORS)}, tmp_path / "v.safetensors")
    for name in ("v.npy", "v.npz", "v.safetensors"):
        names, vectors = read_vectors(tmp_path / name)
        assert names == NAMES
        np.testing.assert_array_equal(vectors, VECTORS)
    (tmp_path / "w.txt").write_text("\n".join(NAMES))
    np.save(tmp_path / "w.npy", VECTORS)
    assert read_vectors(tmp_path / "w.npy")[0] == NAMES


def test_wide_tables_and_bytes(tmp_path: Path) -> None:
    table = pd.DataFrame(VECTORS, columns=[f"dim_{i}" for i in range(4)], index=pd.Index(NAMES, name="image_path"))
    table["pixel_size_um"] = 0.5
    table.to_parquet(tmp_path / "v.parquet")
    names, vectors = read_vectors(tmp_path / "v.parquet")
    assert names == NAMES
    np.testing.assert_array_equal(vectors, VECTORS)
    np.savez(tmp_path / "v.npz", image_path=np.array([n.encode() for n in NAMES]), embedding=VECTORS)
    assert read_vectors(tmp_path / "v.npz")[0] == NAMES


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "alone.npy", VECTORS)
    with pytest.raises(InputError, match=r"put alone\.csv with a column image_path beside it"):
        read_vectors(tmp_path / "alone.npy")
    index(tmp_path, NAMES[:2], "short.csv")
    np.save(tmp_path / "short.npy", VECTORS)
    with pytest.raises(InputError, match=r"2 paths and vectors of shape \(3, 4\)"):
        read_vectors(tmp_path / "short.npy")
    index(tmp_path, NAMES, "turned.csv")
    np.save(tmp_path / "turned.npy", VECTORS.T)
    with pytest.raises(InputError, match="they lie in columns"):
        read_vectors(tmp_path / "turned.npy")
    np.savez(tmp_path / "o.npz", image_path=np.array(NAMES, dtype=object), embedding=VECTORS)
    with pytest.raises(InputError, match="store the paths as text"):
        read_vectors(tmp_path / "o.npz")
    pd.DataFrame({"image_path": NAMES, "age": [1.0, 2.0, 3.0]}).to_parquet(tmp_path / "no.parquet")
    with pytest.raises(InputError, match="no columns numbered from 0"):
        read_vectors(tmp_path / "no.parquet")


def test_two_vectors_of_one_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "same.npz", image_path=np.array([*NAMES, "a/../a/1.png"]), embedding=VECTORS[[0, 1, 2, 0]])
    assert len(read_embeddings(tmp_path / "same.npz", tmp_path).row) == 3
    assert "1 images are there twice" in capsys.readouterr().err
    np.savez(tmp_path / "two.npz", image_path=np.array([*NAMES, NAMES[0]]), embedding=VECTORS[[0, 1, 2, 1]])
    with pytest.raises(InputError, match=r"'1\.png' appears twice with different vectors \(rows 1 and 4\)"):
        read_embeddings(tmp_path / "two.npz", tmp_path)
