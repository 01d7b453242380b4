"""Settings of a training run, and how their options are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.core.errors import InputError
from cytoscribe.training.settings import SCORE_NAMES, parse_auto, parse_frozen, parse_names, parse_side, parse_weights


@given(st.floats(0, 1e6))
def test_a_weight_is_read_as_it_is(weight: float) -> None:
    assert parse_auto(repr(weight)) == weight


def test_auto_is_left_to_the_captions() -> None:
    assert parse_auto("auto") is None


@pytest.mark.parametrize("text", ["", "on", "-1", "nan", "inf", "0,5"])
def test_a_bad_weight_is_named(text: str) -> None:
    with pytest.raises(InputError, match=f"--hard-weight must be auto or at least 0, got '{text}'"):
        parse_auto(text)


def test_lists_are_split_at_commas() -> None:
    assert parse_names(" knn, energy,") == ("knn", "energy")
    assert (parse_frozen("auto"), parse_frozen("none"), parse_frozen("visual, text")) == (None, (), ("visual", "text"))
    assert parse_weights("vision=a.safetensors, text=b") == {"vision": "a.safetensors", "text": "b"}
    with pytest.raises(InputError, match="--weights 'vision' has no path"):
        parse_weights("vision")


def test_names_of_scores_are_those_that_can_be_computed() -> None:
    from cytoscribe.training.rejection.scores import SCORES

    assert set(SCORE_NAMES) == set(SCORES)


def test_a_side_of_images_has_bounds() -> None:
    assert [parse_side(t) for t in ("0", "8", "4096")] == [None, 8, 4096]
    for text in ("-1", "7", "4097", "9" * 5000, "nan", "", "²"):
        with pytest.raises(InputError, match="not a side of images; give 0, or 8 to 4,096 pixels"):
            parse_side(text)
