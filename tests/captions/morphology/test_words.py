"""Numbers become words, and numbers near a limit say nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cytoscribe.captions.morphology.words import Bin, as_file, read_bins, worded
from cytoscribe.core.errors import InputError

SIZE = Bin("size", "area", ("small", "large"), limits=(100.0,), margin=0.1)


def words(values: list[float], *bins: Bin, name: str = "area_um2") -> list[dict[str, str]]:
    return [dict(w) for w in worded([{name: v} for v in values], [True] * len(values), bins).rows]


def test_near_a_limit_and_without_a_number_nothing_is_said() -> None:
    assert words([50, 95, 105, 120, float("nan")], SIZE) == [{"size": "small"}, {}, {}, {"size": "large"}, {}]


def test_quantiles_are_learnt_on_training_rows_alone() -> None:
    bin_ = Bin("size", "area", ("small", "large"), quantiles=(0.5,), margin=0.1)
    rows = [{"area": float(v)} for v in (*range(20), *range(1000, 1020))]
    found = worded(rows, [True] * 20 + [False] * 20, [bin_])
    assert [w.get("size") for w in found.rows[:3]] == ["small"] * 3
    assert all(w["size"] == "large" for w in found.rows[20:])
    assert 7 < found.learnt[0][1][0].low < 9.5 < found.learnt[0][1][0].high < 12


def test_a_valley_lies_between_two_groups() -> None:
    bin_ = Bin("ratio", "area", ("low", "high"), valley=True, margin=0.1)
    values = [1.0, 1.2, 0.9, 1.1, 0.8, 1.05, 9.0, 9.5, 10.0, 9.2, 5.2]
    assert [w.get("ratio") for w in words(values, bin_)] == ["low"] * 6 + ["high"] * 4 + [None]


def test_too_few_training_rows_teach_nothing() -> None:
    assert words([1.0, 2.0, 3.0], Bin("size", "area", ("small", "large"), quantiles=(0.5,))) == [{}, {}, {}]


def test_the_first_entry_that_has_a_word_counts_and_a_near_limit_ends_the_search() -> None:
    first = Bin("shape", "lobes", ("", "lobed"), limits=(2.0,), margin=0.2)
    second = Bin("shape", "area", ("little", "round"), limits=(10.0,))
    rows = [{"lobes": 3.0, "area": 50.0}, {"lobes": 1.0, "area": 50.0}, {"lobes": 2.1, "area": 50.0}]
    assert [w.get("shape") for w in worded(rows, [True] * 3, (first, second)).rows] == ["lobed", "round", None]


def test_learnt_limits_word_later_images_alike_but_not_in_another_unit(tmp_path: Path) -> None:
    bin_ = Bin("size", "area", ("small", "large"), quantiles=(0.5,), margin=0.1)
    taught = worded([{"area_um2": float(v)} for v in range(1, 41)], [True] * 40, [bin_])
    path = tmp_path / "limits.json"
    path.write_text(as_file("cell", taught))
    again = read_bins("cell", path)
    assert words([2.0, 39.0], *again) == [{"size": "small"}, {"size": "large"}]
    assert words([2.0, 39.0], *again, name="area_px2") == [{}, {}]


def test_the_shipped_bins_are_readable() -> None:
    for profile in ("cell", "tissue", "cortex"):
        assert read_bins(profile)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"column": "a", "measure": "b", "values": ["x", "y"]}, "lacks a part"),
        ({"column": "a", "measure": "b", "values": ["x"], "limits": [1]}, "rising limits"),
        ({"column": "a", "measure": "b", "values": ["x", "y", "z"], "limits": [2, 1]}, "rising limits"),
        ({"column": "a", "measure": "b", "values": ["x", "y"], "limits": {"quantiles": [1.5]}}, "quantile outside"),
        ({"column": "a", "measure": "b", "values": ["x", "y"], "limits": ["many"]}, "lacks a part"),
    ],
)
def test_unusable_bins_are_named(tmp_path: Path, entry: dict[str, object], fault: str) -> None:
    path = tmp_path / "bins.json"
    path.write_text(json.dumps({"cell": [entry]}))
    with pytest.raises(InputError, match=fault):
        read_bins("cell", path)


def test_a_file_without_the_profile_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bins.json"
    path.write_text("{}")
    with pytest.raises(InputError, match="profile 'tissue'"):
        read_bins("tissue", path)


def test_an_entry_speaks_only_where_earlier_words_allow_it_and_learns_there_alone() -> None:
    granular = Bin("granularity", "grain", ("no", "yes"), limits=(1.0,))
    colour = Bin("granule_colour", "redness", ("pink", "red"), valley=True, where=(("granularity", ("yes",)),))
    rows = [{"grain": 0.0, "redness": 500.0 + i} for i in range(20)]
    rows += [{"grain": 2.0, "redness": r} for r in (1.0, 1.1, 0.9, 1.2, 1.0, 8.0, 8.1, 7.9, 8.2, 8.0)]
    found = worded(rows, [True] * len(rows), (granular, colour)).rows
    assert all("granule_colour" not in w for w in found[:20])
    assert [w["granule_colour"] for w in found[20:]] == ["pink"] * 5 + ["red"] * 5


def test_conditions_stay_with_the_learnt_limits(tmp_path: Path) -> None:
    colour = Bin("granule_colour", "redness", ("pink", "red"), limits=(5.0,), where=(("granularity", ("yes",)),))
    path = tmp_path / "limits.json"
    path.write_text(as_file("cell", worded([{"redness": 8.0}], [True], [colour])))
    assert read_bins("cell", path)[0].where == colour.where


@pytest.mark.parametrize("where", ["granularity", ["granularity"], {"granularity": 3}, 7])
def test_a_condition_of_another_shape_is_refused(tmp_path: Path, where: object) -> None:
    entry = {"column": "c", "measure": "m", "limits": [1], "values": ["a", "b"], "where": where}
    path = tmp_path / "bins.json"
    path.write_text(json.dumps({"cell": [entry]}))
    with pytest.raises(InputError, match="bin 1"):
        read_bins("cell", path)
