"""The word lists of English and the forms of verbs."""

from __future__ import annotations

import pytest

from cytoscribe.literature_mining.claims.english import inflections, load_english


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("show", {"show", "shows", "showed", "showing"}),
        ("reach", {"reach", "reaches", "reached", "reaching"}),
        ("carry", {"carry", "carries", "carried", "carrying"}),
        ("resemble", {"resemble", "resembles", "resembled", "resembling"}),
        ("stay", {"stay", "stays", "stayed", "staying"}),
        ("abut", {"abut", "abuts", "abutted", "abutting"}),
        ("turn out", {"turn out", "turns out", "turned out", "turning out"}),
    ],
)
def test_inflections_holds_the_regular_forms(verb: str, expected: set[str]) -> None:
    assert expected <= set(inflections(verb))


def test_every_form_of_a_verb_has_its_class() -> None:
    roles = load_english().roles
    assert all("verb:lack" in roles[(form,)] for form in ("lack", "lacks", "lacked", "lacking"))
    assert "verb:be" in roles[("were",)]
    assert "verb:have" in roles[("exhibiting",)]


def test_a_word_has_all_its_roles() -> None:
    assert {"relatives", "determiners"} <= load_english().roles[("that",)]


def test_forms_of_a_first_word_are_listed_longest_first() -> None:
    for listed in load_english().first.values():
        lengths = [len(form) for form in listed]
        assert lengths == sorted(lengths, reverse=True)


def test_species_are_named_alike_in_every_wording() -> None:
    english = load_english()
    assert {english.species[form] for form in (("macaque",), ("rhesus", "monkeys"), ("macaca", "mulatta"))} == {"macaque"}
    assert "species" in english.roles[("macaque",)]
