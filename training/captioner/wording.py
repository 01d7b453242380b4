"""What the captioner is asked and what it should answer, as token ids.

Two questions: one whose answer begins with the region's name, one whose answer keeps it to itself. What shows no known region has one
answer to both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cytoscribe.training.captioner.decoder import Decoder
from cytoscribe.training.captioner.model import IGNORED

NAMED, MASKED = "Region and description:", "Description:"
"""Short, since every step reads one for each caption."""
UNSEEN = "unseen"
NONE_KNOWN = "the tissue is none of the areas known."
MOST_TOKENS = 160
"""Of a caption; longer ones are cut in training."""


@dataclass(frozen=True)
class Answer:
    """`start` names the region, "" where the answer keeps it to itself; `body` follows. Both are tokenized apart, so that a label's
    tokens are the same whatever follows, and both begin with a space."""

    start: str
    body: str

    @property
    def text(self) -> str:
        return self.start + self.body


def answer_named(region: str, caption: str) -> Answer:
    """The answer to NAMED."""
    return Answer(label_start(region), f" {caption}")


def answer_masked(caption: str) -> Answer:
    """The answer to MASKED."""
    return Answer("", f" {caption}")


def answer_unseen() -> Answer:
    """The answer to either question about what is no known region."""
    return answer_named(UNSEEN, NONE_KNOWN)


def label_start(region: str) -> str:
    """How an answer that names the region begins."""
    return f" {region}:"


def label_starts(regions: Sequence[str]) -> list[str]:
    """The beginning of each possible answer to NAMED: every region's, then that of the unseen."""
    return [label_start(name) for name in (*regions, UNSEEN)]


def said_label(text: str, regions: Sequence[str]) -> str:
    """The label that an answer to NAMED begins with: a region, `unseen`, or "" where it begins with neither."""
    return next((name for name in sorted((*regions, UNSEEN), key=len, reverse=True) if text.strip().startswith(f"{name}:")), "")


@dataclass(frozen=True)
class Batch:
    """Rows of question and answer (B, S) int64, padded on the right; labels count in the loss where they are not IGNORED, with
    weights (B, S) float32: a region's name is few tokens of many, and weighs more."""

    ids: Tensor
    mask: Tensor
    labels: Tensor
    weights: Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(self.ids.to(device), self.mask.to(device), self.labels.to(device), self.weights.to(device))


class Writer:
    """Question and answer as ids; each text is tokenized once."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self._known: dict[str, list[int]] = {}

    def ids(self, text: str) -> list[int]:
        """Token ids of a text."""
        if text not in self._known:
            self._known[text] = self.decoder.ids(text)
        return self._known[text]

    def question(self, named: bool) -> list[int]:
        """Token ids of a question, begun as the model begins texts."""
        start = self.decoder.tokenizer.bos_token_id
        return [*([start] if start is not None else []), *self.ids(NAMED if named else MASKED)]

    def answer(self, answer: Answer) -> list[int]:
        """Token ids of an answer with its end; long ones are cut. One without a body is a beginning, and has no end."""
        body = [*self.ids(answer.body)[:MOST_TOKENS], self.decoder.end] if answer.body else []
        return [*self.ids(answer.start), *body]

    def batch(self, named: Sequence[bool], answers: Sequence[Answer], label_weight: float = 1.0) -> Batch:
        """Rows of a question each and its answer, whose tokens count in the loss, those of the label with `label_weight`."""
        rows = [(self.question(n), self.answer(a)) for n, a in zip(named, answers, strict=True)]
        longest = max(len(q) + len(a) for q, a in rows)
        ids = torch.full((len(rows), longest), self.decoder.pad)
        labels = torch.full((len(rows), longest), IGNORED)
        mask = torch.zeros(len(rows), longest, dtype=torch.int64)
        weights = torch.ones(len(rows), longest)
        for i, (question, answer) in enumerate(rows):
            size = len(question) + len(answer)
            ids[i, :size] = torch.tensor([*question, *answer])
            labels[i, len(question) : size] = torch.tensor(answer)
            mask[i, :size] = 1
            weights[i, len(question) : len(question) + len(self.ids(answers[i].start))] = label_weight
        return Batch(ids, mask, labels, weights)
