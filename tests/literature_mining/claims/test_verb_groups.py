"""Verb groups: their words, the class of their main verb, and denial."""

from __future__ import annotations

import pytest

from cytoscribe.literature_mining.claims.model import Phrase
from cytoscribe.literature_mining.claims.phrases import chunk
from tests.literature_mining.claims.sentences import tokens


def phrases(text: str, kind: str) -> list[Phrase]:
    return [p for p in chunk(tokens(text)) if p.kind == kind]


@pytest.mark.parametrize(
    ("text", "words", "kind", "negated"),
    [
        ("Qa1 is thin.", "is", "be", False),
        ("Layer IV has not been found in Qa1.", "has not been found", "place", True),
        ("Qa1 was mainly characterised by large cells.", "was mainly characterised by", "have", False),
        ("Qa1 does not contain large cells.", "does not contain", "have", True),
        ("Qa1 lacks large cells.", "lacks", "lack", False),
        ("Layer IV consists mainly of small cells.", "consists mainly of", "consist", False),
        ("Cells cannot be seen.", "cannot be seen", "place", True),
    ],
)
def test_verb_groups(text: str, words: str, kind: str, negated: bool) -> None:
    assert [(p.text, p.verb, p.negated) for p in phrases(text, "verb")] == [(words, kind, negated)]
