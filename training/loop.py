"""The training loop: seeded steps, checkpoints, validation, and a resume that equals an undisturbed run bit for bit on a CPU."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import Bar, bar, log
from cytoscribe.training import checkpoints
from cytoscribe.training.checkpoints import Progress
from cytoscribe.training.data.augmentation import Augmentation
from cytoscribe.training.data.embeddings import Vectors
from cytoscribe.training.data.pairs import CaptionPool, draw_captions, draw_images
from cytoscribe.training.data.pictures import PART, pictures, rows_of
from cytoscribe.training.data.squares import Squares
from cytoscribe.training.hard_negatives import NO_DRAW, HardTerm
from cytoscribe.training.losses import Objective, contrast, image_contrast
from cytoscribe.training.model.encoding import Model, autocast
from cytoscribe.training.model.lora import in_training, refuse_dead, trained, undo_drift
from cytoscribe.training.model.text_side import TextSide
from cytoscribe.training.optimisation import Optimisation, optimiser_of, rate_at
from cytoscribe.training.ranks import ALONE, Ranks
from cytoscribe.training.trackers import SILENT, Tracker
from cytoscribe.training.whole_term import WholeTerm

CHECKPOINT = "checkpoint.safetensors"
BEST = "best.safetensors"
MOST_SCALE, MOST_SIGMOID_SCALE = 100.0, 1000.0
"""Largest factor of the cosine: CLIP's own bound, and one that bases trained with a sigmoid, whose factor is above 100, never meet."""
CHECKPOINT_SECONDS = 300.0
"""A checkpoint is written at least this often, however long a step takes."""


