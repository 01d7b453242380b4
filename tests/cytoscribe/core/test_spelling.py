"""Names that went through spreadsheets and file systems are the same names; two that differ are never made one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.core.errors import InputError
from cytoscribe.core.spelling import plain, respelled


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("17.0", ["17", "170"], "17"),
        ("hoc1", ["hOc1", "hOc2"], "hOc1"),
        ("ae\u0301rea", ["aerea"], None),
        ("ae\u0301rea", ["a\u00e9rea"], "a\u00e9rea"),
        ("area\u00a04 ", ["area 4"], "area 4"),
        ("17.5", ["17"], None),
        ("\u200fV1\ufeff", ["V1"], "V1"),
    ],
)
def test_one_name_in_other_spelling(name: str, known: list[str], expected: str | None) -> None:
    assert respelled([name], known) == ({name: expected} if expected else {})


def test_case_alone_tells_some_names_apart() -> None:
    assert respelled(["CP", "cp"], ["CP", "cp"]) == {}
    with pytest.raises(InputError, match="may be 'CP' or 'cp'"):
        respelled(["Cp"], ["CP", "cp"])


@given(st.lists(st.text(min_size=1), unique=True), st.text())
def test_known_names_stay_and_plain_is_stable(known: list[str], name: str) -> None:
    assert respelled(known, known) == {}
    assert plain(plain(name)) == plain(name)
