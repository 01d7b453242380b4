"""Clauses: who is spoken of, what is said, and which clause leans on which."""

from __future__ import annotations

import pytest

from cytoscribe.literature_mining.claims.model import Clause
from tests.literature_mining.claims.sentences import parsed, texts


def clauses(text: str) -> list[Clause]:
    return parsed(text).clauses


def test_a_plain_clause() -> None:
    (clause,) = clauses("Layer IV of Qa1 is thin.")
    assert (clause.kind, clause.verb_class, texts(clause.subjects), texts(clause.said)) == ("main", "be", ["layer iv"], ["thin"])
    assert [(n.prep, n.phrase.text) for n in clause.subjects[0].below()] == [("of", "qa1")]


def test_coordinated_clauses_have_their_own_subjects() -> None:
    first, second = clauses("Qa1 has a thin layer V and layer III is broad.")
    assert (texts(first.subjects), texts(first.said)) == (["qa1"], ["a thin layer v"])
    assert (second.kind, second.leans, texts(second.subjects), texts(second.said)) == ("coord", first, ["layer iii"], ["broad"])


def test_a_second_verb_shares_the_subject() -> None:
    first, second = clauses("Qa1 lies in Rb3 and is granular.")
    assert second.shares
    assert second.leans is first
    assert texts(second.said) == ["granular"]


@pytest.mark.parametrize(
    ("text", "subject", "said"),
    [
        ("Layer III of Qa1 is broad and layer IV thin.", "layer iv", "thin"),
        ("Layer III of Qa1 is broad, layer IV thin.", "layer iv", "thin"),
        ("Qa1 has a broad layer III, Qa2 a thin one.", "qa2", "a thin one"),
    ],
)
def test_a_gapped_clause_goes_on_without_its_verb(text: str, subject: str, said: str) -> None:
    first, second = clauses(text)
    assert (texts(second.subjects), texts(second.said)) == ([subject], [said])
    assert second.verb is None
    assert second.verb_class == first.verb_class


@pytest.mark.parametrize("text", ["Qa1 adjoins Qa2, which has a thin layer IV.", "Next to Qa1 lies Qa2, where layer IV is thin."])
def test_a_relative_clause_leans_on_the_noun_before_it(text: str) -> None:
    relative = next(c for c in clauses(text) if c.kind == "rel")
    assert relative.antecedent is not None
    assert relative.antecedent.phrase.regions == ("Qa2",)


@pytest.mark.parametrize(
    ("text", "verb_class"),
    [
        ("Qa1, containing large cells in layer V, lies dorsally.", "have"),
        ("Qa1, characterised by large cells, lies dorsally.", "have"),
        ("Qa1, lacking large cells, lies dorsally.", "lack"),
        ("Qa1, with large cells in layer V, lies dorsally.", "have"),
        ("Qa1, without large cells, lies dorsally.", "lack"),
        ("With large cells in layer V, Qa1 lies dorsally.", "have"),
    ],
)
def test_participles_and_with_are_clauses_about_a_noun(text: str, verb_class: str) -> None:
    clause = next(c for c in clauses(text) if c.kind == "part")
    assert clause.verb_class == verb_class
    assert clause.antecedent is not None
    assert clause.antecedent.phrase.regions == ("Qa1",)
    assert texts(clause.said) == ["large cells"]


@pytest.mark.parametrize(
    ("text", "partners"),
    [
        ("Layer V is denser in Qa1 than in Qa2 and Rb3.", [("than", "qa2 and rb3", False)]),
        ("Compared to Qa2, Qa1 has a denser layer V.", [("than", "qa2", False)]),
        ("Qa1, unlike Qa2, has a thin layer IV.", [("unlike", "qa2", False)]),
        ("Like Qa2, Qa1 has a thin layer IV.", [("like", "qa2", False)]),
        ("Layer V of Qa1 is denser than in Qa2, but not than in Rb3.", [("than", "qa2", False), ("than", "rb3", True)]),
    ],
)
def test_partners_of_a_comparison_are_apart_from_places(text: str, partners: list[tuple[str, str, bool]]) -> None:
    found = clauses(text)
    assert [(p.kind, p.node.phrase.text, p.negated) for c in found for p in c.partners] == partners
    named = {x for _, words, _ in partners for x in words.split(" and ")}
    assert not named & {n.phrase.text for c in found for n in c.nodes()}


@pytest.mark.parametrize(
    ("text", "excluded"),
    [
        ("Layer V is dense in Qa1, but not in Qa2.", ["qa2"]),
        ("Cells are large in layer V, but not in layer III.", ["layer iii"]),
        ("All areas except Qa2 are granular.", ["qa2"]),
    ],
)
def test_what_is_excluded_stands_apart(text: str, excluded: list[str]) -> None:
    assert [w for c in clauses(text) for w in texts(c.excluded)] == excluded


@pytest.mark.parametrize(
    ("text", "subject", "negated"),
    [
        ("Qa1 has a broad layer III, and so has Qa2.", "qa2", False),
        ("Qa1 has no broad layer III, nor has Qa2.", "qa2", True),
        ("Qa1 has small cells in layer II, Qa2 in layer V.", "qa2", False),
        ("Layer II of Qa1 is thin, and so is that of Qa2.", "that", False),
    ],
)
def test_an_ellipsis_repeats_the_clause_before(text: str, subject: str, negated: bool) -> None:
    repeats = [c for c in clauses(text) if c.repeats]
    assert [(texts(c.subjects), c.negated) for c in repeats] == [([subject], negated)]


def test_a_place_before_the_subject_is_fronted() -> None:
    (clause,) = clauses("In Qa1 the border between layers II and III is sharp.")
    assert texts(clause.fronted) == ["qa1"]
    assert texts(clause.subjects) == ["the border"]


def test_a_label_holds_for_the_clauses_after_it() -> None:
    found = clauses("Qa1: layer IV is thin; layer V is broad.")
    assert found[0].kind == "label"
    assert {c.label for c in found[1:]} == {found[0]}


def test_a_denied_verb_denies_its_clause_alone() -> None:
    first, second = clauses("Layer IV of Qa1 is not thin, and layer V is dense.")
    assert (first.negated, second.negated) == (True, False)


def test_respectively_is_marked() -> None:
    assert parsed("Layers III and V are broad and thin, respectively.").respectively
    assert not parsed("Layers III and V are broad and thin.").respectively


@pytest.mark.parametrize("text", ["", "with", "but not , and", "( ( Qa1 ) :", "which than as of"])
def test_scraps_are_parsed_and_clauses_lean_backwards(text: str) -> None:
    found = clauses(text)
    assert [c.index for c in found] == sorted({c.index for c in found})
    assert all(c.leans.index < c.index for c in found if c.leans is not None)
