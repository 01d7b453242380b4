"""Maps of whole sections: the right region in the right place, glass left out, unseen tissue marked, memory and resume."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from torch import Tensor

from cytoscribe.core.errors import InputError
from cytoscribe.core.tables import read_csv
from cytoscribe.eval.section_map import MapSettings, map_section
from cytoscribe.eval.section_source import bands, thumbnail, tissue_mask
from cytoscribe.phantom.areas import areas
from cytoscribe.phantom.section import draw_section
from cytoscribe.phantom.tissue import Preparation
from cytoscribe.training.data.slide_formats import TiffSlide
from cytoscribe.training.data.slides import Loaded, open_slide

from .conftest import COLOURS, FakeModel

SIZE = (400, 600)


@dataclass(frozen=True)
class TileModel(FakeModel):
    """Sees the mean colour of tiles in memory, and remembers how many it was shown."""

    seen: list[int] = field(default_factory=list)

    def encode_arrays(self, tiles: list[np.ndarray]) -> Tensor:
        self.seen.append(len(tiles))
        means = np.stack([t.reshape(-1, 3).mean(0) for t in tiles]) / 255
        return torch.nn.functional.normalize(torch.as_tensor(means, dtype=torch.float32), dim=1)


@pytest.fixture
def section(tmp_path: Path) -> Path:
    """Red, green, blue and grey quarters on white glass; grey is what the model does not know."""
    pixels = np.full((*SIZE, 3), 250, np.uint8)
    for name, (y, x) in {"red": (50, 100), "green": (50, 300), "blue": (200, 100), "grey": (200, 300)}.items():
        pixels[y : y + 150, x : x + 200] = COLOURS[name]
    path = tmp_path / "section.png"
    Image.fromarray(pixels).save(path)
    return path


def settings(section: Path, **change: object) -> MapSettings:
    made = MapSettings(section.parent, section, section.parent / "map", tile_px=40, stride=10)
    return replace(made, **change)  # type: ignore[arg-type]


def test_every_quarter_gets_its_label_and_glass_none(section: Path) -> None:
    model = TileModel(section.parent)
    found = map_section(settings(section), model)
    labels = np.asarray(Image.open(section.parent / "map" / "labels.png"))
    assert labels.shape == SIZE
    assert [int(labels[y, x]) for y, x in ((120, 200), (120, 400), (280, 200), (280, 400))] == [1, 2, 3, 4]
    assert labels[:40].max() == labels[:, :90].max() == labels[360:].max() == 0
    assert found.shares["unseen"] == pytest.approx(0.25, abs=0.08)
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.tiles["unseen tissue"] > 0
    told = [line for line in found.lines() if "marked where most tiles" in line]
    assert told == [
        f"  of {sum(found.tiles.values())} tiles: {found.tiles['unseen tissue']} unseen tissue (marked where most tiles over a place say so)"
    ]
    legend = {r["value"]: r["region"] for _, r in read_csv(section.parent / "map" / "legend.csv", ["value", "region"])}
    assert legend == {
        "0": "background",
        "1": "red",
        "2": "green",
        "3": "blue",
        "4": "unseen",
        "5": "artefact",
        "6": "another microscope",
    }


def test_confidence_is_zero_on_glass_and_the_overlay_leaves_glass_alone(section: Path) -> None:
    from cytoscribe.eval.report.section_picture import coloured

    found = map_section(settings(section), TileModel(section.parent))
    confidence = np.asarray(Image.open(section.parent / "map" / "confidence.png"))
    assert confidence[:40].max() == 0
    assert confidence[120, 200] > 100
    source = open_slide(section)
    small, shrunk = thumbnail(source)
    picture = coloured(found, small, tissue_mask(small), shrunk)
    assert (picture[:40] == small[:40]).all()
    assert (picture[120, 200] != small[120, 200]).any()
    hatched = (picture[250:320, 350:450] != small[250:320, 350:450]).any(2)
    assert 0.1 < hatched.mean() < 0.5


@pytest.mark.slow
def test_a_second_call_encodes_nothing_and_maps_the_same(section: Path) -> None:
    first = map_section(settings(section), TileModel(section.parent))
    again = TileModel(section.parent)
    second = map_section(settings(section), again)
    assert not again.seen
    assert np.array_equal(first.labels, second.labels)


@pytest.mark.slow
def test_a_tiled_tiff_is_read_in_bands_and_maps_as_its_png(section: Path) -> None:
    pixels = np.asarray(Image.open(section))
    path = section.parent / "section.tif"
    tifffile.imwrite(path, pixels, tile=(64, 64), compression="deflate", resolution=(1000, 1000), resolutionunit="CENTIMETER")
    source = open_slide(path)
    assert isinstance(source, TiffSlide)
    assert source.pixel_size_um == pytest.approx(10.0)
    assert np.array_equal(np.concatenate(list(bands(source, 37))), pixels)
    made = settings(path, tile_px=0, tile_um=400.0, out=section.parent / "tiff")
    assert np.array_equal(
        map_section(made, TileModel(section.parent)).labels, map_section(settings(section), TileModel(section.parent)).labels
    )


@pytest.mark.parametrize("kind", ["strips", "grey"])
def test_striped_and_grey_tiffs_read_as_they_are(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (90, 70) if kind == "grey" else (90, 70, 3), dtype=np.uint8)
    path = tmp_path / "one.tif"
    tifffile.imwrite(path, pixels, rowsperstrip=16)
    expected = pixels if kind == "strips" else np.repeat(pixels[..., None], 3, axis=2)
    assert np.array_equal(np.concatenate(list(bands(open_slide(path), 25))), expected)


def test_a_picture_without_glass_is_tissue_throughout() -> None:
    rng = np.random.default_rng(0)
    noise = np.repeat(np.repeat(rng.integers(0, 255, (12, 12, 3), dtype=np.uint8), 20, 0), 20, 1)
    assert tissue_mask(thumbnail(Loaded(noise))[0]).all()


@pytest.mark.slow
@pytest.mark.parametrize("stain", ["cresyl", "silver", "thionin"])
def test_tissue_of_a_drawn_section_is_told_from_glass(stain: Literal["cresyl", "silver", "thionin"]) -> None:
    specs = [a.spec for a in areas()[:3]]
    drawn = draw_section(specs, np.random.default_rng(0), (300, 360), 96.0, Preparation(stain), sulci=3)
    small, shrunk = thumbnail(Loaded(drawn.image))
    found, truth = tissue_mask(small), (drawn.labels > 0) | drawn.white
    assert shrunk == 1
    assert (found & truth).sum() / (found | truth).sum() > 0.93


def test_what_cannot_be_mapped_is_named(section: Path, tmp_path: Path) -> None:
    model = TileModel(tmp_path)
    with pytest.raises(InputError, match="no such section"):
        map_section(settings(tmp_path / "none.png"), model)
    with pytest.raises(InputError, match="pixel size"):
        map_section(settings(section, tile_um=500.0), model)
    with pytest.raises(InputError, match="gaps"):
        map_section(settings(section, stride=50), model)
    with pytest.raises(InputError, match="tiles of 900 px"):
        map_section(settings(section, tile_px=900), model)
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"II*\0nothing")
    with pytest.raises(InputError, match="not a readable image"):
        map_section(settings(broken), model)
    assert not (tmp_path / "map").exists()


def test_colours_differ_and_the_rim_of_the_tissue_is_coloured_too(section: Path) -> None:
    from cytoscribe.eval.report.section_picture import coloured, palette

    colours = palette(25)
    apart = np.abs(colours[:, None] - colours[None]).sum(2) + np.eye(25)
    assert apart.min() > 0.15
    found = map_section(settings(section), TileModel(section.parent))
    small, shrunk = thumbnail(open_slide(section))
    tissue = tissue_mask(small)
    picture = coloured(found, small, tissue, shrunk)
    known = tissue.copy()
    known[200:, 300:] = False  # unseen tissue is hatched, and shows between the lines
    assert (picture[known] != small[known]).any(1).mean() > 0.99
