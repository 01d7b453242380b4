"""Scores of labels and texts, and captions that may only be chosen."""

from __future__ import annotations

import numpy as np
import torch

from cytoscribe.training.captioner.decoder import Decoder
from cytoscribe.training.captioner.model import CaptionerNet
from cytoscribe.training.captioner.speaking import Voice, trie_of
from cytoscribe.training.captioner.wording import Answer
from tests.training.captioner.conftest import images, opened

REGIONS = ("pale", "striped and long")


def test_label_scores_are_those_of_reading_question_and_label_in_one_go(net: CaptionerNet, decoder: Decoder) -> None:
    voice, seen = Voice(opened(net), decoder, torch.device("cpu"), batch=2), images(3)
    found = voice.label_scores(seen, REGIONS)
    assert found.shape == (3, 3)
    for i in range(3):
        net.look(seen.rows(torch.tensor([i])))
        for k, start in enumerate([" pale:", " striped and long:", " unseen:"]):
            question, label = voice.writer.question(named=True), decoder.ids(start)
            logits = net.llm(torch.tensor([[*question, *label]])).logits[0]
            steps = torch.log_softmax(logits, dim=-1)[len(question) - 1 : -1]
            expected = sum(float(step[token]) for step, token in zip(steps, label, strict=True))
            assert abs(found[i, k] - expected) < 1e-3


def test_likelihoods_are_means_over_the_tokens_of_each_text(net: CaptionerNet, decoder: Decoder) -> None:
    voice, seen = Voice(opened(net), decoder, torch.device("cpu"), batch=4), images(3)
    texts = [" The ground is light.", " It shows lines and more lines."]
    found = voice.likelihoods(seen, texts)
    batch = voice.writer.batch([False], [Answer("", texts[1])])
    net.look(seen.rows(torch.tensor([2])))
    assert abs(found[2, 1] + float(net.loss(batch.ids, batch.mask, batch.labels))) < 1e-3
    assert np.ptp(found[:, 0]) > 0


def test_what_may_be_said_is_all_that_is_said(net: CaptionerNet, decoder: Decoder) -> None:
    voice, seen = Voice(opened(net), decoder, torch.device("cpu"), batch=2), images(3)
    allowed = [[" It is light.", " It is light and wide."], [" It is full."], [" It is light."]]
    starts = [" pale:", " dense:", " pale:"]
    said = voice.say(seen, starts=starts, allowed=allowed)
    assert all(text in [f"{s.strip()}{c}" for c in choices] for text, s, choices in zip(said, starts, allowed, strict=True))
    assert voice.speed.tokens > 0


def test_answers_do_not_depend_on_who_shares_the_batch(net: CaptionerNet, decoder: Decoder) -> None:
    seen, starts = images(3), [" pale:", " striped and long:", " dense and dark:"]
    together = Voice(opened(net), decoder, torch.device("cpu"), batch=3).say(seen, starts=starts, most=12)
    single = Voice(net, decoder, torch.device("cpu"), batch=1).say(seen, starts=starts, most=12)
    assert together == single


def test_a_trie_holds_every_text_and_its_end() -> None:
    assert trie_of([[1, 2], [1, 3], [1]], end=9) == {1: {2: {9: {}}, 3: {9: {}}, 9: {}}}
