"""The score of a claim: a logistic model whose coefficients are data."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from importlib import resources

import pytest

from cytoscribe.core.records import Block, Claim, Document, Region
from cytoscribe.literature_mining.claims.document import DocumentReader
from cytoscribe.literature_mining.claims.findings import Evidence, FoundClaim
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.claims.score import MODEL_FILE, ScoreModel, features, load_model, probability
from cytoscribe.literature_mining.regions.table import RegionTable

READER = ClaimReader(RegionTable(tuple(Region(n) for n in ("Aa1", "Aa2", "Bb3"))))
TEXTS = (
    "Layer IV of Aa1 is thin and densely packed.",
    "Aa2 is agranular. Its layer III contains large pyramidal cells. They are arranged in clusters.",
    "Bb3 has a broader layer V than Aa1, but not a sharp border to the white matter.",
    "In Aa1, in contrast to Aa2, small and possibly pale cells fill layer II, whereas layer VI is inconspicuous.",
    "Both Aa1 and Bb3 show a prominent layer IV. The former has a low cell density there.",
)
CLAIM = FoundClaim("Aa1", "IV", "layer_thickness", "thin", True, (), 0, 4, 1.0)


def _claims(document: Document, reader: ClaimReader) -> tuple[Claim, ...]:
    return DocumentReader(document, reader).read().claims


def a_model(**weights: float) -> ScoreModel:
    return ScoreModel(0.4, {name.replace("__", "="): weight for name, weight in weights.items()})


def test_a_larger_weight_gives_a_larger_score() -> None:
    scores = [a_model(layer__own=weight).probability(CLAIM) for weight in (-2.0, -0.5, 0.0, 0.5, 2.0)]
    assert scores == sorted(scores)
    assert len(set(scores)) == 5


def test_weights_are_log_odds() -> None:
    model = a_model(layer__own=0.5, attribute__layer_thickness=-0.2, layer__none=9.0)
    assert model.probability(CLAIM) == pytest.approx(1 / (1 + math.exp(-0.7)))


@pytest.mark.parametrize("weight", [-1e6, -40.0, 40.0, 1e6])
def test_scores_are_between_0_and_1(weight: float) -> None:
    assert 0 < a_model(layer__own=weight).probability(CLAIM) < 1


def test_levels_that_the_model_does_not_know_weigh_nothing() -> None:
    model = load_model()
    known = model.weights
    strange = replace(CLAIM, attribute="nucleus_shape", evidence=Evidence(region="telepathy", layer="a coin", bearer="granules"))
    assert {"attribute=nucleus_shape", "region=telepathy", "layer=a coin", "bearer=granules"} <= set(features(strange)) - set(known)
    odds = model.intercept + sum(known.get(f, 0.0) for f in features(strange))
    assert probability(strange) == pytest.approx(1 / (1 + math.exp(-odds)))
    assert a_model().probability(strange) == a_model().probability(CLAIM)


def test_large_counts_share_a_level() -> None:
    crowded = replace(CLAIM, evidence=Evidence(clauses=4, age=3, rivals=3, unknown=2))
    assert features(crowded) == features(replace(CLAIM, evidence=Evidence(clauses=40, age=30, rivals=30, unknown=20)))


def test_every_claim_of_the_reader_has_one_level_of_each_feature() -> None:
    claims = [claim for text in TEXTS for claim in READER.read(text)]
    assert len(claims) >= len(TEXTS)
    for claim in claims:
        names = [f.split("=")[0] for f in features(claim)]
        assert len(names) == len(set(names)) == 13
        assert 0 < probability(claim) < 1


def test_the_package_model_prefers_what_the_sentence_itself_says() -> None:
    own = replace(CLAIM, evidence=Evidence(region="subject", layer="own", bearer="layer", place="predicate"))
    carried = replace(
        CLAIM, evidence=Evidence(region="context", layer="none", bearer="cells", place="attributive", clauses=4, age=2)
    )
    assert probability(own) > probability(carried)


def test_the_model_file_says_what_it_was_fitted_to() -> None:
    table = json.loads(resources.files("cytoscribe.literature_mining").joinpath(MODEL_FILE).read_text(encoding="utf-8"))
    assert "annotated" in table["note"]
    assert table["fitted"]
    known = {f.split("=")[0] for f in features(CLAIM)}
    assert {name.split("=")[0] for name in table["weights"]} <= known


def test_a_document_multiplies_the_score_by_its_trust() -> None:
    text = "Layer IV of Aa1 is thin."
    document = Document("a.txt", text, (Block(0, len(text), "body"),))
    (clear,) = _claims(document, READER)
    (doubtful,) = _claims(replace(document, trust=0.5), READER)
    (found,) = READER.read(text)
    assert clear.score == round(probability(found), 3)
    assert doubtful.score == round(probability(found) * 0.5, 3)
