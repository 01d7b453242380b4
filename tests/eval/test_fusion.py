"""Two scales together."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.tables import write_csv
from cytoscribe.eval.answers import Answers
from cytoscribe.eval.fusion import fuse, shared_columns, tiles_of
from cytoscribe.eval.fusion_stage import FuseSettings, fuse_scales
from cytoscribe.eval.metrics.pooling import Pool
from tests.eval.conftest import COLOURS, FakeModel, paint


class Mistaken(FakeModel):
    """Calls every colour by the name of the next."""

    def class_features(self, class_captions: Mapping[str, Sequence[str]] | None = None) -> Tensor:
        return super().class_features(class_captions).roll(1, 0)


def cut(section: str, x: int, y: int, side: int) -> ImageRecord:
    return ImageRecord(Path("x"), "r", section=section, attributes={"x": str(x), "y": str(y), "side_px": str(side)})


def test_tiles_belong_to_the_crops_that_hold_their_centre() -> None:
    crops = [cut("s1", 0, 0, 100), cut("s2", 0, 0, 100)]
    tiles = [cut("s1", 10, 10, 20), cut("s1", 85, 10, 20), cut("s1", 95, 10, 20), cut("s2", 0, 0, 20)]
    assert [m.tolist() for m in tiles_of(crops, tiles)] == [[0, 1], [3]]
    with pytest.raises(InputError, match="where it was cut"):
        tiles_of([replace(crops[0], attributes={})], tiles)


def test_tiles_of_the_same_piece_count_where_pieces_are_numbered() -> None:
    crops = [replace(cut("s1", 0, 0, 100), attributes={"piece": "3"}), replace(cut("s2", 0, 0, 100), attributes={"piece": "3"})]
    tiles = [replace(cut(s, 0, 0, 1), attributes={"piece": p}) for s, p in (("s1", "3"), ("s1", "4"), ("s2", "3"), ("s1", "3"))]
    assert [m.tolist() for m in tiles_of(crops, tiles)] == [[0, 3], [2]]


def test_names_are_fused_as_a_product_and_scores_averaged() -> None:
    def answers(probabilities: list[list[float]], scores: list[float]) -> Answers:
        p = np.array(probabilities)
        return Answers(p, p, p.argmax(1), np.array(scores), np.full(len(p), 0.3), np.zeros(len(p), bool))

    names, columns = shared_columns(("a", "b", "x"), ("b", "a"))
    assert names == ("a", "b")
    crop = answers([[0.5, 0.4, 0.1]], [1.0])
    tile = answers([[0.9, 0.1], [0.4, 0.6]], [0.0, 4.0])
    views = fuse(crop, tile, [np.array([0, 1])], columns)
    b, a = np.sqrt(0.9 * 0.4), np.sqrt(0.1 * 0.6)
    assert views["tile"].probabilities[0] == pytest.approx([a / (a + b), b / (a + b)])
    assert views["both"].probabilities[0] == pytest.approx(np.array([0.5 * a, 0.4 * b]) / (0.5 * a + 0.4 * b))
    assert (views["region"].scores[0], views["tile"].scores[0], views["both"].scores[0]) == (1.0, 2.0, 1.5)
    with pytest.raises(InputError, match="share 1 regions"):
        shared_columns(("a", "b"), ("b", "c"))


@pytest.fixture
def sections(tmp_path: Path) -> Path:
    """Eight sections with a crop of each colour; two tiles lie in each but the blue ones, whose tiles stand elsewhere."""
    rows = []
    for s in range(8):
        for n, (region, colour) in enumerate(COLOURS.items()):
            for i, (scale, side) in enumerate((("region", 100), ("tile", 30), ("tile", 30))):
                path = paint(tmp_path / f"{s}{region}{i}.png", colour, 100 * s + 10 * n + i)
                x = 1000 * n + (0 if scale == "region" else 40) + (500 if scale == "tile" and region == "blue" else 0)
                split = "unseen" if region == "grey" else "test"
                rows.append((path.name, region, f"s{s}", scale, split, x, 0, side))
    table = tmp_path / "images.csv"
    write_csv(table, ("image_path", "region", "section", "scale", "split", "x", "y", "side_px"), rows)
    return table


def test_crops_are_measured_alone_and_together(model: FakeModel, sections: Path, tmp_path: Path) -> None:
    settings = FuseSettings(model.folder, model.folder, sections, tmp_path / "out", bootstrap=50)
    found = fuse_scales(settings, model, model)
    assert (int((found.truth >= 0).sum()), int((found.truth < 0).sum()), found.left_out) == (16, 8, 8)
    told = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert told["fusion.both.macro_f1"] == told["fusion.region.accuracy"] == 1.0
    assert told["fusion.both.auroc"] == 1.0
    assert told["fusion.gain.macro_f1.ci95"] == [0.0, 0.0]
    rows = list(csv.DictReader((tmp_path / "out" / "fused.csv").open()))
    assert all(r["named_by_both"] == r["region"] for r in rows if r["known"] == "yes")
    assert any("macro_f1" in line for line in found.lines())


def test_sections_that_training_saw_do_not_count(model: FakeModel, sections: Path, tmp_path: Path) -> None:
    table = sections.read_text().splitlines()
    seen = [line.replace(",test,", ",train,") if ",s7," in line else line for line in table]
    sections.write_text("\n".join(seen) + "\n")
    found = fuse_scales(FuseSettings(model.folder, model.folder, sections, tmp_path / "out", bootstrap=0), model, model)
    assert "s7" not in {r.section for r in found.crops}
    assert (int((found.truth >= 0).sum()), int((found.truth < 0).sum())) == (14, 7)


def test_the_scales_are_weighed_by_validation_pieces(model: FakeModel, sections: Path, tmp_path: Path) -> None:
    """The tile model mistakes every colour: the twelve validation pieces take weight from it, so both name as the crop does."""
    held_out = [
        line.replace(",test,", ",val,") if any(f",s{s}," in line for s in range(6)) else line
        for line in sections.read_text().splitlines()
    ]
    sections.write_text("\n".join(held_out) + "\n")
    wrong = Mistaken(model.folder)
    settings = FuseSettings(model.folder, model.folder, sections, tmp_path / "out", bootstrap=0)
    found = fuse_scales(settings, model, wrong)
    assert found.pool.pieces == 12
    assert found.pool.tile_share < 0.3
    assert Pool.load(tmp_path / "out") == found.pool
    assert {r.section for r in found.crops} == {"s6", "s7"}
    assert found.figures["fusion.both.macro_f1"].value == 1.0


def test_tables_without_both_scales_are_refused(model: FakeModel, images: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no crops with tiles"):
        fuse_scales(FuseSettings(model.folder, model.folder, images, tmp_path / "out"), model, model)
    assert not (tmp_path / "out").exists()
