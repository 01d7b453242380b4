"""The stage: which images are measured, what is written, and what is said of leaks, gaps and bad input."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Caption, image_claim_id
from cytoscribe.core.tables import read_csv, write_csv
from cytoscribe.eval import evaluator
from cytoscribe.eval.evaluation import Evaluation
from cytoscribe.eval.evaluator import evaluate, measure, read_inputs
from cytoscribe.eval.report.summary import evaluation_lines
from cytoscribe.eval.settings import EvaluateSettings
from tests.eval.conftest import FakeModel, paint


def settings(model: FakeModel, images: Path, tmp_path: Path) -> EvaluateSettings:
    return EvaluateSettings(model.folder, images, tmp_path / "out", bootstrap=50)


def measured(asked: EvaluateSettings, model: FakeModel) -> Evaluation:
    """What `evaluate` measures, without drawing the report."""
    return measure(asked, model, read_inputs(asked, model))


def rewrite(table: Path, change: dict[str, str], where: str) -> None:
    """Set columns in the rows whose image path contains `where`."""
    rows = [row for _, row in read_csv(table, ["image_path"])]
    changed = [{**row, **change} if where in row["image_path"] else row for row in rows]
    write_csv(table, list(rows[0]), [list(row.values()) for row in changed])


def test_images_unlike_those_of_training_are_said_to_be_so_unless_they_were_normalised(
    model: FakeModel, images: Path, tmp_path: Path
) -> None:
    asked = settings(model, images, tmp_path)
    strange = replace(model, strange=2.04)
    (note,) = [n for n in measured(asked, strange).notes if "as far" in n]
    assert "2.0 times" in note
    assert "--normalise source" in note
    assert not any("as far" in n for n in measured(asked, replace(model, strange=1.4)).notes)
    assert not any("as far" in n for n in measured(replace(asked, normalise="source"), strange).notes)


@pytest.mark.slow
def test_every_file_is_written_and_metrics_are_flat_with_interval_and_n(model: FakeModel, images: Path, tmp_path: Path) -> None:
    evaluate(settings(model, images, tmp_path), model)
    told = json.loads((tmp_path / "out" / "metrics.json").read_text())
    for name in ("zero_shot.macro_f1", "zero_shot.accuracy", "retrieval.i2t.recall@1", "retrieval.t2i.recall@10"):
        assert told[name] == 1.0
        assert told[f"{name}.ci95"] == [1.0, 1.0]
        assert told[f"{name}.n"] == (3 if "t2i" in name else 24)
    assert told["open_set.auroc"] == 1.0
    assert told["open_set.auroc.n"] == 30
    assert (told["images.known"], told["images.unseen"], told["bootstrap.unit"]) == (24, 6, "section")
    assert not any(isinstance(v, dict) for v in told.values())
    rows = list(csv.DictReader((tmp_path / "out" / "predictions.csv").open()))
    assert len(rows) == 30
    assert all((r["rejected"] == "yes") == (r["known"] == "no") for r in rows)
    assert [r["region"] for r in csv.DictReader((tmp_path / "out" / "per_region.csv").open())] == ["red", "green", "blue"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("data:image/jpeg") == 12
    assert "http://" not in page
    assert "https://" not in page


@pytest.mark.slow
def test_the_same_command_gives_the_same_figures(model: FakeModel, images: Path, tmp_path: Path) -> None:
    asked = settings(model, images, tmp_path)
    evaluate(asked, model)
    first = {f.name: f.read_bytes() for f in asked.out.glob("[mpcr]*.[jch]*") if f.name != "run.json"}
    evaluate(asked, model)
    assert first == {name: (asked.out / name).read_bytes() for name in first}
    assert len(first) == 5


def test_without_unseen_images_open_set_is_left_out_and_said(model: FakeModel, images: Path, tmp_path: Path) -> None:
    rows = [row for _, row in read_csv(images, ["image_path"]) if row["split"] != "unseen"]
    write_csv(images, list(rows[0]), [list(r.values()) for r in rows])
    result = measured(settings(model, images, tmp_path), model)
    assert "open_set.auroc" not in result.figures
    assert result.figures["open_set.known_rejected"].value == 0
    assert any("no image of an unseen region" in n for n in result.notes)


def test_regions_that_the_model_does_not_know_count_as_unseen(model: FakeModel, images: Path, tmp_path: Path) -> None:
    rewrite(images, {"split": "test"}, "grey")
    result = measured(settings(model, images, tmp_path), model)
    assert result.facts["images.unseen"] == 6
    assert any("does not know" in n and "grey 6" in n for n in result.notes)


def test_images_marked_unseen_of_a_known_region_are_left_out_and_said(model: FakeModel, images: Path, tmp_path: Path) -> None:
    rewrite(images, {"split": "unseen"}, "red0")
    result = measured(settings(model, images, tmp_path), model)
    assert (result.facts["images.known"], result.facts["images.unseen"]) == (23, 6)
    assert any("marked unseen" in n for n in result.notes)


@pytest.mark.slow
def test_the_same_picture_or_section_in_training_is_said_loudly(model: FakeModel, images: Path, tmp_path: Path) -> None:
    (tmp_path / "red9.png").write_bytes((tmp_path / "red0.png").read_bytes())
    rewrite(images, {"section": "s1"}, "red8")
    result = evaluate(settings(model, images, tmp_path), model)
    assert [(a.name, b.name) for a, b in result.leaks.images] == [("red0.png", "red9.png")]
    assert result.leaks.sections == ("s1",)
    assert sum(line.startswith("WARNING") for line in evaluation_lines(result, tmp_path)) == 2
    assert "too good" in (tmp_path / "out" / "report.html").read_text()


def test_unseen_images_in_trained_sections_are_a_note_and_no_leak(model: FakeModel, images: Path, tmp_path: Path) -> None:
    rewrite(images, {"section": "t0"}, "grey")
    result = measured(settings(model, images, tmp_path), model)
    assert not result.leaks.serious
    assert result.leaks.unseen_sections == ("t0",)
    assert any("unseen images lie in 1 sections" in n for n in result.notes)


def test_a_table_without_splits_takes_them_from_the_model_folder(model: FakeModel, images: Path, tmp_path: Path) -> None:
    rows = [row for _, row in read_csv(images, ["image_path"])]
    write_csv(
        model.folder / "images.csv",
        ["image_path", "region", "split"],
        [(f"../{r['image_path']}", r["region"], r["split"]) for r in rows],
    )
    rewrite(images, {"split": ""}, "")
    result = measured(settings(model, images, tmp_path), model)
    assert (result.facts["images.known"], result.facts["images.unseen"]) == (24, 6)
    assert result.facts["leaks.compared_with"] == 6


def test_unreadable_images_are_counted_and_the_rest_measured(model: FakeModel, images: Path, tmp_path: Path) -> None:
    (tmp_path / "red0.png").write_bytes(b"no picture")
    (tmp_path / "grey0.png").unlink()
    result = measured(settings(model, images, tmp_path), model)
    assert (result.facts["images.known"], result.facts["images.unseen"], result.facts["images.skipped"]) == (23, 5, 2)
    assert any("2 images could not be read" in n for n in result.notes)


def captioned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give `--captions` any folder: two captions for each region, of a dark and of a pale image."""
    captions = [
        Caption(f"{r}{s}", r, f"{r} it is", f"{r} {s}", "terse", "", "", (image_claim_id("shade", s),), 3, 1.0)
        for r in ("red", "green", "blue", "grey")
        for s in ("dark", "pale")
    ]
    monkeypatch.setattr(evaluator, "read_gallery_captions", lambda folder: captions if folder else [])


