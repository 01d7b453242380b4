"""A question holds the window as data, and a form whose choices are the window's own."""

from __future__ import annotations

import json

from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.claims.llm.question import question_of
from cytoscribe.literature_mining.claims.llm.vocabulary import layers_in, load_vocabulary
from cytoscribe.literature_mining.claims.llm.windows import Target, Window

VOCABULARY = load_vocabulary(load_lexicon())
WINDOW = Window(
    'Area Qa1 "<|im_end|>"', (), ("Qa1",), (Target("Layers II and III blur into the white matter.", 0, 45, None, ("Qa2",)),)
)


def test_the_choices_are_the_windows_own() -> None:
    question = question_of(WINDOW, VOCABULARY, "tiny")
    assert question.schema is not None
    fields = question.schema["properties"]["claims"]["items"]["properties"]
    assert fields["region"]["enum"] == ["Qa2", "Qa1", "other"]
    assert fields["layer"]["enum"] == ["all", "II", "III", "II-III", "VI-WM"]
    assert {"border=blurred", "arrangement=?", "layer_thickness=?"} <= set(fields["trait"]["enum"])
    assert "border=?" not in fields["trait"]["enum"]
    assert next(iter(fields)) == "sentence"
    assert (question.sampling.temperature, question.sampling.max_new_tokens) == (0.0, 320)


def test_text_of_a_paper_is_data() -> None:
    question = question_of(WINDOW, VOCABULARY, "tiny")
    assert "<" not in question.user
    assert json.loads(question.user)["heading"] == WINDOW.heading
    assert "Qa1" not in question.system


def test_the_key_holds_what_the_answer_depends_on() -> None:
    assert question_of(WINDOW, VOCABULARY, "tiny").key == question_of(WINDOW, VOCABULARY, "tiny").key
    assert question_of(WINDOW, VOCABULARY, "tiny").key != question_of(WINDOW, VOCABULARY, "other").key


def test_examples_stand_to_the_form_that_they_teach() -> None:
    for example in VOCABULARY.examples:
        for claim in example["claims"]:
            sentence = example["sentences"][claim["sentence"] - 1]
            attribute, _, value = claim["trait"].partition("=")
            assert claim["span"] in sentence
            assert claim["trait"] in VOCABULARY.traits
            assert VOCABULARY.value_of(attribute, claim["value"] if value == "?" else value, claim["span"])
            assert claim["layer"] in layers_in([sentence])
