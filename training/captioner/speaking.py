"""Asking a captioner: how likely each label is, what it says, and how likely given texts are. Images go in batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cytoscribe.training.captioner.decoder import Decoder
from cytoscribe.training.captioner.model import IGNORED, CaptionerNet, decoder_of, head_of
from cytoscribe.training.captioner.resampler import Seen
from cytoscribe.training.captioner.wording import Answer, Batch, Writer, label_starts

MOST_NEW = 96
"""Tokens of a generated caption."""
LABEL_ROWS = 256
"""Labels of images that are scored at a time: each needs logits of the whole vocabulary."""
Trie = dict[int, Any]


@dataclass
class Speed:
    """Tokens generated, and the seconds that it took."""

    tokens: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.tokens / self.seconds if self.seconds else 0.0


@dataclass
class Voice:
    """A captioner's network and its decoder, ready to be asked."""

    net: CaptionerNet
    decoder: Decoder
    device: torch.device
    batch: int = 32
    speed: Speed = field(default_factory=Speed)
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        self.writer = Writer(self.decoder)
        self.net.eval()

    @torch.no_grad()
    def label_scores(self, seen: Seen, regions: Sequence[str]) -> np.ndarray:
        """(N, K + 1) float64 log-probability that the answer to the first question begins with each region's name, and at last that it
        begins with `unseen`.

        The question is read once an image; its keys and values serve all labels.
        """
        starts = [self.writer.ids(s) for s in label_starts(regions)]
        longest = max(len(s) for s in starts)
        rows = torch.full((len(starts), longest), self.decoder.pad)
        mask = torch.zeros(len(starts), longest, dtype=torch.int64)
        for i, ids in enumerate(starts):
            rows[i, : len(ids)], mask[i, : len(ids)] = torch.tensor(ids), 1
        rows, mask = rows.to(self.device), mask.to(self.device)
        size = max(1, min(self.batch, LABEL_ROWS // len(starts)))
        return np.concatenate([self._labels(part, rows, mask) for part in self._parts(seen, size)] or [np.zeros((0, len(starts)))])

    def _labels(self, seen: Seen, rows: Tensor, mask: Tensor) -> np.ndarray:
        from transformers import DynamicCache

        count, labels = len(seen), len(rows)
        self.net.look(seen)
        question = torch.tensor(self.writer.question(named=True), device=self.device).expand(count, -1)
        cache = DynamicCache()
        inner, head = decoder_of(self.net.llm), head_of(self.net.llm)
        last = inner(input_ids=question, past_key_values=cache, use_cache=True)[0][:, -1:]
        cache.batch_repeat_interleave(labels)
        self.net.repeat(labels)
        ids, real = rows.repeat(count, 1), mask.repeat(count, 1)
        before = torch.ones(len(ids), question.shape[1], dtype=torch.int64, device=self.device)
        states = inner(input_ids=ids, attention_mask=torch.cat([before, real], dim=1), past_key_values=cache, use_cache=True)[0]
        states = torch.cat([last.repeat_interleave(labels, dim=0), states[:, :-1]], dim=1)
        found = _log_likelihood(head(states).float(), ids, real)
        return found.reshape(count, labels).double().cpu().numpy()

    @torch.no_grad()
    def likelihoods(self, seen: Seen, texts: Sequence[str], named: bool = False) -> np.ndarray:
        """(N, M) float64 mean log-probability of a token of each text as the answer about each image. texts begin with a space."""
        batch = self.writer.batch([named] * len(texts), [Answer("", t) for t in texts]).to(self.device)
        rows = []
        for part in self._parts(seen, max(1, self.batch // len(texts))):
            self.net.look(part)
            self.net.repeat(len(texts))
            rows.append(self._means(batch, len(part)).reshape(len(part), len(texts)))
        return np.concatenate(rows) if rows else np.zeros((0, len(texts)))

    def _means(self, batch: Batch, times: int) -> np.ndarray:
        ids, mask, labels = (t.repeat(times, 1) for t in (batch.ids, batch.mask, batch.labels))
        states = decoder_of(self.net.llm)(input_ids=ids, attention_mask=mask, use_cache=False)[0]
        real = (labels[:, 1:] != IGNORED).long()
        found = _log_likelihood(head_of(self.net.llm)(states[:, :-1]).float(), ids[:, 1:], real)
        return (found / real.sum(1)).double().cpu().numpy()

    @torch.no_grad()
    def say(
        self,
        seen: Seen,
        *,
        named: bool = True,
        starts: Sequence[str] | None = None,
        allowed: Sequence[Sequence[str]] | None = None,
        most: int = MOST_NEW,
    ) -> list[str]:
        """The answer about each image, without the question, the likeliest token at a time.

        starts: how each answer begins, which the model goes on from; allowed: what may follow for each image.
        """
        said: list[str] = []
        size = self.batch
        for first in range(0, len(seen), size):
            rows = slice(first, min(first + size, len(seen)))
            given = list(starts[rows]) if starts is not None else [""] * (rows.stop - rows.start)
            choices = list(allowed[rows]) if allowed is not None else None
            part = seen.rows(torch.arange(rows.start, rows.stop)).to(self.device)
            said += self._generate(part, named, given, choices, most)
        return said

    def _generate(self, seen: Seen, named: bool, starts: list[str], allowed: list[Sequence[str]] | None, most: int) -> list[str]:
        self.net.look(seen)
        question = self.writer.question(named)
        begun = [[*question, *self.writer.ids(s)] for s in starts]
        longest = max(len(b) for b in begun)
        ids = torch.full((len(begun), longest), self.decoder.pad)
        mask = torch.zeros(len(begun), longest, dtype=torch.int64)
        for i, b in enumerate(begun):
            ids[i, longest - len(b) :], mask[i, longest - len(b) :] = torch.tensor(b), 1
        held = self._held(allowed, longest) if allowed is not None else None
        started = time.perf_counter()
        output = self.net.llm.generate(
            input_ids=ids.to(self.device),
            attention_mask=mask.to(self.device),
            max_new_tokens=most,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            repetition_penalty=1.0,
            pad_token_id=self.decoder.pad,
            eos_token_id=self.decoder.end,
            prefix_allowed_tokens_fn=held,
        )[:, longest:]
        self.speed.seconds += time.perf_counter() - started
        self.speed.tokens += int((output != self.decoder.pad).sum())
        texts = [self.decoder.text(_until(row.tolist(), self.decoder.end)) for row in output]
        return [f"{s.strip()} {t}".strip() for s, t in zip(starts, texts, strict=True)]

    def _held(self, allowed: list[Sequence[str]], longest: int) -> Callable[[int, Tensor], list[int]]:
        """What may come next: tokens that go on towards one of the allowed texts."""
        made = {id(t): t for t in allowed}  # images of one region share their texts
        trees = {key: trie_of([self.writer.ids(text) for text in texts], self.decoder.end) for key, texts in made.items()}
        tries = [trees[id(texts)] for texts in allowed]

        def following(row: int, ids: Tensor) -> list[int]:
            node = tries[row]
            for token in ids[longest:].tolist():
                node = node.get(token, {})
            return list(node) or [self.decoder.end]

        return following

    def _parts(self, seen: Seen, size: int = 0) -> Iterator[Seen]:
        size = size or self.batch
        for first in range(0, len(seen), size):
            yield seen.rows(torch.arange(first, min(first + size, len(seen)))).to(self.device)


def trie_of(texts: Sequence[Sequence[int]], end: int) -> Trie:
    """Token ids of texts as a tree; each text ends with `end`."""
    root: Trie = {}
    for ids in texts:
        node = root
        for token in (*ids, end):
            node = node.setdefault(token, {})
    return root


def _until(ids: list[int], end: int) -> list[int]:
    return ids[: ids.index(end)] if end in ids else ids


def _log_likelihood(logits: Tensor, ids: Tensor, real: Tensor) -> Tensor:
    """(B,) sum of log-probabilities of `ids` (B, S) where `real` (B, S) is 1; logits (B, S, V)."""
    each = torch.log_softmax(logits, dim=-1).gather(-1, ids[..., None])[..., 0]
    return (each * real).sum(1)
