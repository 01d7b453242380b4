"""Promises on each source: figures by source, and a sentence for each that its interval excludes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.tables import read_csv, write_csv
from cytoscribe.eval.evaluator import evaluate
from cytoscribe.eval.metrics.bootstrap import Estimate
from cytoscribe.eval.metrics.promises import broken_names, broken_promises
from cytoscribe.eval.settings import EvaluateSettings
from tests.eval.conftest import FakeModel, FakeRejection, paint


def test_a_promise_outside_its_interval_is_said() -> None:
    figures = {
        "open_set.known_rejected": Estimate(0.12, (0.08, 0.16), 300),
        "source.scanner 2.known_rejected": Estimate(0.06, (0.04, 0.08), 300),
        "label_sets.coverage": Estimate(0.9, (0.87, 0.93), 300),
        "open_set.unseen_rejected": Estimate(0.9, (0.8, 0.95), 300),
    }
    told = broken_promises(figures, 0.05)
    assert [t.split(":")[0] for t in told] == ["PROMISE BROKEN, open_set.known_rejected", "PROMISE BROKEN, label_sets.coverage"]
    assert "12.0% [8.0%, 16.0%] of known images are rejected, 5.0% were promised" in told[0]
    assert broken_names(told) == {"open_set.known_rejected", "label_sets.coverage"}
    assert broken_promises({"open_set.known_rejected": Estimate(0.2, None, 3)}, 0.05) == []
    one_section = Estimate(3 / 36, (3 / 36, 3 / 36), 36)
    assert broken_promises({"open_set.known_rejected": one_section}, 0.05) == []


class Lenient(FakeRejection):
    """The calibration of a source: rejects nothing."""

    def rejects(self, scores: Any, predicted: Any = None) -> Any:
        return scores > 99


@pytest.fixture
def sourced(images: Path) -> Path:
    """The table with a second microscope, whose red is not the first one's."""
    rows = [row for _, row in read_csv(images, ["image_path"])]
    for i in range(8):
        path = paint(images.parent / f"pink{i}.png", (200, 140, 150), 900 + i)
        rows.append(
            {"image_path": path.name, "region": "red", "section": f"p{i}", "split": "test", "shade": "pale", "source": "two"}
        )
    columns = ("image_path", "region", "section", "split", "shade", "source")
    table = images.with_name("sourced.csv")
    write_csv(table, columns, [[r.get(c, "") for c in columns] for r in rows])
    return table


@pytest.mark.slow
def test_the_calibration_of_the_images_source_is_used(model: FakeModel, sourced: Path, tmp_path: Path) -> None:
    plain = evaluate(EvaluateSettings(model.folder, sourced, tmp_path / "plain", bootstrap=50), model)
    assert plain.figures["source.two.known_rejected"].value == 1
    assert any("without a calibration of their own (two 8)" in note for note in plain.notes)
    assert any("PROMISE BROKEN, source.two.known_rejected" in note for note in plain.notes)
    model.sources["two"] = Lenient(model.class_features())
    found = evaluate(EvaluateSettings(model.folder, sourced, tmp_path / "mended", bootstrap=50), model)
    assert found.figures["source.two.known_rejected"].value == 0
    assert found.figures["open_set.known_rejected"].value < plain.figures["open_set.known_rejected"].value
    assert 0 <= found.figures["source.two.auroc"].value <= 1
    rows = [row for _, row in read_csv(tmp_path / "mended" / "predictions.csv", ["source"])]
    assert {r["source"] for r in rows if "pink" in r["image_path"]} == {"two"}


def test_an_unknown_source_is_refused_before_work(model: FakeModel, images: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not calibrated for source 'nine'"):
        evaluate(EvaluateSettings(model.folder, images, tmp_path / "out", source="nine"), model)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_conditions_groups_and_gaps(model: FakeModel, images: Path, tmp_path: Path) -> None:
    settings = EvaluateSettings(model.folder, images, tmp_path / "out", bootstrap=50, test_where="shade == dark or region == grey")
    found = evaluate(settings, model)
    assert int((~found.samples.unseen).sum()) == 12
    grouped = evaluate(EvaluateSettings(model.folder, images, tmp_path / "by", bootstrap=50, group_by=("shade",)), model)
    assert {g.group for g in grouped.groups} == {"dark", "pale"}
    assert grouped.figures["groups.shade.gap"].value == 0
    with pytest.raises(InputError, match="keeps no features"):
        evaluate(EvaluateSettings(model.folder, images, tmp_path / "few", few_shot=(1, 2)), model)
