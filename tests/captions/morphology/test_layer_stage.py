"""`measure-layers` from label maps and from a table of cells, with all that can be wrong on the way."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cytoscribe.captions.morphology import layer_stage
from cytoscribe.captions.morphology.layer_piece import read_borders
from cytoscribe.cli import command, run
from cytoscribe.core.errors import InputError
from tests.captions.morphology.test_layers import slab

NAMES = "label_value,group,fine_region\n1,A,A layer 1\n2,A,A layer 4\n3,A,A layer 6\n"


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sections with label maps, and the table of their values."""
    for name in ("sections", "labels"):
        (tmp_path / name).mkdir()
    for i in range(2):
        image, labels = slab()
        Image.fromarray(image).save(tmp_path / f"sections/s{i}.png")
        Image.fromarray(labels.astype(np.uint16)).save(tmp_path / f"labels/s{i}.png")
    (tmp_path / "names.csv").write_text(NAMES)
    return tmp_path


def asked(folder: Path, *more: str) -> list[str]:
    return ["--sections", str(folder / "sections"), "--labels", str(folder / "labels"), "--names", str(folder / "names.csv"), *more]


def test_every_layer_of_every_section_has_a_row(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "out"
    assert run(command("measure-layers"), asked(folder, "--out", str(out), "--pixel-size-um", "2")) == 0
    rows = read(out / layer_stage.LAYERS)
    assert [(r["section"], r["layer"]) for r in rows] == [(s, x) for s in ("s0", "s1") for x in ("I", "IV", "VI")]
    assert "6 layers of 1 regions in 2 pictures" in capsys.readouterr().out
    assert Image.open(out / layer_stage.SHEET).size[0] > 400


def test_a_picture_that_cannot_be_measured_is_named_and_the_rest_go_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(folder / "labels/s1.png")
    Image.fromarray(slab()[0]).save(folder / "sections/alone.png")
    night = np.full((120, 60, 3), 5, np.uint8)
    night[::6, ::6] = 240
    Image.fromarray(night).save(folder / "sections/night.png")
    Image.fromarray(slab()[1].astype(np.uint16)).save(folder / "labels/night.png")
    out = folder / "out"
    assert run(command("measure-layers"), asked(folder, "--out", str(out))) == 0
    reasons = {Path(r["image_path"]).stem: r["reason"] for r in read(out / layer_stage.SKIPPED)}
    assert "9 x 9 px" in reasons["s1"]
    assert "no such mask" in reasons["alone"]
    assert "--ground dark" in reasons["night"]
    said = capsys.readouterr().out
    assert "3 skipped" in said
    assert "no pixel size" in said
    rows = read(out / layer_stage.LAYERS)
    assert {r["section"] for r in rows} == {"s0"}


def test_tables_of_cells_are_taken_from_a_folder(folder: Path) -> None:
    (folder / "cells").mkdir()
    (folder / "cells/s0.csv").write_text("x_um,y_um,area_um2\n20,90,50\n22,92,70\n")
    out = folder / "out"
    assert (
        run(command("measure-layers"), asked(folder, "--out", str(out), "--pixel-size-um", "2", "--cells", str(folder / "cells")))
        == 0
    )
    cells = {r["layer"]: r["cells"] for r in read(out / layer_stage.LAYERS)}
    assert cells == {"I": "0", "IV": "2", "VI": "0"}
    assert "no table of cells named s1" in read(out / layer_stage.SKIPPED)[0]["reason"]


def test_a_second_run_measures_nothing_twice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = layer_stage.LayerSettings(folder / "out", folder / "names.csv", None, folder / "sections", folder / "labels")
    first = layer_stage.measure_all(settings)
    monkeypatch.setattr(layer_stage, "_rows", lambda *_: pytest.fail("measured again"))
    assert layer_stage.measure_all(settings) == first


def piece(folder: Path) -> list[str]:
    """A square of 1000 um with 400 cells, denser in the lower half."""
    rng = np.random.default_rng(0)
    rows = [(x, y * 500) for x, y in rng.uniform(0, 1, (100, 2)) * (1000, 1)] + [
        (x, 500 + y * 500) for x, y in rng.uniform(0, 1, (300, 2)) * (1000, 1)
    ]
    lines = "".join(f"{x:.1f}\t{y:.1f}\t80\n" for x, y in rows)
    (folder / "cells.tsv").write_text("Centroid X µm\tCentroid Y µm\tArea µm^2\n" + lines)
    corners = {"top_left": (0, 0), "top_right": (2000, 0), "bottom_left": (0, 2000), "bottom_right": (2000, 2000)}
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": xy}, "properties": {"name": name}}
        for name, xy in corners.items()
    ]
    (folder / "corners.geojson").write_text(json.dumps(features))
    (folder / "borders.csv").write_text("layer,from_percent,to_percent\n2/3,0,50\n5,50,100\n")
    return ["--cell-table", str(folder / "cells.tsv"), "--corners", str(folder / "corners.geojson"), "--region", "S1"]


def test_a_piece_of_detected_cells_is_measured_strip_by_strip(folder: Path) -> None:
    out = folder / "out"
    more = ["--borders", str(folder / "borders.csv"), "--pixel-size-um", "0.5", "--out", str(out)]
    assert run(command("measure-layers"), [*piece(folder), *more]) == 0
    rows = read(out / layer_stage.LAYERS)
    assert sum(float(r["cells"]) for r in rows if r["layer"] == "V") == 300
    density = {layer: np.mean([float(r["cell_density_per_mm2"]) for r in rows if r["layer"] == layer]) for layer in ("II-III", "V")}
    assert density["II-III"] == pytest.approx(200, rel=0.01)
    assert density["V"] == pytest.approx(600, rel=0.01)


def test_a_piece_without_what_places_it_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command("measure-layers"), [*piece(folder), "--out", str(folder / "out")]) == 2
    assert "--borders" in capsys.readouterr().err
    assert not (folder / "out").exists()


@pytest.mark.parametrize("rows", ["2,50,20\n", "1,0,40\n2,30,50\n", "1,a,40\n", "1,0,140\n"])
def test_borders_that_do_not_rise_are_refused(rows: str, tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("layer,from_percent,to_percent\n" + rows)
    with pytest.raises(InputError, match="depth range"):
        read_borders(tmp_path / "b.csv")
