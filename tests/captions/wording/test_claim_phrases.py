"""The composer's words are the vocabulary's: what a wording says is read back as the value that it stands for."""

from __future__ import annotations

import pytest

from cytoscribe.captions.gate.region import Gate
from cytoscribe.captions.wording.facets import cytoarchitecture, literature_facet
from cytoscribe.core.records import Claim, Region
from cytoscribe.literature_mining.regions.table import RegionTable

GATE = Gate(RegionTable((Region("Aa1"),)))
PLACES = {"border": "V-VI", "cortical_type": "all"}
VALUES = [(a, v) for a, entry in cytoarchitecture().items() for v in entry["values"]]


@pytest.mark.parametrize(("attribute", "value"), VALUES)
def test_a_stated_value_is_read_back(attribute: str, value: str) -> None:
    claim = Claim("c", "Aa1", "", "", None, "", 0, 0, "", PLACES.get(attribute, "V"), attribute, value, True, (), 1.0)
    facet = literature_facet(claim)
    refused = [w for w in facet.clauses if not GATE.check(f"{w[0].upper()}{w[1:]}.", "Aa1", [claim]).faithful]
    assert refused == []
