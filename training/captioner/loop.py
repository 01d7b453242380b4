"""The captioner's training loop: seeded steps and checkpoints, so that a killed run ends in the same weights as an undisturbed one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from cytoscribe.core.progress import Bar, bar, log
from cytoscribe.training import checkpoints
from cytoscribe.training.captioner.model import CaptionerNet
from cytoscribe.training.captioner.outliers import OutlierBank
from cytoscribe.training.captioner.resampler import Seen
from cytoscribe.training.captioner.settings import Schedule
from cytoscribe.training.captioner.wording import Answer, Batch, Writer, answer_masked, answer_named, answer_unseen
from cytoscribe.training.checkpoints import Progress
from cytoscribe.training.data.pairs import CaptionPool, draw_captions, draw_images
from cytoscribe.training.model.lora import trained
from cytoscribe.training.optimisation import rate_at

CHECKPOINT = "checkpoint.safetensors"
CHECKPOINT_SECONDS = 120.0
GATE_RATE = 10.0
"""How much faster than the other weights gates learn: they are single numbers that start at zero and scale all the rest."""
DECODER_RATE = 4.0
"""The same for the weights of a small decoder that is learned from nothing; adapters of a frozen one learn like the rest."""


@dataclass
class Lessons:
    """What the captioner learns from. named, masked: the same images with captions of either wording; bank: outliers."""

    named: CaptionPool
    masked: CaptionPool
    bank: OutlierBank
    schedule: Schedule
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        return max(1, len(self.named.image_regions) // self.schedule.batch_size)

    def draw(self, epoch: int, images: np.ndarray, rng: np.random.Generator) -> tuple[Seen, list[bool], list[Answer]]:
        """Images, which question is asked of each, and the answers."""
        count, pool = len(images), self.named
        names_alone = epoch < self.schedule.label_epochs
        asks_name = (rng.random(count) >= self.schedule.masked_share) | names_alone
        named, masked = draw_captions(self.named, images, rng), draw_captions(self.masked, images, rng)
        answers = [
            answer_named(pool.names[pool.image_regions[i]], pool.texts[n]) if ask else answer_masked(self.masked.texts[m])
            for i, n, m, ask in zip(images, named, masked, asks_name, strict=True)
        ]
        turn = pool.image_regions[images] == epoch % len(pool.names)
        strange = (rng.random(count) < self.schedule.outlier_share) & self.bank.usable
        playing = turn & (rng.random(count) < self.schedule.rotating_share)
        seen = self.bank.known.rows(torch.from_numpy(images))
        places = np.flatnonzero(strange)
        if len(places):
            drawn = self.bank.draw(len(places), rng)
            seen.grid[places], seen.vector[places] = drawn.grid.to(seen.grid.dtype), drawn.vector.to(seen.vector.dtype)
        unseen = strange | playing
        answers = [answer_unseen() if u else a for u, a in zip(unseen, answers, strict=True)]
        return seen, asks_name.tolist(), [Answer(a.start, "") for a in answers] if names_alone else answers


@dataclass
class Learner:
    """The network in training, with what writes its batches."""

    net: CaptionerNet
    writer: Writer
    device: torch.device
    answered: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answer tokens a second."""
        return self.answered / self.seconds if self.seconds else 0.0


def fit(lessons: Lessons, learner: Learner, folder: Path, validate: Callable[[], dict[str, float]]) -> Progress:
    """Train to the end, from a checkpoint in `folder` where there is one; validate gives figures after each epoch."""
    schedule = lessons.schedule
    optimiser = _optimiser(learner.net, schedule)
    progress = Progress()
    if (folder / CHECKPOINT).exists():
        progress = checkpoints.load(folder / CHECKPOINT, learner.net, optimiser)
    total = schedule.all_epochs * lessons.steps_per_epoch
    with bar("training", total, "steps", done=progress.epoch * lessons.steps_per_epoch + progress.step) as running:
        while progress.epoch < schedule.all_epochs:
            _epoch(lessons, learner, optimiser, progress, folder, running)
            recent = progress.losses[-lessons.steps_per_epoch :]
            figures = validate()
            progress.history.append({"epoch": progress.epoch + 1, "loss": round(float(np.mean(recent)), 6), **figures})
            progress.epoch, progress.step = progress.epoch + 1, 0
            told = ", ".join(f"{name} {value:.3f}" for name, value in progress.history[-1].items() if name != "epoch")
            log(f"epoch {progress.epoch} of {schedule.all_epochs}: {told}; {learner.rate:.0f} caption tokens/s")
            checkpoints.save(folder / CHECKPOINT, learner.net, optimiser, progress)
    return progress


def _epoch(
    lessons: Lessons, learner: Learner, optimiser: torch.optim.Optimizer, progress: Progress, folder: Path, running: Bar
) -> None:
    schedule = lessons.schedule
    order = draw_images(lessons.named, lessons.seed, progress.epoch, schedule.sampling)
    total, saved = schedule.all_epochs * lessons.steps_per_epoch, time.monotonic()
    learner.net.train()
    learner.net.llm.eval()
    while progress.step < lessons.steps_per_epoch:
        first = progress.step * schedule.batch_size
        done = progress.epoch * lessons.steps_per_epoch + progress.step
        for group in optimiser.param_groups:
            group["lr"] = group["rate"] * rate_at(done, total, schedule.warmup)
        rng = np.random.default_rng([lessons.seed, 2, progress.epoch, progress.step])
        seen, named, answers = lessons.draw(progress.epoch, order[first : first + schedule.batch_size], rng)
        torch.manual_seed(int(rng.integers(2**62)))
        loss = _step(learner, optimiser, seen, learner.writer.batch(named, answers, schedule.label_weight))
        progress.step += 1
        progress.losses.append(round(loss, 6))
        running.advance()
        running.note(f"epoch {progress.epoch + 1}, loss {loss:.3f}")
        due = progress.step % schedule.checkpoint_steps == 0 or time.monotonic() - saved >= CHECKPOINT_SECONDS
        if due and progress.step < lessons.steps_per_epoch:
            checkpoints.save(folder / CHECKPOINT, learner.net, optimiser, progress)
            saved = time.monotonic()


def _step(learner: Learner, optimiser: torch.optim.Optimizer, seen: Seen, batch: Batch) -> float:
    """One step, gradients clipped to a norm of 1; returns the loss."""
    started = time.perf_counter()
    optimiser.zero_grad(set_to_none=True)
    learner.net.look(seen.to(learner.device))
    on = batch.to(learner.device)
    loss = learner.net.loss(on.ids, on.mask, on.labels, on.weights)
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for _, p in trained(learner.net)], 1.0)
    optimiser.step()
    learner.net.look(None)
    learner.answered += int((batch.labels >= 0).sum())
    learner.seconds += time.perf_counter() - started
    return float(loss.detach())


def _optimiser(net: CaptionerNet, schedule: Schedule) -> torch.optim.Optimizer:
    """AdamW; gates and a decoder learned from nothing are faster, and neither gates nor biases and norms decay."""
    groups: dict[tuple[float, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in trained(net):
        own = name.startswith("llm.") and ".lora_" not in name
        factor = GATE_RATE if ".gate" in name else DECODER_RATE if own else 1.0
        groups.setdefault((factor, parameter.ndim > 1), []).append(parameter)
    listed = [
        {
            "params": members,
            "rate": schedule.learning_rate * factor,
            "weight_decay": schedule.weight_decay * wide,
        }
        for (factor, wide), members in groups.items()
    ]
    return torch.optim.AdamW(listed, lr=schedule.learning_rate, betas=(0.9, 0.98))
