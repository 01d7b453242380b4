"""Attributes told from captions: sums over captions, macro-F1, and the human ceiling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cytoscribe.core.records import ImageRecord
from cytoscribe.eval.metrics.attributes import attribute_figures, told, value_table
from cytoscribe.eval.metrics.measures import Resampling

SETS = [{"size": "big", "colour": "blue"}, {"size": "small", "colour": "blue"}, {"size": "small", "colour": ""}]
COLUMNS = ("size", "colour")


def test_a_value_is_told_by_all_captions_that_state_it() -> None:
    table = value_table(SETS, COLUMNS)
    assert table.values == {"size": ("big", "small"), "colour": ("blue",)}
    texts = np.eye(3)
    image = np.array([[0.6, 0.5, 0.5]])  # "big" is nearest, but two captions say "small"
    assert told(image, texts, table, 1.0)["size"].tolist() == [1]
    assert told(image, texts, table, 100.0)["size"].tolist() == [0]


def records() -> list[ImageRecord]:
    return [ImageRecord(Path(f"{i}.png"), "r", attributes={"size": v, "colour": "blue"}) for i, v in enumerate("bbss")]


def test_figures_stand_beside_the_second_annotators() -> None:
    rows = [{"size": "b", "colour": "blue"}, {"size": "s", "colour": "blue"}]
    table = value_table(rows, COLUMNS)
    found = {"size": np.array([0, 1, 1, 1]), "colour": np.zeros(4, int)}
    second = {f"{i}.png": {"size": v, "colour": "blue"} for i, v in enumerate("bss")}  # the fourth image has none
    draws = Resampling(np.ones((5, 4), np.int16), 0)
    measured = attribute_figures(records(), np.ones(4, bool), found, table, second, draws)
    figures = measured.figures
    assert figures["attributes.size.macro_f1"].value == pytest.approx((2 / 3 + 0.8) / 2)
    assert figures["attributes.mean_macro_f1"].value == pytest.approx(((2 / 3 + 0.8) / 2 + 1) / 2)
    assert figures["attributes.size.second.macro_f1"].value == pytest.approx(2 / 3)
    assert figures["attributes.size.second.macro_f1"].n == 3
    assert measured.facts == {"attributes.columns": 2, "attributes.second.images": 3, "attributes.second.differ": 1}


def test_a_value_that_no_caption_knows_is_a_miss_and_images_not_asked_do_not_count() -> None:
    table = value_table([{"size": "b", "colour": "blue"}], COLUMNS)
    found = {"size": np.zeros(4, int), "colour": np.zeros(4, int)}
    asked = np.array([True, True, True, False])
    figures = attribute_figures(records(), asked, found, table, {}, Resampling(np.ones((5, 4), np.int16), 0)).figures
    assert figures["attributes.size.macro_f1"].value == pytest.approx((0.8 + 0) / 2)
    assert figures["attributes.size.macro_f1"].n == 3
    assert "attributes.second.mean_macro_f1" not in figures
