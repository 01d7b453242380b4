"""Exports are opened again by readers that know nothing of this package: json, Pillow, tifffile, pandas, pyarrow."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image

from cytoscribe.cli import command, run
from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import write_json
from cytoscribe.core.tables import write_csv
from cytoscribe.eval.exports.stage import ExportSettings, export

STEP, SIDE = 32, 32


@pytest.fixture
def mapped(tmp_path: Path) -> tuple[Path, Path]:
    """A map of 6 x 4 cells (left A, right B, a corner unseen, the last column glass) and its section, 192 x 128 px."""
    folder = tmp_path / "map"
    folder.mkdir()
    cells = np.array([[1, 1, 1, 2, 2, 0]] * 4, np.uint16)
    cells[0, 3] = 3
    Image.fromarray(np.kron(cells, np.ones((STEP, STEP), np.uint16))).save(folder / "labels.png")
    write_csv(
        folder / "legend.csv", ["value", "region", "share"], [(0, "background", 0), (1, "A", 1), (2, "B", 1), (3, "unseen", 0)]
    )
    rows = [
        (x * STEP, y * STEP, SIDE, "A" if x < 3 else "B", 0.9 - 0.1 * x, 0.5 - 0.1 * x, "yes" if cells[y, x] == 3 else "no")
        for y in range(4)
        for x in range(5)
    ]
    write_csv(folder / "tiles.csv", ["x", "y", "side_px", "region", "probability", "p_value", "unseen"], rows)
    write_json(folder / "run.json", {"settings": {"tile_px": SIDE, "stride": STEP}})
    picture = np.full((128, 192, 3), 244, np.uint8)
    picture[:, :96] = (120, 60, 150)
    metadata = {"axes": "YXS", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
    tifffile.imwrite(tmp_path / "s.ome.tif", picture, photometric="rgb", metadata=metadata)
    return folder, tmp_path / "s.ome.tif"


def test_regions_borders_and_tiles_for_qupath(mapped: tuple[Path, Path], tmp_path: Path) -> None:
    export(ExportSettings(mapped[0], tmp_path / "out", mapped[1]))
    features = json.loads((tmp_path / "out" / "regions.geojson").read_text())["features"]
    by_name = {f["properties"]["classification"]["name"]: f for f in features}
    assert {"A", "B", "unseen", "border A | B", "border B | unseen", "border A | unseen"} == set(by_name)
    assert by_name["A"]["geometry"] == {"type": "Polygon", "coordinates": [[[0, 0], [96, 0], [96, 128], [0, 128], [0, 0]]]}
    told = by_name["A"]["properties"]["measurements"]
    assert told == {"Probability": pytest.approx(0.8), "p-value": pytest.approx(0.4), "Area px^2": 12288, "Area um^2": 3072.0}
    border = by_name["border A | B"]
    assert sorted(map(tuple, border["geometry"]["coordinates"])) == [(96, 32), (96, 64), (96, 96), (96, 128)]
    curve = border["properties"]["measurements"]
    assert curve["p-value 32 px inside A"] == pytest.approx(0.3)
    assert curve["p-value 32 px inside B"] == pytest.approx(0.2)
    tiles = json.loads((tmp_path / "out" / "tiles.geojson").read_text())["features"]
    assert len(tiles) == 20
    assert {f["properties"]["objectType"] for f in tiles} == {"tile"}
    assert len({f["id"] for f in [*features, *tiles]}) == len(features) + 20


def test_rasters_and_tables(mapped: tuple[Path, Path], tmp_path: Path) -> None:
    assert run(command("export-answers"), [str(mapped[0]), "--out", str(tmp_path / "out"), "--section", str(mapped[1])]) == 0
    with tifffile.TiffFile(tmp_path / "out" / "labels.ome.tif") as file:
        assert file.series[0].shape == (4, 6)
        assert 'PhysicalSizeX="16.0"' in str(file.ome_metadata)
        assert "1 = A" in str(file.ome_metadata)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out" / "labels.ome.tif"))[0], [1, 1, 1, 3, 2, 0])
    assert pd.read_parquet(tmp_path / "out" / "tiles.parquet")["unseen"].tolist().count(True) == 1


def test_the_page_shows_every_pixel_and_runs_no_text(mapped: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    write_json(tmp_path / "model" / "regions.json", {"class_captions": {"A": ["</script><b>thick</b>"]}})
    export(ExportSettings(mapped[0], tmp_path / "out", mapped[1], model=tmp_path / "model"))
    page = tmp_path / "out" / "page"
    script = (page / "section.js").read_text()
    assert "<" not in script
    told = json.loads(script.removeprefix("const SECTION = ").rstrip(";\n"))
    assert (told["width"], told["height"], told["levels"], told["um"]) == (192, 128, 1, 0.5)
    assert told["about"]["A"]["caption"] == "</script><b>thick</b>"
    assert told["labels"][:6] == [1, 1, 1, 3, 2, 0]
    assert abs(np.asarray(Image.open(page / "tiles/0/0_0.jpg")).astype(int)[60, 40] - (120, 60, 150)).max() < 8
    html = (page / "index.html").read_text()
    assert "http" not in html
    assert "innerHTML" not in html


def test_figures_and_predictions(tmp_path: Path) -> None:
    told = {"zero_shot.accuracy": 0.5, "zero_shot.accuracy.ci95": [0.4, 0.6], "zero_shot.accuracy.n": 40, "model": "m"}
    (tmp_path / "ev").mkdir()
    write_json(tmp_path / "ev" / "metrics.json", told)
    write_csv(tmp_path / "ev" / "predictions.csv", ["image", "p_value", "section"], [("a.png", 0.5, "007"), ("b.png", "", "008")])
    export(ExportSettings(tmp_path / "ev", tmp_path / "out"))
    lines = [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    assert {"name": "zero_shot.accuracy", "value": 0.5, "ci95": [0.4, 0.6], "n": 40} in lines
    table = pd.read_parquet(tmp_path / "out" / "predictions.parquet")
    assert table["section"].tolist() == ["007", "008"]
    assert sum(table["p_value"].dropna().tolist()) == 0.5
    with pytest.raises(InputError, match="neither a mapped section nor an evaluation"):
        export(ExportSettings(tmp_path, tmp_path / "none"))


def test_outlines_open_in_shapely_and_cover_what_they_should(mapped: tuple[Path, Path], tmp_path: Path) -> None:
    import shapely

    export(ExportSettings(mapped[0], tmp_path / "out", mapped[1]))
    features = json.loads((tmp_path / "out" / "regions.geojson").read_text())["features"]
    shapes = {f["properties"]["classification"]["name"]: shapely.from_geojson(json.dumps(f["geometry"])) for f in features}
    assert all(shape.is_valid for shape in shapes.values())
    assert {name: shape.area for name, shape in shapes.items() if shape.area} == {"A": 12288, "B": 7 * STEP**2, "unseen": STEP**2}
    assert shapes["A"].intersection(shapes["B"]).length == pytest.approx(shapes["border A | B"].length)


def test_tiles_open_in_anndata_where_squidpy_looks_for_them(mapped: tuple[Path, Path], tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata", reason="the package anndata is not installed")

    export(ExportSettings(mapped[0], tmp_path / "out", anndata=True))
    table = anndata.read_h5ad(tmp_path / "out" / "tiles.h5ad")
    assert table.shape == (20, 2)
    assert table.obsm["spatial"][0].tolist() == [SIDE / 2, SIDE / 2]
    assert table.obs["region"].tolist()[:5] == ["A", "A", "A", "B", "B"]
    assert table[0, "probability"].X.item() == pytest.approx(0.9)


def test_vectors_with_what_the_table_says(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", image_path=np.array(["b.png", "a.png"]), embedding=np.array([[1.0, 2.0], [3.0, 4.0]]))
    write_csv(tmp_path / "images.csv", ["image_path", "region"], [("a.png", "A"), ("b.png", "B")])
    export(ExportSettings(tmp_path / "v.npz", tmp_path / "out", images=tmp_path / "images.csv"))
    table = pd.read_parquet(tmp_path / "out" / "embeddings.parquet")
    assert table["region"].tolist() == ["B", "A"]
    assert np.stack(table["embedding"].tolist()).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    (tmp_path / "twice.csv").write_text("image_path,region\na.png,A\na.png,B\n")
    with pytest.raises(InputError, match="listed twice"):
        export(ExportSettings(tmp_path / "v.npz", tmp_path / "out", images=tmp_path / "twice.csv"))


def test_without_anndata_its_package_is_named(mapped: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "anndata", None)
    with pytest.raises(InputError, match="the package anndata"):
        export(ExportSettings(mapped[0], tmp_path / "out", anndata=True))
