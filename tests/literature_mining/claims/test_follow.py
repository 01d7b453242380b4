"""The context that a sentence leaves behind."""

from __future__ import annotations

import pytest

from cytoscribe.literature_mining.claims.context import PATIENCE, Context
from tests.literature_mining.claims.sentences import READER, stated


def after(text: str, before: Context | None = None) -> Context:
    return READER.read_sentence(text, before or Context())[1]


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Qa1 is granular.", ("Qa1",)),
        ("Layer IV of Qa1 is thin.", ("Qa1",)),
        ("In Qa1 layer IV is thin.", ("Qa1",)),
        ("Qa1 and Qa2 are granular.", ("Qa1", "Qa2")),
        ("Qa1 lies in front of Qa2.", ("Qa1",)),
        ("Qa1 has a denser layer V than Qa2.", ("Qa1",)),
    ],
)
def test_the_subject_becomes_the_topic(text: str, topic: tuple[str, ...]) -> None:
    context = after(text, Context(topic=("Rb3",), age=2))
    assert (context.topic, context.age, context.lost) == (topic, 0, False)


@pytest.mark.parametrize(
    "text", ["Area Zz9 is granular.", "The neighbouring cortex has a broad layer IV.", "In Zz9 layer IV is broad."]
)
def test_a_stranger_loses_the_topic(text: str) -> None:
    context = after(text, Context(topic=("Qa1",)))
    assert context.lost
    assert context.regions == ()


def test_a_sentence_without_a_region_ages_the_topic() -> None:
    context = after("Sections were cut at the same angle.", Context(topic=("Qa1",), age=1))
    assert (context.topic, context.age) == (("Qa1",), 2)


def test_layers_kind_pair_and_rivals_are_kept_for_the_next_sentence() -> None:
    context = after("Layer V of Qa1 is denser than that of Qa2.")
    assert (context.layers, context.noun, context.rivals, context.pair) == (("V",), "layer", ("Qa2",), ("Qa1", "Qa2"))
    assert after("Large cells are seen in layer III of Qa1.").noun == "cells"
    assert after("Qa1 is granular.").noun == "region"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Qa1 is granular. It has a thin layer IV.", ["Qa1 all granular", "Qa1 IV thin"]),
        ("Qa1 is granular. Area Zz9 lies behind. It has a thin layer IV.", ["Qa1 all granular"]),
        ("Qa1 is granular. Zz9 lies behind. Qa2 is thin in layer IV.", ["Qa1 all granular", "Qa2 IV thin"]),
        ("Qa1 and Qa2 meet. Both areas are agranular.", ["Qa1 all agranular", "Qa2 all agranular"]),
        ("Layer V of Qa1 is broad. It is dense.", ["Qa1 V broad", "Qa1 V high"]),
        ("Large cells are found in layer V of Qa1. They are densely packed.", ["Qa1 V large", "Qa1 V high"]),
        ("Qa1 is granular. Qa2 lies behind. It is agranular.", ["Qa1 all granular", "Qa2 all agranular"]),
        ("Qa1 has a denser layer V than Qa2. Layer III is broader.", ["Qa1 V high > Qa2", "Qa1 III broad > Qa2"]),
    ],
)
def test_pronouns_and_unnamed_subjects(text: str, expected: list[str]) -> None:
    assert stated(text) == expected


def test_patience_ends() -> None:
    filler = "Sections were cut at the same angle. "
    assert stated("Qa1 is granular. " + filler * (PATIENCE - 1) + "Layer IV is thin.") == ["Qa1 all granular", "Qa1 IV thin"]
    assert stated("Qa1 is granular. " + filler * (PATIENCE + 2) + "Layer IV is thin.") == ["Qa1 all granular"]
