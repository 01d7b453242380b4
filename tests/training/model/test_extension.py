"""A new region from a few images: named, and rejected no more often than promised, while the old ones keep their promise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch.nn import functional

from cytoscribe.cli import command
from cytoscribe.core.runs import read_json
from cytoscribe.core.tables import write_csv
from cytoscribe.training.clip_fit import train
from cytoscribe.training.data.label_sets import HeldOut
from cytoscribe.training.model.extension import extended
from cytoscribe.training.model.model_folder import TrainedModel
from cytoscribe.training.rejection.conformal import Rejection, calibrate
from cytoscribe.training.rejection.scores import context_from
from tests.training.test_clip_fit import Drawn, toy

WIDTH = 16


def images(region: int, count: int, seed: int) -> torch.Tensor:
    noise = 0.15 * torch.randn(count, WIDTH, generator=torch.Generator().manual_seed(1000 * seed + region))
    return functional.normalize(torch.eye(WIDTH)[region] + noise, dim=-1)


def known(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.cat([images(k, count, seed) for k in range(4)]), torch.arange(4).repeat_interleave(count)


@pytest.fixture(scope="module")
def rejection() -> Rejection:
    classes = functional.normalize(torch.eye(WIDTH)[:4] + 0.3 * torch.eye(WIDTH)[15], dim=-1)
    context = context_from(classes, *known(60, 0), 20.0)
    features, labels = known(50, 1)
    return calibrate(("knn",), features, context, ("a", "b", "c", "d"), held_out=HeldOut(features, labels))


def shares(rejection: Rejection, features: torch.Tensor, region: int | None = None) -> tuple[float, float]:
    """Share rejected, and share named as `region`."""
    predicted = (features @ rejection.context.classes.T).argmax(1).numpy()
    return float(rejection.rejects(rejection.scores(features), predicted).mean()), float((predicted == region).mean())


@pytest.mark.slow
@pytest.mark.parametrize("shots", [1, 3, 8, 16])
def test_the_promise_holds_for_old_and_new_regions(rejection: Rejection, shots: int) -> None:
    before, _ = shares(rejection, images(7, 200, 5))
    assert before > 0.9
    rates = []
    for seed in range(5):
        after = extended(rejection, {"new": images(7, shots, 10 + seed)}, seed=seed)
        rejected, named = shares(after, images(7, 200, 5), 4)
        assert named > 0.9
        rates.append(rejected)
        assert shares(after, known(100, 6)[0])[0] <= 0.08
    assert np.mean(rates) <= 0.09


def test_what_is_unseen_is_still_found(rejection: Rejection) -> None:
    after = extended(rejection, {"new": images(7, 8, 10)})
    assert shares(after, images(11, 200, 5))[0] > 0.8


def test_captions_of_the_new_region_join_its_images(rejection: Rejection) -> None:
    caption = functional.normalize(torch.eye(WIDTH)[7] + 0.3 * torch.eye(WIDTH)[15], dim=0)
    plain, told = (extended(rejection, {"new": images(7, 1, 3)}, c).context.classes[4] for c in ({}, {"new": caption}))
    assert told @ caption > plain @ caption


@pytest.fixture(scope="module")
def trained(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("extension") / "model"
    train(toy(drawn, out))
    return out


def few(drawn: Drawn, folder: Path, region: str = "hidden") -> Path:
    table = folder / "few.csv"
    write_csv(table, ("image_path", "region"), [(drawn[0].parent / f"hidden_unseen_{i}.png", region) for i in range(3)])
    return table


@pytest.mark.slow
def test_the_command_writes_a_model_that_knows_the_region(trained: Path, drawn: Drawn, tmp_path: Path) -> None:
    texts, out = tmp_path / "texts.json", tmp_path / "more"
    texts.write_text(json.dumps({"hidden": ["A light field with dots."]}))
    options = ["--model", str(trained), "--images", str(few(drawn, tmp_path)), "--out", str(out), "--captions", str(texts)]
    result = CliRunner().invoke(command("extend-model"), options)
    assert result.exit_code == 0, result.output
    assert "hidden: from 3 images" in result.output
    model = TrainedModel.load(out)
    assert model.regions[-1] == "hidden"
    assert len(model.regions) == 5
    assert model.class_captions["hidden"] == ["A light field with dots."]
    assert read_json(out / "config.json")["regions"][-1] == "hidden"
    assert "hidden" in (out / "README.md").read_text()
    assert TrainedModel.load(trained).regions == model.regions[:-1]


@pytest.mark.parametrize(("region", "says"), [("striped", "known to the model"), ("hidden", "already exists")])
def test_what_cannot_be_leaves_nothing_behind(trained: Path, drawn: Drawn, tmp_path: Path, region: str, says: str) -> None:
    out = tmp_path / "more"
    if says == "already exists":
        out.mkdir()
    options = ["--model", str(trained), "--images", str(few(drawn, tmp_path, region)), "--out", str(out)]
    result = CliRunner().invoke(command("extend-model"), options)
    assert says in str(result.exception)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_sources_stay_with_the_model(rejection: Rejection) -> None:
    assert extended(replace(rejection, sources={}), {"new": images(7, 2, 1)}).sources == {}
