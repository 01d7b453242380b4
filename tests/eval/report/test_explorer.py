"""The page of measured images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.eval.evaluator import measure, read_inputs
from cytoscribe.eval.report.explorer import OUTCOMES, choose, outcomes, write_explorer
from cytoscribe.eval.settings import EvaluateSettings
from tests.eval.conftest import FakeModel


@given(st.lists(st.sampled_from(list(OUTCOMES)), max_size=60), st.integers(0, 80))
def test_rare_kinds_are_shown_before_common_ones_fill_the_page(kinds: list[str], most: int) -> None:
    array = np.array(kinds, dtype=object)
    chosen = choose(array, most)
    assert chosen.size == min(len(kinds), most)
    assert len(set(chosen.tolist())) == chosen.size
    if most >= len(OUTCOMES):
        assert set(array[chosen]) == set(kinds)


def test_every_image_is_on_the_page_with_its_outcome(model: FakeModel, images: Path, tmp_path: Path) -> None:
    (tmp_path / "red1.png").write_bytes((tmp_path / "blue1.png").read_bytes())
    settings = EvaluateSettings(model.folder, images, tmp_path / "out", bootstrap=0)
    result = measure(settings, model, read_inputs(settings, model))
    assert sorted(set(outcomes(result))) == ["right", "spotted", "wrong"]
    assert write_explorer(tmp_path / "all.html", result, 100) == 30
    page = (tmp_path / "all.html").read_text()
    assert page.count("<figure") == page.count("data:image/jpeg") == 30
    assert page.count('data-outcome="wrong"') == 1
    assert "https://" not in page
    (tmp_path / "red0.png").unlink()
    assert write_explorer(tmp_path / "few.html", replace(result), 8) == 8
