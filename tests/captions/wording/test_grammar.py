"""Composed captions agree in number, take the right article, and say where they state what."""

from __future__ import annotations

import random
import re

import pytest

from cytoscribe.captions.acceptance import clean
from cytoscribe.captions.wording.compose import STYLES, agreeing, applicable, compose
from cytoscribe.captions.wording.english import area_names
from cytoscribe.captions.wording.facets import literature_facet, phrases
from cytoscribe.captions.wording.image_attributes import PhraseBook, Subject
from cytoscribe.captions.wording.scene import Scene
from cytoscribe.captions.wording.voice import area_voice
from cytoscribe.core.records import Claim, Region
from tests.captions.conftest import claim

NAMES = ("35", "10d and 10o", "areas hOc4 and hOc5", "FG1", "entorhinal area")
SCENE = Scene({n: Region(n) for n in NAMES}, Subject(), PhraseBook(Subject(), {}), image=False)
WRONG = (
    r"(?<!from )\bareas (?:10d and 10o|hOc4 and hOc5) (?:is|has|shows|displays|exhibits|features|contains|presents)\b",
    r"\bamong the features of .+ (?:is|are) (?!.*(?:,| and ))",
    r"\b[Aa]n (?![aeiouAEIOUFHLMNRSX8h])\w",
    r"\b[Aa] (?=[aeio])\w",
    r"\bgiant overall\b",
    r"\bmore (?:more|less)\b",
    r"(?:^|[,;:.] (?:and )?)[Ll]ayer [IVabc]+ (?:are|have|show|contain|appear)\b",
    r"\bthan in in\b|\bthe the\b|\ba the\b|  ",
    r"(?:^|[,;:.] (?:and )?)[Ll]ayers [IVabc]+ and [IVabc]+ (?:is|has|shows|contains|appears)\b",
)


def _random_claims(rng: random.Random, region: str) -> list[Claim]:
    rows = []
    for number in range(rng.randint(1, 6)):
        attribute = rng.choice([a for a in phrases() if a != "cell_type"])
        value = rng.choice(list(phrases()[attribute]["values"]))
        layer = rng.choice(("all", "IV", "III", "II-III", "V-VI", "IIIc") if attribute != "border" else ("II-III", "VI-WM", "all"))
        others = rng.choice(((), (), ("35",), ("10d and 10o",), ("35", "FG1")))
        rows.append(claim(region, number, layer, attribute, value, rng.random() < 0.85, tuple(o for o in others if o != region)))
    return rows


def test_random_claims_make_grammatical_captions_that_state_each_claim() -> None:
    rng = random.Random(0)
    for _ in range(1500):
        region = rng.choice(NAMES)
        facets = SCENE.facets(_random_claims(rng, region))
        usable = [f for f in facets if f.with_ and f.terse]
        style = rng.choice(STYLES)
        if not usable or not applicable(style, usable, image=False):
            continue
        composed = compose(style, usable, area_voice(region, None, rng), rng)
        for wrong in WRONG:
            assert not re.search(wrong, composed.text), (wrong, composed.text)
        if style != "question":
            assert {i for s in composed.stated for i in s.claim_ids} == {i for f in usable for i in f.ids}
        for said in composed.stated:
            words = composed.text[said.start : said.end].casefold()
            facet = next(f for f in usable if f.ids == said.claim_ids)
            wordings = (*facet.with_, *facet.clauses, *facet.terse, *facet.diffs)
            assert words in {form.casefold() for w in wordings for form in (w, w.replace("its ", "the "))}


def test_plural_subjects_take_plural_verbs() -> None:
    assert agreeing("{s} has {withs1}|{it} further shows {withs2}") == "{s} have {withs1}|{it} further show {withs2}"
    assert agreeing("how is {s} described?|which features does {s} have?") == "how are {s} described?|which features do {s} have?"
    assert agreeing("{s} is a region in which {clauses}") == "{s} are regions in which {clauses}"
    assert area_names(None, "10d and 10o") == ("areas 10d and 10o",)


def test_giant_cells_are_there_and_an_absent_layer_is_not() -> None:
    giant = literature_facet(claim("35", 0, "all", "cell_size", "giant", True, ()))
    absent = literature_facet(claim("35", 0, "IV", "layer_visibility", "absent", True, ()))
    assert "the cells are giant" not in giant.clauses
    assert "there are giant cells" in giant.clauses
    assert absent.absent
    assert "no layer IV" in absent.with_


def test_several_partners_share_one_noun() -> None:
    facet = literature_facet(claim("35", 0, "V", "layer_thickness", "thin", True, ("a", "b")), ("area 10d", "area 10o"))
    assert "layer V is thinner than in areas 10d and 10o" in facet.clauses


@pytest.mark.parametrize(
    ("text", "caption"),
    [
        ("Textbook: Layer IV is thin.", "Layer IV is thin."),
        ("**Microscope:** Layer IV is thin.", "Layer IV is thin."),
        ("Caption: 'Layer IV is thin.'", "Layer IV is thin."),
        ("Layer IV is thin. Terse: layer V broad.", "Layer IV is thin. layer V broad."),
        ("Question: Is it thin? Answer: It is.", "Question: Is it thin? Answer: It is."),
        ("Layers: I to VI.", "I to VI."),
    ],
)
def test_labels_of_a_model_are_stripped(text: str, caption: str) -> None:
    assert clean(text) == caption
