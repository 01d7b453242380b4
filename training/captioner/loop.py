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
from cytoscribe.training.captioner.lessons import Lesson, Lessons
from cytoscribe.training.captioner.model import IGNORED, CaptionerNet
from cytoscribe.training.captioner.settings import Schedule
from cytoscribe.training.captioner.sight import learn_to_see
from cytoscribe.training.captioner.wording import Batch, Writer
from cytoscribe.training.checkpoints import Progress
from cytoscribe.training.model.lora import trained
from cytoscribe.training.optimisation import rate_at

CHECKPOINT = "checkpoint.safetensors"
CHECKPOINT_SECONDS = 120.0
GATE_RATE = 10.0
"""How much faster than the other weights gates learn: they are single numbers that start at zero and scale all the rest."""
PART, PARTS = 8, 4
"""Rows of a step go through the network in parts of at least so many, and in at most so many parts."""
DECODER_RATE = 4.0
"""The same for the weights of a small decoder that is learned from nothing; adapters of a frozen one learn like the rest."""


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
    else:
        learn_to_see(learner.net.resampler, lessons, learner.device)
    total = lessons.steps(schedule.all_epochs)
    with bar("training", total, "steps", done=lessons.steps(progress.epoch) + progress.step) as running:
        while progress.epoch < schedule.all_epochs:
            _epoch(lessons, learner, optimiser, progress, folder, running)
            recent = progress.losses[lessons.steps(progress.epoch) :]
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
    order = lessons.order(progress.epoch)
    size = min(schedule.batch_size, len(lessons.named.image_regions))
    contrast = 0.0 if progress.epoch < schedule.label_epochs else schedule.contrast
    done, total, saved = lessons.steps(progress.epoch), lessons.steps(schedule.all_epochs), time.monotonic()
    learner.net.train()
    learner.net.llm.eval()
    while progress.step * size < len(order):
        first = progress.step * size
        for group in optimiser.param_groups:
            group["lr"] = group["rate"] * rate_at(done + progress.step, total, schedule.warmup)
        rng = np.random.default_rng([lessons.seed, 2, progress.epoch, progress.step])
        lesson = lessons.draw(progress.epoch, order[first : first + size], rng)
        torch.manual_seed(int(rng.integers(2**62)))
        loss = _step(learner, optimiser, lesson, schedule, contrast)
        progress.step += 1
        progress.losses.append(round(loss, 6))
        running.advance()
        running.note(f"epoch {progress.epoch + 1}, loss {loss:.3f}")
        due = progress.step % schedule.checkpoint_steps == 0 or time.monotonic() - saved >= CHECKPOINT_SECONDS
        if due and progress.step * size < len(order):
            checkpoints.save(folder / CHECKPOINT, learner.net, optimiser, progress)
            saved = time.monotonic()


def _step(learner: Learner, optimiser: torch.optim.Optimizer, lesson: Lesson, schedule: Schedule, contrast: float) -> float:
    """One step, gradients clipped to a norm of 1; returns the loss of the captions. Answers of like length go together, so that little of
    what is computed is padding."""
    started = time.perf_counter()
    optimiser.zero_grad(set_to_none=True)
    lengths = [len(learner.writer.answer(a)) for a in lesson.answers]
    parts = np.array_split(np.argsort(lengths, kind="stable"), min(max(1, len(lesson) // PART), PARTS))
    batches = [
        learner.writer.batch([lesson.named[i] for i in p], [lesson.answers[i] for i in p], schedule.label_weight) for p in parts
    ]
    whole = float(sum(b.weights[:, 1:][b.labels[:, 1:] != IGNORED].sum() for b in batches))
    total = 0.0
    told_apart = int(lesson.turn % len(parts))  # a step tells apart one of its parts, which saves most of what that costs
    for number, (part, batch) in enumerate(zip(parts, batches, strict=True)):
        weight = contrast if number == told_apart else 0.0
        total += _learn(learner, lesson, part, batch.to(learner.device), whole, weight)
        learner.answered += int((batch.labels >= 0).sum())
    torch.nn.utils.clip_grad_norm_([p for _, p in trained(learner.net)], 1.0)
    optimiser.step()
    learner.net.look(None)
    learner.seconds += time.perf_counter() - started
    return total


def _learn(learner: Learner, lesson: Lesson, part: np.ndarray, batch: Batch, whole: float, contrast: float) -> float:
    """Gradients of some rows of a step; returns their share of the captions' loss. whole: weight of all tokens of the step.

    The contrast is the log-loss of telling an answer's own image from another by how likely they make the answer.
    """
    net = learner.net
    net.look(lesson.seen.rows(torch.from_numpy(part)).to(learner.device))
    own = net.token_losses(batch.ids, batch.mask, batch.labels)  # (B, S - 1)
    captions = (own * batch.weights[:, 1:]).sum() / whole
    loss = captions
    others = lesson.others[part]
    wrong = torch.from_numpy(np.flatnonzero(others >= 0)).to(learner.device)
    if contrast and len(wrong):
        net.look(lesson.seen.rows(torch.from_numpy(others[others >= 0])).to(learner.device))
        beside = net.token_losses(batch.ids[wrong], batch.mask[wrong], batch.labels[wrong])
        apart = torch.nn.functional.softplus(own[wrong].sum(1) - beside.sum(1))
        loss = loss + contrast * apart.mean()
    loss.backward()
    return float(captions.detach())


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
