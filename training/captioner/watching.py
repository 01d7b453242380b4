"""What is looked at after each epoch: does the captioner name held-out images, and does it matter to its words which image it sees?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from cytoscribe.core.records import Caption
from cytoscribe.training.captioner.cache import EncodedImages
from cytoscribe.training.captioner.resampler import Seen
from cytoscribe.training.captioner.speaking import Voice
from cytoscribe.training.captioner.wording import answer_masked
from cytoscribe.training.data.pairs import build_pool, draw_captions, wordings

WATCHED, WATCHED_CAPTIONS = 200, 48
"""Held-out images that are looked at after each epoch, and captions of them."""


def watcher(
    voice: Voice, held: EncodedImages, labels: np.ndarray, regions: tuple[str, ...], captions: Sequence[Caption]
) -> Callable[[], dict[str, float]]:
    """Figures on held-out images: share whose label is named, share that is called unseen, and the loss of a token of captions beside
    their own image and beside one of another region (labels (M,) int index into regions). Where the last two are alike, the image does not matter yet."""
    net, device = voice.net, voice.device
    rows = _spaced(len(held), WATCHED)
    seen, truth = held.seen.rows(torch.from_numpy(rows)), labels[rows]
    some = _spaced(len(rows), WATCHED_CAPTIONS)
    pool = build_pool([held.records[i] for i in rows[some]], wordings(captions, "masked"), regions)
    drawn = draw_captions(pool, np.arange(len(some)), np.random.default_rng(0))
    batch = voice.writer.batch([False] * len(some), [answer_masked(pool.texts[c]) for c in drawn]).to(device)
    shown, strange = (seen.rows(torch.from_numpy(some[i])) for i in (np.arange(len(some)), another(truth[some])))

    @torch.no_grad()
    def loss(images: Seen) -> float:
        net.look(images.to(device))
        return round(float(net.loss(batch.ids, batch.mask, batch.labels)), 4)

    def figures() -> dict[str, float]:
        net.eval()
        found = voice.label_scores(seen, regions)
        told = {
            "named": round(float((found[:, :-1].argmax(1) == truth).mean()), 4),
            "called_unseen": round(float((found.argmax(1) == len(regions)).mean()), 4),
            "caption_loss": loss(shown),
            "caption_loss_of_others": loss(strange),
        }
        net.look(None)
        return told

    return figures


def _spaced(count: int, most: int) -> np.ndarray:
    """At most `most` indices below `count`, evenly spaced."""
    return np.linspace(0, count - 1, min(most, count)).astype(int)


def another(labels: np.ndarray) -> np.ndarray:
    """(N,) for each image the next one of another label; itself where all are alike."""
    count = len(labels)
    return np.array([next((j % count for j in range(i + 1, i + count) if labels[j % count] != labels[i]), i) for i in range(count)])
