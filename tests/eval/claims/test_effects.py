"""Effects: what cancels within a section cancels, and intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.eval.claims.effects import effect


def test_a_darker_section_cancels_where_sections_are_shared() -> None:
    level = {"a": 1.0, "b": 5.0, "c": 0.2, "d": 2.0}
    found = effect({k: 1.5 * v for k, v in level.items()}, [level])
    assert found is not None
    assert found.paired
    assert (found.ratio, found.low, found.high) == pytest.approx((1.5, 1.5, 1.5))
    assert (found.clusters, found.references) == (4, 1)


def test_regions_of_other_pictures_are_compared_by_their_means() -> None:
    target = {f"t{i}": v for i, v in enumerate((2.0, 2.2, 1.8))}
    found = effect(target, [{f"a{i}": v for i, v in enumerate((1.0, 1.1, 0.9))}, {"b0": 1.0}])
    assert found is not None
    assert not found.paired
    assert found.low < 2.0 < found.high
    assert found.ratio == pytest.approx(2.0, rel=0.02)


@pytest.mark.parametrize("target", [{}, {"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 0.0, "c": -1.0, "d": float("nan")}])
def test_too_few_clusters_give_no_interval(target: dict[str, float]) -> None:
    assert effect(target, [{"x": 1.0, "y": 2.0, "z": 1.0}]) is None


def test_without_references_there_is_nothing_to_compare() -> None:
    assert effect({"a": 1.0, "b": 2.0, "c": 3.0}, []) is None


values = st.lists(st.floats(0.1, 10), min_size=3, max_size=6)


@given(values, values, st.floats(0.1, 10))
def test_the_ratio_does_not_depend_on_the_unit(own: list[float], other: list[float], unit: float) -> None:
    target, reference = ({f"{n}{i}": v for i, v in enumerate(x)} for n, x in (("t", own), ("r", other)))
    one = effect(target, [reference])
    two = effect({k: unit * v for k, v in target.items()}, [{k: unit * v for k, v in reference.items()}])
    assert one is not None
    assert two is not None
    assert (two.ratio, two.low, two.high) == pytest.approx((one.ratio, one.low, one.high), rel=1e-6)
    assert one.low <= one.ratio <= one.high


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        target = {f"t{i}": float(v) for i, v in enumerate(np.exp(rng.normal(0.3, 0.2, 5)))}
        references = [{f"{n}{i}": float(v) for i, v in enumerate(np.exp(rng.normal(0, 0.2, 4)))} for n in "abc"]
        found = effect(target, references)
        assert found is not None
        held += found.low <= np.exp(0.3) <= found.high
    assert 0.91 <= held / 400 <= 0.98
