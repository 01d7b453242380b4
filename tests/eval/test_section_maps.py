"""Many sections: found in folders, mapped one after the other, and a bad one passed over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.eval import section_map
from cytoscribe.eval.section_maps import map_sections, pictures_in
from cytoscribe.eval.settings import MapSettings

from .conftest import COLOURS
from .test_section_map import TileModel


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "sections"
    made.mkdir()
    for name in ("red", "green"):
        pixels = np.full((120, 160, 3), 250, np.uint8)
        pixels[20:100, 20:140] = COLOURS[name]
        Image.fromarray(pixels).save(made / f"{name}.png")
    (made / "broken.png").write_bytes(b"no picture")
    monkeypatch.setattr(section_map, "_load", lambda _: TileModel(tmp_path))
    return made


def settings(folder: Path, name: str) -> MapSettings:
    return MapSettings(folder.parent, folder / name, folder.parent / "maps" / name, tile_px=40, stride=20)


def test_a_bad_section_among_many_is_passed_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = pictures_in([folder])
    assert [p.name for p in found] == ["broken.png", "green.png", "red.png"]
    made = dict(map_sections([settings(folder, p.name) for p in found]))
    assert {s.section.name for s in made} == {"green.png", "red.png"}
    assert any("red" in line for s, lines in made.items() if s.section.name == "red.png" for line in lines)
    assert "passed over section broken.png" in capsys.readouterr().err


def test_where_none_can_be_mapped_the_reason_ends_the_run(folder: Path) -> None:
    with pytest.raises(InputError, match="broken"):
        list(map_sections([settings(folder, "broken.png")]))


def test_two_sections_of_one_name_are_refused(folder: Path) -> None:
    (folder.parent / "more").mkdir()
    (folder.parent / "more" / "red.tif").write_bytes((folder / "red.png").read_bytes())
    with pytest.raises(InputError, match="mapped into one folder"):
        pictures_in([folder, folder.parent / "more"])
