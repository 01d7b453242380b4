"""The composer's words are the vocabulary's: what a wording says is read back as the value that it stands for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cytoscribe.captions.gate.region import Gate
from cytoscribe.captions.wording.facets import literature_facet, phrases
from cytoscribe.core.records import Claim, Region
from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.regions.table import RegionTable, with_plurals

GATE = Gate(RegionTable((Region("Aa1"),)))
PLACES = {"border": "V-VI", "cortical_type": "all"}
VALUES = [(a, v) for a, entry in phrases().items() for v in entry["values"]]


@pytest.mark.parametrize(("attribute", "value"), VALUES)
def test_a_stated_value_is_read_back(attribute: str, value: str) -> None:
    claim = Claim("c", "Aa1", "", "", None, "", 0, 0, "", PLACES.get(attribute, "V"), attribute, value, True, (), 1.0)
    facet = literature_facet(claim)
    refused = [w for w in facet.clauses if not GATE.check(f"{w[0].upper()}{w[1:]}.", "Aa1", [claim]).faithful]
    assert refused == []


CELLS = Gate(with_plurals(RegionTable((Region("neutrophil"), Region("monocyte")))), load_lexicon(vocabulary="blood_cells"))
OF_CELLS = [(a, v) for a, entry in phrases(of_cells=True).items() for v in entry["values"]]


@pytest.mark.parametrize(("attribute", "value"), OF_CELLS)
def test_phrases_of_cells_state_nothing_but_their_claim(attribute: str, value: str) -> None:
    claim = Claim("c", "neutrophil", "", "", None, "", 0, 0, "", "all", attribute, value, True, (), 1.0)
    facet = literature_facet(claim, of_cells=True)
    assert facet.clauses
    assert facet.with_
    assert set(literature_facet(replace(claim, polarity=False), of_cells=True).clauses).isdisjoint(facet.clauses)
    for text in facet.clauses:
        verdict = CELLS.check(f"In the neutrophil, {text}.", "neutrophil", [claim])
        assert verdict.faithful or verdict.reasons == ("states none of its facts",), (text, verdict.reasons)


def test_a_comparison_of_cells_names_the_other_kind() -> None:
    claim = Claim("c", "monocyte", "", "", None, "", 0, 0, "", "all", "nucleus_size", "large", True, ("neutrophil",), 1.0)
    assert literature_facet(claim, ("the neutrophil",), of_cells=True).clauses == ("the nucleus is larger than in the neutrophil",)
