"""Answers with their reason: which of five, by which p-value, and how a parent is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cytoscribe.core.tables import read_csv, write_csv
from cytoscribe.eval.answers import Answers
from cytoscribe.eval.describer import DescribeSettings, describe
from cytoscribe.eval.evaluator import evaluate
from cytoscribe.eval.outcomes import read_outcomes
from cytoscribe.eval.reasons import Pixels, reasons
from cytoscribe.eval.settings import EvaluateSettings
from cytoscribe.training.rejection.appearance import appearance_of, measure

from .conftest import COLOURS, FakeModel, paint

REGIONS = ("V1", "V2", "M1")
PARENTS = {"V1": "occipital", "V2": "occipital", "occipital": "cortex", "M1": "frontal", "frontal": "cortex"}


def answers(rejected: bool, region_p: tuple[float, float, float] = (0.5, 0.01, 0.01)) -> Answers:
    one = np.ones(1)
    return Answers(
        np.ones((1, 2)), np.array([[0.8, 0.1, 0.1]]), np.zeros(1, int), one, one, np.array([rejected]), np.array([region_p])
    )


def pixels(artefact: float = np.nan, microscope: float = np.nan) -> Pixels:
    return Pixels(("blur",), np.array([artefact]), np.array([microscope]))


@pytest.mark.parametrize(
    ("rejected", "artefact", "microscope", "answer", "kind"),
    [
        (False, 0.6, 0.6, "V1", "region"),
        (False, 0.03, 0.001, "V1", "region"),
        (False, 0.01, 0.6, "artefact (blur)", "artefact"),
        (True, 0.6, 0.6, "unseen", "unseen tissue"),
        (True, 0.6, 0.02, "unseen", "unseen tissue"),
        (True, 0.6, 0.01, "another microscope", "another microscope"),
        (True, 0.04, 0.01, "artefact (blur)", "artefact"),
        (True, np.nan, np.nan, "unseen", "unseen tissue"),
    ],
)
def test_each_reason(rejected: bool, artefact: float, microscope: float, answer: str, kind: str) -> None:
    found = reasons(answers(rejected), pixels(artefact, microscope), REGIONS)
    assert (found.answers[0], found.kinds[0]) == (answer, kind)


@pytest.mark.parametrize(("least", "foreign"), [(0.0, False), (0.02, True), (0.03, True), (0.2, False)])
def test_few_known_images_can_still_tell_a_microscope_but_never_above_alpha(least: float, foreign: bool) -> None:
    seen = replace(pixels(1.0, max(least, 0.02)), least=least)
    found = reasons(answers(True), seen, REGIONS)
    assert bool(found.foreign[0]) is foreign
    assert found.kinds[0] == ("another microscope" if foreign else "unseen tissue")


def test_a_kind_of_artefact_is_named_only_where_the_image_shows_one() -> None:
    assert reasons(answers(False), pixels(1.0), REGIONS).told(0) == (("no artefact", 1.0),)
    assert reasons(answers(False), pixels(0.4), REGIONS).told(0) == (("no artefact (blur)", 0.4),)
    assert reasons(answers(False), pixels(1.0), REGIONS).cells(0)[2] == ""


@pytest.mark.parametrize(
    ("region_p", "answer", "kind", "p_parent"),
    [
        ((0.5, 0.01, 0.01), "V1", "region", np.nan),
        ((0.5, 0.3, 0.01), "occipital", "parent region", 0.5),
        ((0.2, 0.3, 0.25), "cortex", "parent region", 0.3),
        ((0.01, 0.01, 0.01), "V1", "region", np.nan),
    ],
)
def test_the_closest_parent_of_all_plausible_regions(
    region_p: tuple[float, float, float], answer: str, kind: str, p_parent: float
) -> None:
    found = reasons(answers(False, region_p), pixels(), REGIONS, PARENTS)
    assert (found.answers[0], found.kinds[0]) == (answer, kind)
    np.testing.assert_equal(found.p_parent[0], p_parent)


def test_without_a_common_parent_the_nearest_region_is_named_and_circles_end() -> None:
    assert reasons(answers(False, (0.5, 0.3, 0.4)), pixels(), REGIONS, {"V1": "a", "a": "V1"}).answers[0] == "V1"


@pytest.fixture
def seeing(model: FakeModel, tmp_path: Path) -> FakeModel:
    """A model that knows what usual pictures look like."""
    from cytoscribe.core.images import read_image
    from cytoscribe.training.images import squared

    paths = [paint(tmp_path / f"usual{i}.png", list(COLOURS.values())[i % 3], 500 + i) for i in range(120)]
    shown = np.stack([squared(read_image(p), 20).transpose(2, 0, 1) for p in paths])
    return replace(model, appearance=appearance_of(measure(shown), None))


def test_describe_says_why(seeing: FakeModel, tmp_path: Path) -> None:
    red, grey = paint(tmp_path / "one.png", COLOURS["red"], 1), paint(tmp_path / "other.png", COLOURS["grey"], 2)
    flat = paint(tmp_path / "flat.png", (250, 250, 250), 3, noise=0)
    found = list(describe(DescribeSettings(seeing.folder, (red, grey, flat)), seeing))
    assert found[0].reason == "region"
    assert found[1].refused
    assert "no artefact" in found[0].text()
    assert '"reason": "region"' in found[0].json_line()
    assert found[2].refused


@pytest.mark.slow
def test_predictions_hold_reasons_and_are_read_back(seeing: FakeModel, images: Path, tmp_path: Path) -> None:
    evaluate(EvaluateSettings(seeing.folder, images, tmp_path / "out", bootstrap=20), seeing)
    rows = [row for _, row in read_csv(tmp_path / "out" / "predictions.csv", ["answer", "reason", "p_artefact", "p_microscope"])]
    assert {r["reason"] for r in rows} <= {"region", "unseen tissue", "artefact", "another microscope"}
    assert all(0 < float(r["p_artefact"]) <= 1 for r in rows)
    assert "reason" not in read_outcomes(tmp_path / "out" / "predictions.csv").single
    assert "no artefact" in (tmp_path / "out" / "explorer.html").read_text()


def test_a_picture_under_another_light_is_warned_of_and_has_no_set_of_regions(seeing: FakeModel, tmp_path: Path) -> None:
    green = tmp_path / "green.png"
    lit = np.clip(np.random.default_rng(0).normal((5, 250, 5), 3, (20, 20, 3)), 0, 255).astype(np.uint8)
    Image.fromarray(lit).save(green)
    (found,) = describe(DescribeSettings(seeing.folder, (green,)), replace(seeing, sets=True))
    assert found.foreign
    assert found.label_set is None
    assert "see recalibrate --source" in found.text()


def test_parents_are_named_in_describe(model: FakeModel, tmp_path: Path) -> None:
    table = tmp_path / "regions.csv"
    write_csv(table, ("region", "parent"), [("red", "warm"), ("green", "cold"), ("blue", "cold")])
    both = paint(tmp_path / "both.png", (35, 125, 125), 1)
    sure = replace(model, sets=True)
    (found,) = describe(DescribeSettings(model.folder, (both,), regions=table), sure)
    assert found.reason in ("region", "parent region", "unseen tissue")