def test_captions_of_single_images_are_searched_for_what_they_say(
    model: FakeModel, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    captioned(monkeypatch)
    result = measured(replace(settings(model, images, tmp_path), captions=tmp_path), model)
    assert result.facts["captions.searched"] == 6
    assert result.figures["retrieval.i2t.recall@1"].value == 1.0
    assert result.figures["retrieval.i2t_fit.recall@1"].n == 24
    assert result.figures["retrieval.i2t_fit.recall@5"].value == 1.0
    assert result.facts["retrieval.i2t_fit.chance"] == pytest.approx(1 / 6, abs=1e-6)
    assert result.facts["retrieval.exact.attributes"] == "shade"
    assert result.facts["retrieval.i2t_exact.gallery"] == 2
    assert result.figures["retrieval.i2t_exact.recall@5"].value == 1.0
    assert result.figures["captions.label_match"].value == 1.0
    assert result.figures["captions.masked_8way"].value == 1.0
    assert result.figures["captions.text_8way"].n == 6
    assert result.facts["captions.masked_8way.ways"] == 3


def test_exact_captions_can_be_asked_for_and_turned_off(
    model: FakeModel, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = settings(model, images, tmp_path)
    assert "retrieval.i2t_exact.recall@1" not in measured(asked, model).figures
    assert "retrieval.i2t_exact.recall@1" in measured(replace(asked, attributes=("shade",)), model).figures
    captioned(monkeypatch)
    off = measured(replace(asked, captions=tmp_path, attributes=()), model)
    assert "retrieval.i2t_exact.recall@1" not in off.figures


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"split": "val"}, "no image has split 'val' (splits found: test 24, train 6, unseen 6)"),
        ({"wording": "loud"}, "unknown wording 'loud'"),
        ({"attributes": ("girth",)}, "no column 'girth'"),
        ({"bootstrap": 1}, "give no interval"),
        ({"region_column": "shade"}, "the model's: red, green, blue"),
        ({"region_column": "area"}, "no column 'area'"),
    ],
)
def test_bad_settings_are_named(model: FakeModel, images: Path, tmp_path: Path, change: dict[str, str], says: str) -> None:
    with pytest.raises(InputError) as error:
        evaluate(replace(settings(model, images, tmp_path), **change), model)
    assert says in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "not a JSON object"),
        ('{"red": 3}', "region 'red' has no list of texts"),
        ('{"red": ["a red one"]}', "no text for 2 regions that the model knows (green, blue)"),
        ("{", "not valid JSON"),
    ],
)
def test_bad_class_captions_are_named(model: FakeModel, images: Path, tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "classes.json"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        evaluate(replace(settings(model, images, tmp_path), class_captions=path), model)
    assert says in str(error.value)


@pytest.mark.slow
def test_the_report_tells_what_the_sets_of_plausible_regions_held(model: FakeModel, images: Path, tmp_path: Path) -> None:
    evaluate(replace(settings(model, images, tmp_path), explorer=0), replace(model, sets=True))
    assert "holds the true one for 100.0% of these images (95% were promised)" in (tmp_path / "out" / "report.html").read_text()
    assert not (tmp_path / "out" / "explorer.html").exists()


def test_images_of_the_models_own_scale_are_measured(model: FakeModel, images: Path, tmp_path: Path) -> None:
    rows = [row for _, row in read_csv(images, ["image_path"])]
    write_csv(images, [*rows[0], "scale"], [[*r.values(), "tile" if i % 2 else "region"] for i, r in enumerate(rows)])
    asked = settings(model, images, tmp_path)
    assert measured(asked, model).facts["images.known"] == 24
    tiles = replace(model, settings={"settings": {"scale": "tile"}})
    assert measured(asked, tiles).facts["images.known"] == 12
    assert measured(replace(asked, scale="all"), tiles).facts["images.known"] == 24
    with pytest.raises(InputError, match="no image has scale 'cell'"):
        measured(replace(asked, scale="cell"), model)


def test_label_sets_are_measured_where_the_model_gives_them(model: FakeModel, images: Path, tmp_path: Path) -> None:
    asked = settings(model, images, tmp_path)
    assert not any(name.startswith("label_sets") for name in measured(asked, model).figures)
    found = measured(asked, replace(model, sets=True)).figures
    assert {n: found[f"label_sets.{n}"].value for n in ("coverage", "size", "single", "unseen_empty")} == {
        "coverage": 1.0,
        "size": 1.0,
        "single": 1.0,
        "unseen_empty": 1.0,
    }


def test_class_captions_of_ones_own_are_used(model: FakeModel, images: Path, tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    path.write_text(json.dumps({"red": ["green"], "green": ["red"], "blue": "blue", "grey": ["grey"]}))
    result = measured(replace(settings(model, images, tmp_path), class_captions=path), model)
    assert result.figures["zero_shot.accuracy"].value == pytest.approx(1 / 3)
    assert any("1 regions that the model does not know were not used (grey)" in n for n in result.notes)


@pytest.mark.slow
def test_names_from_files_are_data_in_the_page(model: FakeModel, images: Path, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>$x$"
    paint(tmp_path / "odd.png", (120, 120, 120), 5)
    rewrite(images, {"region": hostile}, "grey0")
    evaluate(settings(model, images, tmp_path), model)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    explorer = (tmp_path / "out" / "explorer.html").read_text()
    assert explorer.count("<script") == 1
    assert "&lt;script&gt;alert" in explorer
