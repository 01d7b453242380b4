"""What looks at the images learns to see before anything is said: the resampler, with heads for regions and attributes that are thrown away.

A decoder's loss is mostly about words that any image would call for, and its gates start shut, so that little of it reaches the resampler.
These passes need no decoder and take seconds; what they leave behind is a start, which the captions go on to change.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from cytoscribe.core.progress import bar, log
from cytoscribe.training.captioner.lessons import Lessons
from cytoscribe.training.captioner.resampler import Resampler
from cytoscribe.training.data.pairs import CaptionPool, draw_images
from cytoscribe.training.optimisation import rate_at

RATE, BATCH, LEAST_STEPS = 1e-3, 64, 200


class Heads(nn.Module):
    """Latents (B, L, W) to logits of the regions and of the unseen (B, K + 1), and of the images' claims (B, A)."""

    def __init__(self, latents: int, width: int, regions: int, claims: int) -> None:
        super().__init__()
        self.region = nn.Linear(latents * width, regions + 1)
        self.claims = nn.Linear(latents * width, claims) if claims else None

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor | None]:
        flat = latents.flatten(1)
        return self.region(flat), self.claims(flat) if self.claims is not None else None


def learn_to_see(resampler: Resampler, lessons: Lessons, device: torch.device) -> None:
    """Train the resampler on regions and claims of the training images, and on outliers as a region of their own; in place."""
    pool, passes = lessons.named, lessons.schedule.sight_epochs
    if not passes:
        return
    latents, width = resampler.queries.shape
    torch.manual_seed(lessons.seed)
    heads = Heads(latents, width, len(pool.names), pool.image_claims.shape[1]).to(device)
    learned = [*resampler.parameters(), *heads.parameters()]
    optimiser = torch.optim.AdamW(learned, lr=RATE, weight_decay=0.05)
    count = len(pool.image_regions)
    steps = max(1, count // BATCH)
    passes = max(passes, -(-LEAST_STEPS // steps))
    resampler.train()
    right: list[float] = []
    with bar("learning to see", passes * steps, "steps") as running:
        for step in range(passes * steps):
            epoch, place = divmod(step, steps)
            images = draw_images(pool, lessons.seed, epoch, lessons.schedule.sampling)[place * BATCH : (place + 1) * BATCH]
            rng = np.random.default_rng([lessons.seed, 3, step])
            torch.manual_seed(int(rng.integers(2**62)))
            seen, strange = lessons.seen(images, rng)
            for group in optimiser.param_groups:
                group["lr"] = RATE * rate_at(step, passes * steps, lessons.schedule.warmup)
            loss, good = _loss(heads, resampler(seen.to(device)), pool, images, strange)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learned, 1.0)
            optimiser.step()
            right = [*right[-steps:], good]
            running.advance()
    log(f"learned to see: {np.mean(right):.3f} of training images and outliers told apart")


def _loss(heads: Heads, latents: Tensor, pool: CaptionPool, images: np.ndarray, strange: np.ndarray) -> tuple[Tensor, float]:
    """Cross-entropy of regions and of claims, and the share whose region is right. strange (B,) bool: outliers."""
    regions, claims = heads(latents)
    truth = torch.from_numpy(np.where(strange, len(pool.names), pool.image_regions[images])).to(regions.device)
    loss = nn.functional.cross_entropy(regions, truth)
    known = torch.from_numpy(np.flatnonzero(~strange)).to(regions.device)
    if claims is not None and len(known):
        told = torch.from_numpy(pool.image_claims[images]).to(claims)
        loss = loss + nn.functional.binary_cross_entropy_with_logits(claims[known], told[known])
    return loss, float((regions.argmax(1) == truth).float().mean())
