"""`recalibrate --source` on a trained model: tables read, the folder changed, and evaluate and describe that use it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from cytoscribe.cli import command
from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json
from cytoscribe.core.tables import write_csv
from cytoscribe.training.clip_fit import train
from cytoscribe.training.model.model_folder import TrainedModel
from cytoscribe.training.model.recalibration import recalibrate
from cytoscribe.training.model.source_calibration import SourceSettings, calibrate_source
from tests.training.conftest import draw
from tests.training.test_clip_fit import Drawn, toy

KNOWN = ("striped", "dotted", "pale", "dense")


@pytest.fixture(scope="module")
def trained(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sources") / "model"
    train(toy(drawn, out))
    return out


@pytest.fixture(scope="module")
def yellow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """images.csv of another microscope: 28 known pictures under a yellow lamp, and four that the model cannot know."""
    folder, rng, rows = tmp_path_factory.mktemp("yellow"), np.random.default_rng(5), []
    for kind in (*KNOWN, "hidden"):
        for i in range(7 if kind in KNOWN else 4):
            name = f"{kind}{i}.png"
            Image.fromarray((draw(kind, rng) * np.array([1.0, 0.9, 0.6])).astype(np.uint8)).save(folder / name)
            rows.append((name, kind, "lamp", "test"))
    write_csv(folder / "images.csv", ("image_path", "region", "source", "split"), rows)
    return folder / "images.csv"


def copied(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "model"))


def run(name: str, *options: object) -> str:
    result = CliRunner().invoke(command(name), [str(o) for o in options])
    assert result.exit_code == 0, f"{result.output} {result.exception}"
    return result.output


@pytest.mark.slow
def test_the_folder_tells_of_the_source_and_its_promise(trained: Path, yellow: Path, tmp_path: Path) -> None:
    folder = copied(trained, tmp_path)
    told = run("recalibrate", folder, "--source", "lamp", "--labelled", yellow)
    assert "28 labelled images: new images of known regions are drawn like them" in told
    assert "28 labelled images" in (folder / "README.md").read_text()
    assert read_json(folder / "config.json")["rejection"]["sources"]["lamp"]["images"] == 28
    model = TrainedModel.load(folder)
    assert model.rejection.sources["lamp"].measures is not None
    assert read_json(folder / "calibration.json") == read_json(trained / "calibration.json")
    recalibrate(folder, alpha=0.2)
    assert list(TrainedModel.load(folder).rejection.sources) == ["lamp"]
    assert "unlabelled" in run("recalibrate", folder, "--source", "lamp", "--images", yellow)
    assert not TrainedModel.load(folder).rejection.sources["lamp"].labelled


@pytest.mark.slow
def test_evaluate_describe_and_monitor_use_it(trained: Path, yellow: Path, tmp_path: Path) -> None:
    folder = copied(trained, tmp_path)
    run("recalibrate", folder, "--source", "lamp", "--labelled", yellow)
    told = run("evaluate", "--model", folder, "--images", yellow, "--out", tmp_path / "out", "--bootstrap", 50, "--few-shot", "1,4")
    assert "source 'lamp'" in told
    figures = read_json(tmp_path / "out" / "metrics.json")
    assert figures["source.lamp.known_rejected"] <= 0.15
    assert 0 <= figures["few_shot.4.macro_f1"] <= 1
    assert run("describe", "--model", folder, yellow.parent / "dense0.png", "--source", "lamp").count("p = ") >= 2
    said = run("monitor", "--model", folder, "--images", yellow, "--out", tmp_path / "watched", "--source", "lamp", "--by", "image")
    assert "tissue: " in said
    assert (tmp_path / "watched" / "monitor.png").is_file()


def test_a_monitor_sees_another_microscope(trained: Path, drawn: Drawn, yellow: Path, tmp_path: Path) -> None:
    rng, rows = np.random.default_rng(1), []
    for i in range(80):
        colour = np.array([1.0, 0.9, 0.6]) if i >= 40 else np.ones(3)
        Image.fromarray((draw(KNOWN[i % 4], rng) * colour).astype(np.uint8)).save(tmp_path / f"{i}.png")
        rows.append((f"{i}.png", KNOWN[i % 4]))
    write_csv(tmp_path / "stream.csv", ("image_path", "region"), rows)
    said = run("monitor", "--model", trained, "--images", tmp_path / "stream.csv", "--out", tmp_path / "watched")
    assert "microscope: THE PROMISE HOLDS NO LONGER" in said


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"source": ""}, "need its name"),
        ({"images": None}, "from one table"),
        ({"labelled": Path("x.csv")}, "from one table"),
    ],
)
def test_what_is_asked_must_be_whole(yellow: Path, options: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        SourceSettings(**{"model": Path("m"), "source": "lamp", "images": yellow} | options)  # type: ignore[arg-type]


def test_too_few_images_leave_the_folder_as_it_is(trained: Path, yellow: Path, tmp_path: Path) -> None:
    folder = copied(trained, tmp_path)
    before = (folder / "config.json").read_bytes()
    table = yellow.with_name("few.csv")
    write_csv(table, ("image_path",), [("dense0.png",)] * 3)
    with pytest.raises(InputError, match="3 unlabelled images are too few for source 'lamp'"):
        calibrate_source(SourceSettings(folder, "lamp", table))
    assert (folder / "config.json").read_bytes() == before
    assert not (folder / "sources.json").exists()
