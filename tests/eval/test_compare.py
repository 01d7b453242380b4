"""`compare`: figures side by side, and differences judged on the images that both runs share."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import write_json
from cytoscribe.eval.answers import Answers, write_answers
from cytoscribe.eval.compare import CompareSettings, compare, significant
from cytoscribe.eval.outcomes import read_outcomes, statistics_of
from cytoscribe.eval.report.compare_page import as_json, comparison_lines, write_comparison
from cytoscribe.eval.samples import Samples

REGIONS = ("A", "B")


def run(folder: Path, right: np.ndarray, scores: np.ndarray | None = None, first: int = 0) -> Path:
    """An evaluation of 40 known and 10 unseen images; `right` (40,) says which known ones were named rightly."""
    folder.mkdir()
    truth = np.array([0, 1] * 20 + [-1] * 10)
    predicted = np.where(np.append(right, np.ones(10, bool)), np.maximum(truth, 0), 1 - truth)
    scores = np.where(truth < 0, 1.0, 0.0) if scores is None else scores
    records = tuple(
        ImageRecord(path=Path(f"/x/{i + first}.png"), region=REGIONS[t] if t >= 0 else "C", row=i + 2) for i, t in enumerate(truth)
    )
    answers = Answers(np.zeros((50, 2)), np.full((50, 2), 0.5), predicted, scores, np.ones(50), scores > 0.5)
    hits = {"i2i_hit": np.where(truth < 0, np.nan, np.append(right, np.ones(10))), "i2t_rank": np.where(truth < 0, np.nan, 3.0)}
    write_answers(folder / "predictions.csv", Samples(records, truth), answers, REGIONS, hits)
    share = float(right.mean())
    write_json(
        folder / "metrics.json", {"zero_shot.accuracy": share, "zero_shot.accuracy.ci95": [0.1, 0.9], "zero_shot.accuracy.n": 40}
    )
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    weak, strong = np.arange(40) % 2 == 0, np.arange(40) % 10 != 1
    return run(tmp_path / "weak", weak), run(tmp_path / "strong", strong)


def test_what_single_images_gave_brings_the_figures_back(runs: tuple[Path, Path]) -> None:
    outcomes = read_outcomes(runs[1] / "predictions.csv")
    found = {name: float(s(np.ones((1, 50)))[0]) for name, s in statistics_of(outcomes).items()}
    assert found["zero_shot.accuracy"] == pytest.approx(0.9)
    assert found["open_set.auroc"] == 1.0
    assert found["open_set.unseen_rejected"] == 1.0
    assert found["retrieval.i2i.recall@1"] == pytest.approx(0.9)
    assert (found["retrieval.i2t.recall@1"], found["retrieval.i2t.recall@5"]) == (0, 1)


def test_a_difference_has_a_paired_interval(runs: tuple[Path, Path]) -> None:
    found = compare(CompareSettings(runs, bootstrap=300))
    line = next(line for line in found.lines if line.name == "zero_shot.accuracy")
    (difference,) = line.differences
    assert difference is not None
    assert difference.value == pytest.approx(0.4)
    assert difference.n == 40
    assert significant(difference)
    assert line.spread == pytest.approx((0.7, 0.4 / np.sqrt(2)))
    assert found.paired == (50, 50)
    assert not found.notes


def test_a_run_does_not_differ_from_itself(runs: tuple[Path, Path]) -> None:
    found = compare(CompareSettings((runs[0], runs[0]), names=("one", "again"), bootstrap=50))
    (difference,) = found.lines[0].differences
    assert difference is not None
    assert (difference.value, difference.ci95) == (0.0, (0.0, 0.0))
    assert not significant(difference)


def test_only_shared_images_are_compared_and_said(tmp_path: Path) -> None:
    right = np.ones(40, bool)
    one, other, apart = (
        run(tmp_path / "one", right),
        run(tmp_path / "other", right, first=10),
        run(tmp_path / "far", right, first=900),
    )
    found = compare(CompareSettings((one, other, apart), bootstrap=20))
    assert found.paired == (50, 30, 0)
    assert any("shares no images" in n for n in found.notes)
    assert any("30 images shared" in n for n in found.notes)
    assert found.lines[0].differences[1] is None


def test_pages_and_lines_show_the_difference_and_escape_names(runs: tuple[Path, Path], tmp_path: Path) -> None:
    found = compare(CompareSettings(runs, names=("weak", "<b>strong</b>"), bootstrap=50))
    write_comparison(tmp_path / "out", found)
    page = (tmp_path / "out" / "compare.html").read_text()
    assert "&lt;b&gt;strong" in page
    assert "<b>strong" not in page
    assert 'class="better">+0.400' in page
    assert any("0.900*" in line for line in comparison_lines(found))
    told = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert told["zero_shot.accuracy"]["<b>strong</b>"]["difference"]["value"] == pytest.approx(0.4)
    assert told == as_json(found)


def test_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for parent in ("a", "b"):
        (tmp_path / parent).mkdir()
        run(tmp_path / parent / "eval", np.ones(40, bool))
    found = compare(CompareSettings((tmp_path / "a" / "eval", tmp_path / "b" / "eval"), bootstrap=10))
    assert [r.name for r in found.runs] == ["a/eval", "b/eval"]


def test_what_is_no_evaluation_is_named(tmp_path: Path, runs: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match=r"holds no metrics\.json"):
        compare(CompareSettings((runs[0], tmp_path)))
    with pytest.raises(InputError, match="1 names for 2 runs"):
        compare(CompareSettings(runs, names=("one",)))
    (runs[1] / "predictions.csv").write_text("image_path\nx\n")
    with pytest.raises(InputError, match="no column 'row'"):
        compare(CompareSettings(runs))
    (runs[1] / "predictions.csv").unlink()
    found = compare(replace(CompareSettings(runs), bootstrap=10))
    assert found.lines[0].differences == (None,)
