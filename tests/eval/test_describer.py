"""`describe`: region or unseen, with evidence; an image that cannot be read is one line and does not stop the rest."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cytoscribe import cli
from cytoscribe.captions.dataset import write_dataset
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Caption, Claim, Description
from cytoscribe.core.tables import write_records
from cytoscribe.eval import describer, section_map
from cytoscribe.eval.describer import DescribeSettings, credible, describe
from cytoscribe.eval.report.evidence import PaperPages, region_evidence
from tests.eval.conftest import FakeModel, paint


@pytest.fixture
def mined(tmp_path: Path) -> Path:
    folder = tmp_path / "mined"
    claims = [
        Claim(f"c{page}", "red", "paper.pdf", "10.1/x", page, "s", 0, 1, "s", "IV", "thickness", "broad", True, (), 1.0)
        for page in (7, 3)
    ]
    write_records(folder / "claims.parquet", Claim, claims)
    text = Description("red", "Layer IV is broad.", ("c7", "c3", "gone"), ("paper.pdf", "notes.md"), 1.0, ())
    write_records(folder / "descriptions.parquet", Description, [text])
    return folder


def test_regions_unseen_and_broken_images_each_get_their_answer(model: FakeModel, mined: Path, tmp_path: Path) -> None:
    red, grey = paint(tmp_path / "r.png", (220, 30, 30), 1), paint(tmp_path / "g.png", (120, 120, 120), 2, noise=0)
    answers = list(describe(DescribeSettings(model.folder, (red, tmp_path / "none.png", grey), mined), model))
    assert [a.answer for a in answers] == ["red", "", "unseen"]
    assert "source: paper.pdf, p. 3, 7 (doi:10.1/x)" in answers[0].text()
    assert "Layer IV is broad." in answers[0].text()
    assert answers[1].text() == f"error: {tmp_path / 'none.png'}: no such image"
    assert "nearest known" in answers[2].text()
    assert answers[2].evidence is None
    told = json.loads(answers[0].json_line())
    assert told["sources"][1] == {"document": "paper.pdf", "doi": "10.1/x", "pages": [3, 7]}
    assert json.loads(answers[1].json_line())["error"] == "no such image"


def test_the_conformal_set_is_shown_with_its_coverage_where_the_model_has_one(model: FakeModel, tmp_path: Path) -> None:
    red, grey = paint(tmp_path / "r.png", (220, 30, 30), 1), paint(tmp_path / "g.png", (120, 120, 120), 2, noise=0)
    answers = list(describe(DescribeSettings(model.folder, (red, grey)), replace(model, sets=True)))
    assert "plausible at 95% coverage: red (p 0.50)" in answers[0].text()
    assert "plausible: none of the known regions, at 95% coverage" in answers[1].text()
    other = replace(answers[0], reason="unseen tissue", answer="unseen")
    assert "if it were a known region, plausible at 95% coverage: red (p 0.50)" in other.text()
    told = [json.loads(a.json_line()) for a in answers]
    assert [t["plausible"] for t in told] == [{"red": 0.5}, {}]
    assert all(t["probabilities"] for t in told)
    (plain,) = describe(DescribeSettings(model.folder, (red,)), model)
    assert plain.label_set is None
    assert "softmax, not calibrated" in plain.text()


def test_the_nearest_caption_is_shown_as_published_with_the_sources_of_its_claims(
    model: FakeModel, mined: Path, tmp_path: Path
) -> None:
    captions = [
        Caption("1", "red", "Red itself is red.", "It is red.", "terse", "", "", ("c7",), 3, 1.0),
        Caption("2", "red", "Red itself is blue.", "It is blue.", "terse", "", "", ("c3",), 3, 1.0),
    ]
    write_dataset(tmp_path / "captions", captions, [], [], "card")
    image = paint(tmp_path / "r.png", (220, 30, 30), 1)
    (answer,) = describe(DescribeSettings(model.folder, (image,), mined, captions=tmp_path / "captions", quotes=1), model)
    assert "caption: Red itself is red.  [paper.pdf, p. 7 (doi:10.1/x)]" in answer.text()
    assert answer.quotes == ("“s” (paper.pdf, p. 7)",)
    assert json.loads(answer.json_line())["caption_sources"][0]["pages"] == [7]


@pytest.mark.parametrize("mode", ["I;16", "CMYK", "P", "LA", "F"])
def test_every_kind_of_image_is_read(model: FakeModel, tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("x.tif" if mode != "P" else "x.png")
    ramp = np.linspace(0, 1, 400).reshape(20, 20)
    if mode in ("I;16", "F"):
        Image.fromarray((ramp * 40_000).astype(np.uint16) if mode == "I;16" else ramp.astype(np.float32)).save(path)
    else:
        Image.fromarray((ramp * 255).astype(np.uint8)).convert("RGB").convert("L" if mode == "LA" else "RGB").convert(mode).save(
            path
        )
    (answer,) = describe(DescribeSettings(model.folder, (path,)), model)
    assert answer.problem is None


def test_evidence_falls_back_to_the_model_folder_then_to_class_captions(model: FakeModel, mined: Path, tmp_path: Path) -> None:
    bare = region_evidence(None, tmp_path, model.class_captions)
    assert (bare["red"].text, bare["red"].sources) == ("a red field", ())
    carried = region_evidence(None, mined, model.class_captions)
    assert carried["red"].sources == (PaperPages("notes.md", "", ()), PaperPages("paper.pdf", "10.1/x", (3, 7)))
    assert carried["blue"].origin == "class captions"
    with pytest.raises(InputError, match=r"holds no descriptions\.parquet"):
        region_evidence(tmp_path / "model", mined, model.class_captions)


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=8))
def test_the_credible_set_is_the_smallest_that_holds_the_mass(weights: list[float]) -> None:
    probabilities = np.array(weights) / sum(weights)
    chosen = credible(probabilities, [str(i) for i in range(len(weights))])
    held = [p for _, p in chosen]
    assert held == sorted(held, reverse=True)
    assert sum(held) >= 0.95 - 1e-6
    assert sum(held[:-1]) < 0.95


def test_the_command_goes_on_past_a_broken_image_and_ends_with_2(
    model: FakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(describer, "load_model", lambda *given: model)
    red = paint(tmp_path / "r.png", (220, 30, 30), 1)
    command = cli.command("describe")
    assert cli.run(command, [str(tmp_path / "no.png"), str(red), "--model", str(model.folder)]) == 2
    shown = capsys.readouterr()
    assert shown.err == f"error: {tmp_path / 'no.png'}: no such image\n"
    assert "r.png: red" in shown.out
    assert cli.run(command, [str(red), "--model", str(model.folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["answer"] == "red"


def test_an_unknown_normalisation_is_one_line_and_ends_with_2(
    model: FakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(describer, "load_model", lambda *given: model)
    red = paint(tmp_path / "r.png", (220, 30, 30), 1)
    assert cli.run(cli.command("describe"), [str(red), "--model", str(model.folder), "--normalise", "stain"]) == 2
    assert "'stain' is not one of 'none', 'source'" in capsys.readouterr().err


def test_without_images_or_sections_the_command_says_what_to_give(
    model: FakeModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = cli.command("describe")
    (tmp_path / "s.png").touch()
    assert cli.run(command, ["--model", str(model.folder)]) == 2
    assert capsys.readouterr().err.startswith("error: no image is given")
    assert cli.run(command, ["--model", str(model.folder), "--section", str(tmp_path / "s.png")]) == 2
    assert "--section needs a folder" in capsys.readouterr().err
    section = ["--section", str(tmp_path / "s.png"), "--out", str(tmp_path / "maps"), "--normalise", "source"]
    assert cli.run(command, ["--model", str(model.folder), *section]) == 2
    assert "--normalise takes image files" in capsys.readouterr().err


def test_sections_are_mapped_into_folders_of_their_own(
    model: FakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[section_map.MapSettings] = []

    @dataclass(frozen=True)
    class Mapped:
        name: str

        def lines(self) -> list[str]:
            return [f"mapped {self.name}"]

    def mapped(settings: section_map.MapSettings) -> Mapped:
        asked.append(settings)
        return Mapped(settings.section.name)

    monkeypatch.setattr(section_map, "map_section", mapped)
    for name in ("a.tif", "b.tif"):
        (tmp_path / name).touch()
    sections = ["--section", str(tmp_path / "a.tif"), "--section", str(tmp_path / "b.tif")]
    words = ["--model", str(model.folder), *sections, "--out", str(tmp_path), "--tile-um", "500"]
    assert cli.run(cli.command("describe"), [*words, "--pixel-size-um", "2"]) == 0
    assert capsys.readouterr().out == "mapped a.tif\nmapped b.tif\n"
    assert [s.out for s in asked] == [tmp_path / "a", tmp_path / "b"]
    assert (asked[0].tile_um, asked[0].pixel_size_um, asked[0].tile_px) == (500, 2, 96)


@pytest.mark.slow
def test_the_command_evaluate_prints_figures(
    model: FakeModel, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cytoscribe.eval import evaluator

    monkeypatch.setattr(evaluator, "load_model", lambda *given: model)
    asked = ["--model", str(model.folder), "--images", str(images), "--out", str(tmp_path / "out"), "--bootstrap", "20"]
    assert cli.run(cli.command("evaluate"), asked) == 0
    assert "zero_shot.macro_f1" in capsys.readouterr().out
    assert cli.run(cli.command("evaluate"), [*asked, "--split", "val"]) == 2
    assert "no image has split 'val'" in capsys.readouterr().err
