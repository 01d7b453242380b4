"""Sentences whose claims are known by construction (benchmarks/sentences): the construction itself, and how many are read exactly."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks.sentences.frames import load_frames, parse
from benchmarks.sentences.generate import Sentence, generate, sentence
from benchmarks.sentences.reading import folded, project_reader
from benchmarks.sentences.relations import RELATIONS
from benchmarks.sentences.words import MAIN, load_words

FLOOR = 0.55
"""Share of the 300 sentences that must be read exactly."""


@pytest.fixture(scope="module")
def sentences() -> list[Sentence]:
    return list(generate(300, seed=7))


def test_a_third_of_some_hundred_frames_is_kept_aside() -> None:
    frames = load_frames()
    assert len(frames) > 300
    assert 0.25 < sum(f.held_out for f in frames) / len(frames) < 0.42


@pytest.mark.parametrize("line", ["{L} of {R} is thin.", "{L} is thin. => R L", "{L} is thin. => R L a than S"])
def test_parse_refuses_a_line_without_claims_or_with_a_broken_one(line: str) -> None:
    with pytest.raises(ValueError, match=r"=>|a claim is"):
        parse(line)


def test_generate_gives_the_same_sentences_for_the_same_seed() -> None:
    first, again, other = ([s.text for s in generate(50, seed)] for seed in (1, 1, 2))
    assert first == again != other


def test_every_frame_can_be_filled_and_leaves_no_slot() -> None:
    random = Random(3)
    for frame in load_frames():
        filled = sentence(frame, random)
        assert not set("{}[]|@+~") & set(filled.text), filled.text
        assert "  " not in filled.text
        assert all(word.lower() in filled.text.lower() for word in filled.words), (filled.text, filled.words)


def test_claims_are_about_regions_and_layers_of_the_sentence(sentences: list[Sentence]) -> None:
    for made in sentences:
        binding = made.binding
        regions = {c[0] for c in made.claims} | {r for c in made.claims for r in c[5]}
        children = {code for parent in binding.groups.values() for code in binding.family.groups[parent]}
        assert regions <= set(binding.family.codes) & ({*binding.regions.values()} | children)
        strata = set(binding.strata.values())
        for layer in {c[1] for c in made.claims} - {"all"} - strata:
            assert layer.split("-")[0].rstrip("abc") in MAIN
        assert all(name in made.text for name in strata)


def test_claims_of_a_sentence_do_not_contradict_each_other(sentences: list[Sentence]) -> None:
    opposites = {t.value: t.opposite for t in load_words().traits.values() if t.opposite}
    for made in sentences:
        stated = {c[:4] for c in made.claims if c[4] and not c[5]}
        assert not {(r, layer, a, opposites.get(v, "")) for r, layer, a, v in stated} & stated, made.text


@pytest.mark.parametrize("name", RELATIONS)
def test_relation_turns_the_claims_of_a_sentence_into_those_of_the_changed_one(name: str, sentences: list[Sentence]) -> None:
    random = Random(5)
    pairs = [pair for made in sentences if (pair := RELATIONS[name](made, random))]
    assert len(pairs) > 10
    for pair in pairs:
        assert folded(pair.expected(pair.before.claims)) == folded(pair.after.claims), (pair.before.text, pair.after.text)
    assert any(pair.before.text != pair.after.text for pair in pairs)


@pytest.mark.slow
def test_the_reader_finds_exactly_the_claims_of_most_sentences(sentences: list[Sentence]) -> None:
    read = project_reader()
    exact = sum(folded(read(made)) == folded(made.claims) for made in sentences)
    assert exact / len(sentences) >= FLOOR
