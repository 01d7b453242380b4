"""A sentence cut into phrases."""

from __future__ import annotations

import pytest

from cytoscribe.literature_mining.claims.model import Phrase
from cytoscribe.literature_mining.claims.phrases import chunk
from tests.literature_mining.claims.sentences import tokens


def phrases(text: str, kind: str) -> list[Phrase]:
    return [p for p in chunk(tokens(text)) if p.kind == kind]


def traits(phrase: Phrase) -> list[str]:
    return [t.token.lower for t in phrase.traits]


@pytest.mark.parametrize(
    "text",
    ["Qa1 has a thin layer IV.", "with and , of ( Qa1", "not as dense as", "", "Layer III of Qa1 is broad; layer IV, thin."],
)
def test_every_token_is_in_one_phrase(text: str) -> None:
    found = tokens(text)
    cut = chunk(found)
    assert [k for p in cut for k in range(p.start, p.end)] == list(range(len(found)))


def test_predicate_adjectives_are_phrases_of_their_own() -> None:
    assert [traits(p) for p in phrases("Layer IV is thin and dense.", "adj")] == [["thin"], ["dense"]]
