"""Rules name the first value that breaks them, with its place."""

from __future__ import annotations

import json

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.shapes import check, either, entries, flag, listed, mapping, maybe, number, one_of, text, whole

SHOP = entries(
    {"name": text(20), "shelves": listed(entries({"height": number(0, 3)}), most=3)},
    {"open": flag(), "kind": one_of("tea", "coffee"), "floor": maybe(whole(-2, 9)), "stock": mapping(whole(0, 99))},
)


def test_what_fits_is_given_back() -> None:
    told = {"name": "corner", "shelves": [{"height": 1.5}], "floor": None, "stock": {"a": 3}, "colour": "red"}
    assert check(told, SHOP, "shop.json", "mend it") is told


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ([], "the content is a list of 0, not an object"),
        ({"shelves": []}, "'name' is missing; it must be a text"),
        ({"name": "x" * 21, "shelves": []}, "'name' is 'xxxxxxx"),
        ({"name": "\ud800", "shelves": []}, "'name' is "),
        ({"name": "a", "shelves": [{"height": 1}, {"height": 3.1}]}, r"'shelves'\[1\].height is 3.1, not a number from 0 to 3"),
        ({"name": "a", "shelves": [{"height": True}]}, r"height is True"),
        ({"name": "a", "shelves": [{"height": float("nan")}]}, r"height is nan"),
        ({"name": "a", "shelves": [{}] * 4}, "'shelves' is a list of 4"),
        ({"name": "a", "shelves": [], "open": 1}, "'open' is 1, not true or false"),
        ({"name": "a", "shelves": [], "kind": ["tea"]}, "'kind' is a list of 1, not one of 'tea', 'coffee'"),
        ({"name": "a", "shelves": [], "floor": 1.0}, "'floor' is 1.0, not a whole number from -2 to 9 or null"),
        ({"name": "a", "shelves": [], "stock": {"nails": -1}}, "'stock'.nails is -1"),
    ],
)
def test_the_first_fault_is_named(told: object, words: str) -> None:
    with pytest.raises(InputError, match=f"^shop.json: .*{words}.*; mend it$"):
        check(told, SHOP, "shop.json", "mend it")


def test_entries_that_are_not_listed_can_be_refused() -> None:
    with pytest.raises(InputError, match="'b' is 2, not an entry that is read here"):
        check({"a": 1, "b": 2}, entries({"a": whole(0, 9)}, others=False), "x", "")


def test_numbers_too_large_for_a_float_and_infinite_ones_are_refused() -> None:
    for written in ("Infinity", "-Infinity", "NaN", "1" + "0" * 400):
        with pytest.raises(InputError):
            check(json.loads(written), number(), "x", "")


def test_the_parts_of_either_form_are_looked_at() -> None:
    rule = either(whole(1, 9), listed(whole(1, 9), most=2))
    assert check([3, 4], rule, "x", "") == [3, 4]
    with pytest.raises(InputError, match=r"\[1\] is 10"):
        check([3, 10], rule, "x", "")