@dataclass
class Fitting:
    """What a step needs.

    learner: the module whose parameters learn (peft's wrapper, or the model); clip: the open_clip model; adapted: only adapters and
    projections learn; ranks: this process among those that train together; whole: captions that state all an image shows, behind
    the pool's in `texts`, None where there are none; hard: twins of captions with one claim false, behind those, None where off.
    """

    learner: Any
    clip: Model
    pool: CaptionPool
    squares: Squares | Vectors
    texts: TextSide
    objective: Objective
    optimisation: Optimisation
    augmentation: Augmentation
    normalise: Callable[[Tensor], Tensor]
    px: int
    seed: int
    device: torch.device
    bf16: bool
    adapted: bool
    trained_weights: int
    ranks: Ranks = ALONE
    whole: WholeTerm | None = None
    hard: HardTerm | None = None
    tracker: Tracker = SILENT

    @property
    def bias(self) -> Tensor | None:
        """What the base adds to its logits before a sigmoid, where the loss is one; None else."""
        return getattr(self.clip, "logit_bias", None) if self.objective.loss == "sigmoid" else None

    @property
    def steps_per_epoch(self) -> int:
        return max(1, len(self.pool.image_regions) // self.optimisation.batch_size)


def fit(fitting: Fitting, folder: Path, validate: Callable[[], dict[str, float]] | None) -> Progress:
    """Train to the end, from a checkpoint in `folder` where there is one. validate gives the figures after an epoch; the first
    one decides on early stopping. Of several processes only the first one validates and writes.

    Raises InputError before the first step where an adapter is dead, or a process would have no image of a batch.
    """
    _check_batch(fitting)
    optimiser = optimiser_of(fitting.learner, fitting.optimisation)
    progress = _start(fitting, folder, optimiser)
    settings = fitting.optimisation
    total = settings.epochs * fitting.steps_per_epoch
    with bar("training", total, "steps", done=progress.epoch * fitting.steps_per_epoch + progress.step) as running:
        while progress.epoch < settings.epochs and not _patience_spent(progress, settings.patience):
            train_epoch(fitting, optimiser, progress, folder, running)
            _finish_epoch(fitting, progress, folder, validate)
            _save(fitting, folder / CHECKPOINT, optimiser, progress)
    if settings.patience and fitting.ranks.first and (folder / BEST).exists():
        checkpoints.load(folder / BEST, fitting.learner, None)
    return progress


def _check_batch(fitting: Fitting) -> None:
    least, batch = fitting.ranks.count * PART, min(fitting.optimisation.batch_size, len(fitting.pool.image_regions))
    if fitting.ranks.count > 1 and batch < least:
        raise InputError(
            f"batches of {batch} images are too small for {fitting.ranks.count} processes",
            fix=f"give --batch-size {least} or more, or start fewer processes",
        )


def _start(fitting: Fitting, folder: Path, optimiser: torch.optim.Optimizer) -> Progress:
    progress = Progress()
    if fitting.ranks.agree((folder / CHECKPOINT).exists()):
        progress = checkpoints.load(folder / CHECKPOINT, fitting.learner, optimiser)
    else:
        _try_backward(fitting)
    fitting.ranks.start_alike(fitting.learner)
    return progress


def _save(fitting: Fitting, path: Path, optimiser: torch.optim.Optimizer | None, progress: Progress) -> None:
    if fitting.ranks.first:
        checkpoints.save(path, fitting.learner, optimiser, progress)


def _patience_spent(progress: Progress, patience: int) -> bool:
    return bool(patience) and progress.best_epoch >= 0 and progress.epoch - 1 - progress.best_epoch >= patience


def train_epoch(fitting: Fitting, optimiser: torch.optim.Optimizer, progress: Progress, folder: Path, running: Bar) -> None:
    """The steps of epoch `progress.epoch` from `progress.step` on; progress is kept as they go, checkpoints are written to `folder`."""
    settings = fitting.optimisation
    order = draw_images(fitting.pool, fitting.seed, progress.epoch, settings.sampling)
    total = settings.epochs * fitting.steps_per_epoch
    saved = time.monotonic()
    if progress.step == 0:
        _refresh(fitting)
    while progress.step < fitting.steps_per_epoch:
        first = progress.step * settings.batch_size
        images = order[first : first + settings.batch_size]
        done = progress.epoch * fitting.steps_per_epoch + progress.step
        factor = rate_at(done, total, settings.warmup)
        for group in optimiser.param_groups:
            group["lr"] = group["rate"] * factor
        if progress.step + 1 < fitting.steps_per_epoch:
            _expect(fitting, order[first + settings.batch_size : first + 2 * settings.batch_size])
        loss = take_step(fitting, optimiser, images, progress.epoch, progress.step)
        if not math.isfinite(loss):
            raise InputError(f"the loss is {loss} at step {done + 1} of {total}", fix="lower --learning-rate, and start over")
        progress.step += 1
        progress.losses.append(round(loss, 6))
        fitting.tracker.log({"loss": loss, "learning_rate": settings.learning_rate * factor}, done + 1)
        running.advance()
        running.note(f"epoch {progress.epoch + 1}, loss {loss:.3f}")
        due = progress.step % settings.checkpoint_steps == 0 or time.monotonic() - saved >= CHECKPOINT_SECONDS
        if due and progress.step < fitting.steps_per_epoch:
            _save(fitting, folder / CHECKPOINT, optimiser, progress)
            saved = time.monotonic()


def _expect(fitting: Fitting, images: np.ndarray) -> None:
    """Have this process's share of the next batch read while a step runs."""
    if isinstance(fitting.squares, Squares):
        rows = rows_of(len(images), fitting.ranks)
        fitting.squares.expect(images[rows.start : rows.stop])


def take_step(fitting: Fitting, optimiser: torch.optim.Optimizer, images: np.ndarray, epoch: int, step: int) -> float:
    """One step on a batch of image indices, gradients clipped to a norm of 1; returns the loss."""
    optimiser.zero_grad(set_to_none=True)
    loss = backward(fitting, images, epoch, step)
    torch.nn.utils.clip_grad_norm_([p for _, p in trained(fitting.learner)], 1.0)
    optimiser.step()
    with torch.no_grad():
        fitting.clip.logit_scale.clamp_(0, math.log(MOST_SCALE if fitting.bias is None else MOST_SIGMOID_SCALE))
    return loss


@torch.no_grad()
def _refresh(fitting: Fitting) -> None:
    if fitting.whole is None:
        return
    fitting.clip.eval()
    with autocast(fitting.device, fitting.bf16):
        fitting.whole.refresh(lambda rows: _text_features(fitting, rows + len(fitting.pool.texts)))


def _finish_epoch(fitting: Fitting, progress: Progress, folder: Path, validate: Callable[[], dict[str, float]] | None) -> None:
    recent = progress.losses[-fitting.steps_per_epoch :]
    figures = fitting.ranks.agree(validate() if validate and fitting.ranks.first else {})
    progress.history.append({"epoch": progress.epoch + 1, "loss": round(float(np.mean(recent)), 6), **figures})
    fitting.tracker.log(figures, (progress.epoch + 1) * fitting.steps_per_epoch)
    first = next(iter(figures.values()), None)
    if first is not None and first > progress.best:
        progress.best, progress.best_epoch = first, progress.epoch
        if fitting.optimisation.patience:
            _save(fitting, folder / BEST, None, progress)
    progress.epoch, progress.step = progress.epoch + 1, 0
    if fitting.ranks.first:
        told = ", ".join(f"{name} {value:.3f}" for name, value in progress.history[-1].items() if name != "epoch")
        log(f"epoch {progress.epoch} of {fitting.optimisation.epochs}: {told}")


def backward(fitting: Fitting, images: np.ndarray, epoch: int, step: int) -> float:
    """Gradients of one batch of image indices; returns the loss. Everything random depends on (seed, epoch, step) only.

    Every process is given the whole batch, encodes its share of the images and of the captions, and computes the loss of all.
    """
    undo_drift(fitting.learner)
    if fitting.adapted:
        as_in_use(fitting.clip)
    else:
        in_training(fitting.clip)
    rng = np.random.default_rng([fitting.seed, 2, epoch, step])
    stream = int(rng.integers(2**62))
    torch.manual_seed(int(rng.integers(2**62)) + fitting.ranks.rank)
    captions = draw_captions(fitting.pool, images, rng, fitting.optimisation.captions_per_image)
    whole = fitting.whole.draw(images, rng) if fitting.whole else captions[:0]
    hard = fitting.hard.draw(fitting.pool, images, captions, rng) if fitting.hard else NO_DRAW
    asked = [captions, whole + len(fitting.pool.texts), hard.texts]
    with autocast(fitting.device, fitting.bf16):
        features = _image_features(fitting, images, stream)
        texts, full, twins = _text_features(fitting, np.concatenate(asked)).split([len(part) for part in asked])
    loss = _loss(fitting, features, texts, images, captions)
    if fitting.whole:
        loss = loss + fitting.whole.loss(features, full, images, whole)
    if fitting.hard:
        loss = loss + fitting.hard.loss(features, twins, hard, fitting.clip.logit_scale.exp())
    loss.backward()
    fitting.ranks.sum_gradients(trained(fitting.learner))
    return float(loss.detach())


def _image_features(fitting: Fitting, images: np.ndarray, stream: int) -> Tensor:
    """(N, D) float32, L2-normalised, of all processes. With accumulate > 1 the activations of each part are dropped and
    recomputed in the backward pass, so memory shrinks while the contrastive batch stays whole."""
    from torch.utils.checkpoint import checkpoint

    def encode(part: Tensor) -> Tensor:
        return torch.nn.functional.normalize(fitting.clip.encode_image(part).float(), dim=-1)

    pixels = _pixels(fitting, images, stream)
    if fitting.optimisation.accumulate == 1:
        mine = encode(pixels)
    else:
        parts = pixels.chunk(fitting.optimisation.accumulate)
        mine = torch.cat([checkpoint(encode, part, use_reentrant=False) for part in parts])  # type: ignore[arg-type]
    return fitting.ranks.gather(
        mine, [len(rows_of(len(images), Ranks(r, fitting.ranks.count))) for r in range(fitting.ranks.count)]
    )


def _pixels(fitting: Fitting, images: np.ndarray, stream: int) -> Tensor:
    """(n, 3, px, px) of this process's share of the batch, augmented and normalised, or its vectors (n, E).

    Each part of the batch has random numbers of its own, so that the pictures are the same however many processes there are.
    """
    rows = rows_of(len(images), fitting.ranks)
    squares = torch.from_numpy(fitting.squares.take(images[rows.start : rows.stop]))
    if squares.ndim == 2:  # vectors computed elsewhere
        return squares.to(fitting.device)
    made = pictures(squares, fitting.px, fitting.augmentation, stream + rows.start, fitting.device)
    return fitting.normalise(made).to(fitting.device, memory_format=torch.channels_last)


def _text_features(fitting: Fitting, captions: np.ndarray) -> Tensor:
    """(M, D) float32, L2-normalised, one row a caption drawn; each distinct caption is encoded once, by one process."""
    distinct, back = np.unique(captions, return_inverse=True)
    if len(distinct) < fitting.ranks.count:
        distinct = np.resize(distinct, fitting.ranks.count)  # no process may stand idle: all wait for all
    share = fitting.ranks.share(len(distinct))
    mine = _encoded_texts(fitting, distinct[share.start : share.stop])
    return fitting.ranks.gather_shares(mine, len(distinct))[torch.from_numpy(back).to(fitting.device)]


def _encoded_texts(fitting: Fitting, captions: np.ndarray) -> Tensor:
    """(m, D) of distinct captions; in parts whose activations are recomputed, as those of the images."""
    from torch.utils.checkpoint import checkpoint

    parts = [p for p in np.array_split(captions, fitting.optimisation.accumulate) if len(p)]
    if len(parts) < 2 or fitting.texts.cached or not torch.is_grad_enabled():
        return fitting.texts.features(captions)
    return torch.cat([checkpoint(fitting.texts.features, part, use_reentrant=False) for part in parts])  # type: ignore[arg-type]


def _loss(fitting: Fitting, features: Tensor, texts: Tensor, images: np.ndarray, captions: np.ndarray) -> Tensor:
    pool, objective = fitting.pool, fitting.objective
    same = torch.from_numpy(pool.same_region(images, captions)).to(fitting.device)
    fits = torch.from_numpy(pool.fits(images, captions)).to(fitting.device) if pool.image_specific else None
    scale = fitting.clip.logit_scale.exp()
    loss = contrast(features, texts, scale, same, fits, objective, fitting.bias)
    if objective.image_weight:
        regions = torch.from_numpy(pool.image_regions[images]).to(fitting.device)
        loss = loss + objective.image_weight * image_contrast(features, regions, scale)
    return loss


def as_in_use(model: Model) -> None:
    """Set an adapted model to run as it will in use, but for the adapters' own dropout: running means and variances stay the
    base's, since an adapter must not depend on the batch it was trained in, and the base's dropout is off, whose random numbers
    take half of a step on a CPU."""
    model.eval()
    for name, module in model.named_modules():
        if name.endswith("lora_dropout"):
            module.train()


def _try_backward(fitting: Fitting) -> None:
    images = draw_images(fitting.pool, fitting.seed, 0, fitting.optimisation.sampling)[: fitting.optimisation.batch_size]
    buffers = {n: b.clone() for n, b in fitting.learner.named_buffers()}
    backward(fitting, images, 0, 0)
    refuse_dead(fitting.learner)
    fitting.learner.zero_grad(set_to_none=True)
    with torch.no_grad():
        for name, buffer in fitting.learner.named_buffers():
            buffer.copy_(buffers[name])
