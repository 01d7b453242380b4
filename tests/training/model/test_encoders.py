"""Encoders by name: the table is whole, bases are built from it, and vectors go where images went."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

from cytoscribe.cli import command
from cytoscribe.core.errors import InputError
from cytoscribe.core.tables import read_images
from cytoscribe.training.data.embeddings import read_embeddings
from cytoscribe.training.model import encoders as table
from cytoscribe.training.model.base_models import load_base
from cytoscribe.training.model.encoders import EmbedSettings, Encoder, base_of, embed, encoders

Drawn = tuple[Path, Path]
SMALL = Encoder("small", "a toy", "timm", "MIT", "nowhere", "test_byobnet", 32, 0, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def test_every_encoder_says_what_it_needs() -> None:
    for name, one in encoders().items():
        assert one.licence, name
        assert one.source.strip(), name
        assert one.kind in ("open_clip", "timm", "own")
        assert (one.kind == "own") != bool(one.model), name
        if one.kind == "timm":
            assert one.px > 0 < one.width, name
            assert len(one.mean) == len(one.std) == 3, name


def test_timm_can_build_each_of_its_encoders() -> None:
    import timm

    for one in encoders().values():
        if one.kind == "timm":
            assert timm.is_model(one.model), one.name


def test_names_of_open_clip_are_handed_on_and_others_are_told_what_to_do() -> None:
    assert base_of("vit_b_32_laion") == "ViT-B-32:laion2b_s34b_b79k"
    assert base_of("tiny") is None
    for name, says in (("conch", "its own code"), ("uni", "embed-images makes them")):
        with pytest.raises(InputError, match=says):
            base_of(name)


def test_a_base_of_a_vision_file_says_where_its_weights_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYTO_WEIGHTS", str(tmp_path))
    with pytest.raises(InputError, match="marrlab/DinoBloom"):
        load_base("dinobloom_s")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Weights of a toy encoder that the table knows for once."""
    import timm

    monkeypatch.setattr(table, "encoders", lambda: {"small": SMALL})
    torch.manual_seed(0)
    path = tmp_path / "small.safetensors"
    save_file({k: v.contiguous() for k, v in timm.create_model("test_byobnet", num_classes=0).state_dict().items()}, path)
    return path


def test_vectors_are_what_embeddings_reads(small: Path, drawn: Drawn, tmp_path: Path) -> None:
    out = tmp_path / "vectors.npz"
    result = CliRunner().invoke(
        command("embed-images"),
        ["--encoder", "small", "--weights", str(small), "--images", str(drawn[0]), "--out", str(out), "--batch-size", "7"],
    )
    assert result.exit_code == 0, result.output
    found, records = read_embeddings(out, drawn[0].parent), read_images(drawn[0])
    assert len(found.vectors) == len(records)
    assert all(found.find(r) is not None for r in records)
    assert np.std(found.vectors, axis=0).max() > 0


def test_other_weights_and_other_names_are_refused(small: Path, drawn: Drawn, tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    (tmp_path / "text.pth").write_text("no tensors")
    good = EmbedSettings("small", small, drawn[0], tmp_path / "v.npz")
    for change, says in (
        (EmbedSettings("small", tmp_path / "other.safetensors", drawn[0], good.out), "not the weights of small"),
        (EmbedSettings("small", tmp_path / "text.pth", drawn[0], good.out), "not a file of weights"),
        (EmbedSettings("big", small, drawn[0], good.out), "no encoder 'big'"),
        (EmbedSettings("small", small, drawn[0], tmp_path / "v.csv"), "written as .npz"),
    ):
        with pytest.raises(InputError, match=says):
            embed(change)
    assert not good.out.exists()


def test_all_are_listed() -> None:
    result = CliRunner().invoke(command("embed-images"), ["--list"])
    assert result.exit_code == 0
    assert "licence CC-BY-NC-ND-4.0, asks for an agreement" in result.output
