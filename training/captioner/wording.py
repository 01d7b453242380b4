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

NAMED = "The region in the image, named and described:"
MASKED = "The tissue in the image, described without a name:"
UNSEEN = "unseen"
NONE_KNOWN = "the tissue is none of the areas known."
MOST_TOKENS = 160
"""Of a caption; longer ones are cut in training."""


def answer_named(region: str, caption: str) -> str:
    """The answer to NAMED."""
    return f" {region}: {caption}"


def answer_masked(caption: str) -> str:
    """The answer to MASKED."""
    return f" {caption}"


def answer_unseen() -> str:
    """The answer to either question about what is no known region."""
    return answer_named(UNSEEN, NONE_KNOWN)


def label_starts(regions: Sequence[str]) -> list[str]:
    """The beginning of each possible answer to NAMED: every region's, then that of the unseen."""
    return [f" {name}:" for name in (*regions, UNSEEN)]


def said_label(text: str, regions: Sequence[str]) -> str:
    """The label that an answer to NAMED begins with: a region, `unseen`, or "" where it begins with neither."""
    return next((name for name in sorted((*regions, UNSEEN), key=len, reverse=True) if text.strip().startswith(f"{name}:")), "")


@dataclass(frozen=True)
class Batch:
    """Rows of question and answer (B, S) int64, padded on the right; labels count in the loss where they are not IGNORED."""

    ids: Tensor
    mask: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(self.ids.to(device), self.mask.to(device), self.labels.to(device))


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

    def batch(self, named: Sequence[bool], answers: Sequence[str], ended: bool = True) -> Batch:
        """Rows of a question each and its answer, whose tokens count in the loss, and whose end does too where `ended`."""
        end = [self.decoder.end] if ended else []
        rows = [(self.question(n), [*self.ids(a)[:MOST_TOKENS], *end]) for n, a in zip(named, answers, strict=True)]
        longest = max(len(q) + len(a) for q, a in rows)
        ids = torch.full((len(rows), longest), self.decoder.pad)
        labels = torch.full((len(rows), longest), IGNORED)
        mask = torch.zeros(len(rows), longest, dtype=torch.int64)
        for i, (question, answer) in enumerate(rows):
            size = len(question) + len(answer)
            ids[i, :size] = torch.tensor([*question, *answer])
            labels[i, len(question) : size] = torch.tensor(answer)
            mask[i, :size] = 1
        return Batch(ids, mask, labels)
