"""Phantoms on disk: the files agree with each other, are drawn once, and feed the stages that read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from cytoscribe.core.errors import InputError
from cytoscribe.core.tables import read_csv, read_images
from cytoscribe.phantom.cli import phantom
from cytoscribe.phantom.ground_truth import PhantomSettings, write_phantoms


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("phantoms") / "out"
    counts = write_phantoms(PhantomSettings(path, ("hOc1", "area 4"), images=2, sections=1, size_px=96, pixel_size_um=80.0))
    assert counts == {"patches": 4, "sections": 1}
    return path


@pytest.mark.slow
def test_the_table_of_images_is_one_that_every_stage_reads(folder: Path) -> None:
    records = read_images(folder / "images.csv")
    assert [r.region for r in records] == ["hOc1", "hOc1", "area 4", "area 4"]
    assert {r.pixel_size_um for r in records} == {80.0}
    for record in records:
        assert record.mask_path is not None
        picture, layers = Image.open(record.path), Image.open(record.mask_path)
        assert picture.size == layers.size == (96, 96)


@pytest.mark.slow
def test_cells_lie_in_the_layer_that_the_table_names(folder: Path) -> None:
    values = {(r["region"], r["value"]): r["layer"] for _, r in read_csv(folder / "layers.csv", ["region", "value", "layer"])}
    layers = np.asarray(Image.open(folder / "layers" / "hOc1_01.png"))
    rows = [r for _, r in read_csv(folder / "cells" / "hOc1_01.csv", ["x_um", "y_um", "layer", "glia"]) if r["glia"] == "0"]
    at = [layers[min(int(float(r["y_um"]) / 80), 95), min(int(float(r["x_um"]) / 80), 95)] for r in rows]
    agree = [values.get(("hOc1", str(value))) == r["layer"] for value, r in zip(at, rows, strict=True)]
    assert np.mean(agree) > 0.6  # pixels of 80 um and blurred borders move the rest into the next layer


@pytest.mark.slow
def test_sections_can_be_cut_into_tiles(folder: Path, tmp_path: Path) -> None:
    from cytoscribe.training.data.sections import find_sections, read_groups, read_section

    groups = read_groups(folder / "groups.csv")
    section = read_section(find_sections(folder / "sections", folder / "labels")[0], groups)
    assert section.slide.sizes[0] == section.numbers.shape
    assert set(np.unique(section.numbers)) == {0, 1, 2}


def test_a_second_call_draws_nothing_anew(folder: Path) -> None:
    files = {p: p.stat().st_mtime_ns for p in folder.rglob("*.png")}
    write_phantoms(PhantomSettings(folder, ("hOc1", "area 4"), images=2, sections=1, size_px=96, pixel_size_um=80.0))
    assert {p: p.stat().st_mtime_ns for p in files} == files


def test_an_unknown_area_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"V9.*hOc1"):
        write_phantoms(PhantomSettings(tmp_path / "out", ("V9",)))
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(phantom)
    out = str(tmp_path / "out")
    result = CliRunner().invoke(app, ["--out", out, "--area", "FG1", "--size-px", "32", "--pixel-size-um", "40"])
    assert result.exit_code == 0, result.output
    assert "1 patches and 0 sections" in result.output
