"""Every field of a model's claim is checked against the text and the vocabulary."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cytoscribe.core.records import Region
from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.claims.llm.checks import AnswerChecker, CheckedAnswer
from cytoscribe.literature_mining.claims.llm.question import ITEMS
from cytoscribe.literature_mining.claims.llm.vocabulary import load_vocabulary
from cytoscribe.literature_mining.claims.llm.windows import Target, Window
from cytoscribe.literature_mining.regions.table import RegionTable
from cytoscribe.llm.base import Completion

CHECKER = AnswerChecker(RegionTable((Region("Qa1", ("area Qa1",)), Region("Qa2"), Region("Qa3"))), load_vocabulary(load_lexicon()))
WINDOW = Window(
    "Area Qa1",
    ("Layer II is narrow there.",),
    ("Qa1",),
    (
        Target("It has a thin layer IV, and its pyramids stand in oblique rows.", 0, 63, 1, ()),
        Target("Layer V of Qa2 measures 60 to 70 µm, more than in Qa1.", 64, 118, 1, ("Qa2", "Qa1")),
        Target("Compared with Qa2, layer III is pale.", 119, 156, 1, ("Qa2",)),
    ),
)
THIN = {
    "sentence": 1,
    "span": "thin layer IV",
    "region": "Qa1",
    "layer": "IV",
    "trait": "layer_thickness=thin",
    "value": "",
    "stated": True,
    "compared_to": [],
}
ROWS = {**THIN, "span": "stand in oblique rows", "layer": "all", "trait": "arrangement=?", "value": "oblique rows"}
WIDE = {**THIN, "sentence": 2, "span": "measures 60 to 70 µm", "region": "Qa2", "layer": "V", "trait": "layer_thickness=?"}
PALE = {**THIN, "sentence": 3, "span": "layer III is pale", "layer": "III", "trait": "staining=pale", "compared_to": ["Qa2"]}


def _check(*rows: object) -> CheckedAnswer:
    return CHECKER.check(WINDOW, Completion("key", json.dumps({"claims": rows})))


def test_a_claim_that_the_text_bears_out_is_kept_with_its_words() -> None:
    ((number, claim),) = _check(THIN).claims
    assert (number, claim.region, claim.layer, claim.attribute, claim.value, claim.polarity) == (
        0,
        "Qa1",
        "IV",
        "layer_thickness",
        "thin",
        True,
    )
    assert WINDOW.targets[0].text[claim.start : claim.end] == "thin layer IV"


@pytest.mark.parametrize(
    ("row", "change", "field"),
    [
        (THIN, {"span": "broad layer IV"}, "span"),
        (THIN, {"span": ""}, "span"),
        (THIN, {"span": "IV"}, "span"),
        (THIN, {"span": ["thin layer IV"]}, "span"),
        (THIN, {"sentence": 2}, "span"),
        (THIN, {"sentence": 0}, "span"),
        (THIN, {"sentence": True}, "span"),
        (THIN, {"sentence": "1"}, "span"),
        (THIN, {"region": "Qa9"}, "region"),
        (THIN, {"region": "other"}, "region"),
        (THIN, {"region": "Qa3"}, "region"),
        (THIN, {"region": ""}, "region"),
        (THIN, {"region": None}, "region"),
        (THIN, {"layer": "XII"}, "layer"),
        (THIN, {"layer": "VI"}, "layer"),
        (THIN, {"layer": 4}, "layer"),
        (THIN, {"trait": "layer_thickness=purple"}, "value"),
        (THIN, {"trait": "colour=red"}, "value"),
        (THIN, {"trait": "layer_thickness=" + "thin " * 600_000}, "value"),
        (THIN, {"trait": "layer_thickness=?", "value": "thin layer"}, "value"),
        (THIN, {"trait": "layer_thickness=?", "value": "<script>alert(1)</script>"}, "value"),
        (THIN, {"trait": ["layer_thickness=thin"]}, "value"),
        (ROWS, {"value": "<script>"}, "value"),
        (ROWS, {"value": "circles"}, "value"),
        (ROWS, {"value": "x" * 3_000_000}, "value"),
        (WIDE, {"value": "80 µm"}, "value"),
        (WIDE, {"value": {"low": 60}}, "value"),
        (THIN, {"stated": "no"}, "stated"),
        (THIN, {"stated": 1}, "stated"),
        (THIN, {"compared_to": ["other"]}, "compared_to"),
        (THIN, {"compared_to": ["Qa1"]}, "compared_to"),
        (THIN, {"compared_to": "Qa2"}, "compared_to"),
    ],
)
def test_a_wrong_field_refuses_the_claim_and_is_counted(row: dict[str, Any], change: dict[str, Any], field: str) -> None:
    answer = _check({**row, **change})
    assert answer.claims == ()
    assert answer.refused == (field,)
    assert answer.fault == ""


def test_open_values_are_words_of_the_span() -> None:
    rows, wide = (c for _, c in _check(ROWS, {**WIDE, "value": "60 to 70 µm"}).claims)
    assert (rows.value, wide.value) == ("rows", "60 to 70 µm")


def test_a_region_is_carried_only_where_the_sentence_names_no_other_but_those_compared_with() -> None:
    ((_, claim),) = _check(PALE).claims
    assert (claim.region, claim.compared_to) == ("Qa1", ("Qa2",))
    assert _check({**PALE, "compared_to": []}).refused == ("region",)


def test_regions_of_a_comparison_that_the_text_does_not_name_are_left_out() -> None:
    ((_, claim),) = _check({**WIDE, "value": "60 to 70 µm", "compared_to": ["Qa1", "Qa3", "area Zz", 7]}).claims
    assert claim.compared_to == ("Qa1",)


def test_older_forms_of_answers_are_read() -> None:
    row = {"region": "area Qa1", "layer": "layer IV", "attribute": "layer_thickness", "value": "thin", "span": "thin layer IV"}
    answer = CHECKER.check(WINDOW, Completion("key", f"<think>[1]</think>Here you are:\n```json\n{json.dumps([row])}\n```"))
    assert [c.value for _, c in answer.claims] == ["thin"]


def test_more_claims_than_a_sentence_can_hold_are_cut_off() -> None:
    answer = _check(*[THIN] * 1000)
    assert len(answer.claims) == 1
    assert answer.refused == ("too many",) * (1000 - ITEMS * len(WINDOW.targets))


@pytest.mark.parametrize(
    ("completion", "fault"),
    [
        (Completion("key", "", error="no answer in 1 s"), "failed: no answer in 1 s"),
        (Completion("key", '{"claims": []}', truncated=True), "cut off"),
        (Completion("key", " \n"), "empty"),
        (Completion("key", "I cannot help with that."), "not a list of claims"),
        (Completion("key", '{"claims": "none"}'), "not a list of claims"),
        (Completion("key", "[1, 2, {"), "not a list of claims"),
        (Completion("key", "[" * 200_000), "not a list of claims"),
        (Completion("key", '{"claims": [{"sentence": 1'), "not a list of claims"),
        (Completion("key", '{"claims": [{"compared_to": [], "span": "thin'), "not a list of claims"),
        (Completion("key", '{"claims": []}'), ""),
        (Completion("key", "[]"), ""),
    ],
)
def test_an_answer_that_cannot_be_used_says_why(completion: Completion, fault: str) -> None:
    assert CHECKER.check(WINDOW, completion).fault == fault
