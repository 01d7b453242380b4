"""A window as a question: the prompt, and the JSON Schema whose choices are made for this window."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from cytoscribe.core.digests import fingerprint
from cytoscribe.core.rendering import render
from cytoscribe.literature_mining.claims.llm.vocabulary import Vocabulary, layers_in
from cytoscribe.literature_mining.claims.llm.windows import Window
from cytoscribe.llm.base import Question, Sampling

OTHER = "other"
"""The region of a claim about an area that is not among the choices."""
ITEMS = 8
"""Claims that are taken of one sentence at most; the longest lists of real papers have six."""
_TOKENS = 320
"""New tokens a sentence; a claim takes about 70."""


def question_of(window: Window, vocabulary: Vocabulary, model: str) -> Question:
    """The question to ask the model of that name. Its key holds all that the answer depends on."""
    regions, layers = choices(window)
    schema = claims_schema(len(window.targets), regions, layers, vocabulary.traits)
    text = _shown(window.heading, window.before, [t.text for t in window.targets])
    content = {
        "attributes": vocabulary.about,
        "values": {a: vocabulary.choices(a) for a in vocabulary.values},
        "examples": [
            (_json(_shown(e["heading"], e["before"], e["sentences"])), _json({"claims": e["claims"]})) for e in vocabulary.examples
        ],
    }
    system = render("cytoscribe.literature_mining", "data/extract_claims.jinja", content)
    user = _json({**text, "regions": regions, "layers": layers})
    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=_TOKENS * len(window.targets))
    key = fingerprint([model, system, user, schema, sampling])
    return Question(key, system, user, sampling, schema, seed=int(key, 16))


def _shown(heading: str, before: Sequence[str], sentences: Sequence[str]) -> dict[str, Any]:
    numbered = {str(n): text for n, text in enumerate(sentences, start=1)}
    return {"heading": heading, "before": list(before), "sentences": numbered}


def _json(value: Any) -> str:
    """JSON in which no tag of a chat template can stand."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def choices(window: Window) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(regions, layers) that an answer on this window may name."""
    last = len(window.targets) - 1
    regions = (*window.targets[last].regions, *window.regions_for(last), OTHER)
    return tuple(dict.fromkeys(regions)), layers_in(window.texts_for(last))


def claims_schema(sentences: int, regions: tuple[str, ...], layers: tuple[str, ...], traits: tuple[str, ...]) -> dict[str, Any]:
    """The form of an answer. The span comes first, so that the words are found before they are judged."""
    fields = {
        "sentence": {"type": "integer", "enum": list(range(1, sentences + 1))},
        "span": {"type": "string"},
        "region": {"type": "string", "enum": list(regions)},
        "layer": {"type": "string", "enum": list(layers)},
        "trait": {"type": "string", "enum": list(traits)},
        "value": {"type": "string"},
        "stated": {"type": "boolean"},
        "compared_to": {"type": "array", "items": {"type": "string", "enum": list(regions)}, "maxItems": 4},
    }
    claim = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    return {
        "type": "object",
        "properties": {"claims": {"type": "array", "items": claim, "maxItems": ITEMS * sentences}},
        "required": ["claims"],
        "additionalProperties": False,
    }
