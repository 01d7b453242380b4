"""Region crops described by both scales."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cytoscribe.cli import command, run
from cytoscribe.core.errors import InputError
from cytoscribe.core.tables import write_csv
from cytoscribe.eval import piece_describer
from cytoscribe.eval.metrics.pooling import Pool
from cytoscribe.eval.piece_describer import PieceDescriptionSettings, describe_pieces, widened

from .conftest import COLOURS, FakeModel, paint


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A crop of each colour in one section with two tiles in it; the red crop looks grey, and the blue one holds no tile."""
    rows = []
    for n, (region, colour) in enumerate(COLOURS.items()):
        for i, (scale, side) in enumerate((("region", 100), ("tile", 30), ("tile", 30))):
            shown = (140, 110, 110) if (region, scale) == ("red", "region") else colour
            path = paint(tmp_path / f"{region}{i}.png", shown, 10 * n + i, noise=0)
            x = 1000 * n + (0 if scale == "region" else 40) + (500 if scale == "tile" and region == "blue" else 0)
            rows.append((path.name, region, "s0", scale, "test", x, 0, side))
    write_csv(tmp_path / "images.csv", ("image_path", "region", "section", "scale", "split", "x", "y", "side_px"), rows)
    return tmp_path / "images.csv"


def test_tiles_help_a_crop_that_shows_little_and_unseen_stays_unseen(model: FakeModel, table: Path) -> None:
    found = list(describe_pieces(PieceDescriptionSettings(model.folder, model.folder, table), model, model))
    assert [a.answer for a in found] == ["red", "green", "blue", "unseen"]
    assert dict(found[0].plausible)["red"] > 0.5
    assert found[0].p_value == pytest.approx(0.51)  # twice the mean of 0.02's like: 0.01 of the crop and 0.5 of its tiles
    assert found[2].p_value == pytest.approx(0.5)  # without a tile the crop answers alone
    assert found[3].p_value == pytest.approx(0.02)
    assert "softmax, not calibrated" in found[0].text()


def test_weights_of_fuse_scales_are_used(model: FakeModel, table: Path, tmp_path: Path) -> None:
    """Crops of red look like nothing in particular: with all weight on the crop, its tiles cannot help."""
    Pool(1.0, 0.0, 12).save(tmp_path)
    settings = PieceDescriptionSettings(model.folder, model.folder, table, fusion=tmp_path)
    found = list(describe_pieces(settings, model, model))
    plain = list(describe_pieces(replace(settings, fusion=None), model, model))
    assert found[0].plausible != plain[0].plausible
    assert dict(found[0].plausible)["red"] < dict(plain[0].plausible)["red"]
    with pytest.raises(InputError, match=r"no pool\.json"):
        list(describe_pieces(replace(settings, fusion=tmp_path / "none"), model, model))


def test_regions_of_one_model_alone_can_still_be_named(model: FakeModel, table: Path) -> None:
    tiles = replace(model, regions=("green", "red"))
    found = list(describe_pieces(PieceDescriptionSettings(model.folder, model.folder, table), tiles, model))
    assert found[2].answer == "blue"
    wide = widened(np.array([[0.9, 0.1]]), ("green", "red"), ("blue", "green", "red"))
    assert wide[0] == pytest.approx([0.5 / 1.5, 0.9 / 1.5, 0.1 / 1.5])


def test_broken_crops_are_named_and_broken_tiles_left_out(model: FakeModel, table: Path) -> None:
    (table.parent / "red0.png").write_bytes(b"no picture")
    (table.parent / "green1.png").unlink()
    found = list(describe_pieces(PieceDescriptionSettings(model.folder, model.folder, table), model, model))
    assert found[0].problem is not None
    assert "not a readable image" in found[0].problem
    assert [a.answer for a in found[1:]] == ["green", "blue", "unseen"]


def test_tables_that_lack_a_scale_or_split_are_refused(model: FakeModel, table: Path) -> None:
    with pytest.raises(InputError, match=r"images\.csv: the table holds no region crops"):
        list(describe_pieces(PieceDescriptionSettings(model.folder, model.folder, table, split="val"), model, model))


def test_the_command_wants_both_and_prints_each_crop(
    model: FakeModel, table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(piece_describer, "load_model", lambda *_: model)
    options = ["--model", str(model.folder), "--region-model", str(model.folder)]
    assert run(command("describe"), options) == 2
    assert "both scales need a region model and a table" in capsys.readouterr().err
    assert run(command("describe"), [*options, "--table", str(table), "--json"]) == 0
    assert capsys.readouterr().out.count('"answer"') == 4
    (table.parent / "red0.png").unlink()
    assert run(command("describe"), [*options, "--table", str(table)]) == 2
    shown = capsys.readouterr()
    assert "no such image" in shown.err
    assert shown.out.count("alpha = 0.05") == 3
