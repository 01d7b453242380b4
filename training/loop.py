"""The training loop: seeded steps, checkpoints, validation, and a resume that equals an undisturbed run bit for bit on a CPU."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cytoscribe.progress import bar
from training import checkpoints
from training.augmentation import Augmentation, augmented
from training.checkpoints import Progress
from training.encoding import Model, autocast
from training.lora import refuse_dead, trained
from training.losses import Objective, contrast, image_contrast
from training.optimisation import Optimisation, optimiser_of, rate_at
from training.pairs import CaptionPool, draw_captions, draw_images
from training.squares import Squares
from training.text_side import TextSide

CHECKPOINT = "checkpoint.safetensors"
BEST = "best.safetensors"


@dataclass
class Fitting:
    """What a step needs. learner: the module whose parameters learn (peft's wrapper, or the model); clip: the open_clip model."""

    learner: Any
    clip: Model
    pool: CaptionPool
    squares: Squares
    texts: TextSide
    objective: Objective
    optimisation: Optimisation
    augmentation: Augmentation
    normalise: Callable[[Tensor], Tensor]
    px: int
    seed: int
    device: torch.device
    bf16: bool
    frozen_statistics: bool
    trained_weights: int

    @property
    def steps_per_epoch(self) -> int:
        return max(1, len(self.pool.image_regions) // self.optimisation.batch_size)


def fit(fitting: Fitting, folder: Path, validate: Callable[[], dict[str, float]] | None) -> Progress:
    """Train to the end, from a checkpoint in `folder` where there is one. validate gives the figures after an epoch; the first
    one decides on early stopping. Raises InputError before the first step where an adapter is dead."""
    optimiser = optimiser_of(fitting.learner, fitting.optimisation)
    if (folder / CHECKPOINT).exists():
        progress = checkpoints.load(folder / CHECKPOINT, fitting.learner, optimiser)
    else:
        _try_backward(fitting)
        progress = Progress()
    settings = fitting.optimisation
    total = settings.epochs * fitting.steps_per_epoch
    with bar("training", total, "steps", done=progress.epoch * fitting.steps_per_epoch + progress.step) as running:
        while progress.epoch < settings.epochs and not _patience_spent(progress, settings.patience):
            _epoch(fitting, optimiser, progress, folder, running)
            _finish_epoch(fitting, progress, folder, validate)
            checkpoints.save(folder / CHECKPOINT, fitting.learner, optimiser, progress)
    if settings.patience and (folder / BEST).exists():
        checkpoints.load(folder / BEST, fitting.learner, None)
    return progress


def _patience_spent(progress: Progress, patience: int) -> bool:
    return bool(patience) and progress.best_epoch >= 0 and progress.epoch - 1 - progress.best_epoch >= patience


def _epoch(fitting: Fitting, optimiser: torch.optim.Optimizer, progress: Progress, folder: Path, running: Any) -> None:
    settings = fitting.optimisation
    order = draw_images(fitting.pool, fitting.seed, progress.epoch, settings.sampling)
    total = settings.epochs * fitting.steps_per_epoch
    while progress.step < fitting.steps_per_epoch:
        first = progress.step * settings.batch_size
        images = order[first : first + settings.batch_size]
        for group in optimiser.param_groups:
            done = progress.epoch * fitting.steps_per_epoch + progress.step
            group["lr"] = group["rate"] * rate_at(done, total, settings.warmup)
        optimiser.zero_grad(set_to_none=True)
        loss = backward(fitting, images, progress.epoch, progress.step)
        torch.nn.utils.clip_grad_norm_([p for _, p in trained(fitting.learner)], 1.0)
        optimiser.step()
        with torch.no_grad():
            fitting.clip.logit_scale.clamp_(0, math.log(100))
        progress.step += 1
        progress.losses.append(round(loss, 6))
        running.advance()
        running.note(f"epoch {progress.epoch + 1}, loss {loss:.3f}")
        if progress.step % settings.checkpoint_steps == 0 and progress.step < fitting.steps_per_epoch:
            checkpoints.save(folder / CHECKPOINT, fitting.learner, optimiser, progress)


def _finish_epoch(fitting: Fitting, progress: Progress, folder: Path, validate: Callable[[], dict[str, float]] | None) -> None:
    recent = progress.losses[-fitting.steps_per_epoch :]
    figures = validate() if validate else {}
    progress.history.append({"epoch": progress.epoch + 1, "loss": round(float(np.mean(recent)), 6), **figures})
    first = next(iter(figures.values()), None)
    if first is not None and first > progress.best:
        progress.best, progress.best_epoch = first, progress.epoch
        if fitting.optimisation.patience:
            checkpoints.save(folder / BEST, fitting.learner, None, progress)
    progress.epoch, progress.step = progress.epoch + 1, 0


def backward(fitting: Fitting, images: np.ndarray, epoch: int, step: int) -> float:
    """Gradients of one batch of image indices; returns the loss. All that is random hangs on (seed, epoch, step)."""
    fitting.clip.train()
    if fitting.frozen_statistics:
        freeze_statistics(fitting.clip)
    rng = np.random.default_rng([fitting.seed, 2, epoch, step])
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    torch.manual_seed(int(rng.integers(2**62)))
    captions = draw_captions(fitting.pool, images, rng, fitting.optimisation.captions_per_image)
    pixels = augmented(torch.from_numpy(fitting.squares.take(images)), fitting.px, fitting.augmentation, generator)
    pixels = fitting.normalise(pixels).to(fitting.device, memory_format=torch.channels_last)
    with autocast(fitting.device, fitting.bf16):
        features = _image_features(fitting, pixels)
        texts = fitting.texts.features(captions)
    loss = _loss(fitting, features, texts, images, captions)
    loss.backward()
    return float(loss.detach())


def _image_features(fitting: Fitting, pixels: Tensor) -> Tensor:
    """(N, D) float32, L2-normalised. With accumulate > 1 the activations of each part are dropped and recomputed in the
    backward pass, so memory shrinks while the contrastive batch stays whole."""
    from torch.utils.checkpoint import checkpoint

    def encode(part: Tensor) -> Tensor:
        return torch.nn.functional.normalize(fitting.clip.encode_image(part).float(), dim=-1)

    if fitting.optimisation.accumulate == 1:
        return encode(pixels)
    parts = pixels.chunk(fitting.optimisation.accumulate)
    return torch.cat([checkpoint(encode, part, use_reentrant=False) for part in parts])  # type: ignore[arg-type]


def _loss(fitting: Fitting, features: Tensor, texts: Tensor, images: np.ndarray, captions: np.ndarray) -> Tensor:
    pool, objective = fitting.pool, fitting.objective
    same = torch.from_numpy(pool.same_region(images, captions)).to(fitting.device)
    fits = torch.from_numpy(pool.fits(images, captions)).to(fitting.device)
    scale = fitting.clip.logit_scale.exp()
    loss = contrast(features, texts, scale, same, fits, objective)
    if objective.image_weight:
        regions = torch.from_numpy(pool.image_regions[images]).to(fitting.device)
        loss = loss + objective.image_weight * image_contrast(features, regions, scale)
    return loss


def freeze_statistics(model: Model) -> None:
    """Keep running means and variances as the base has them: an adapter must not depend on the batch it was trained in."""
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.eval()


def _try_backward(fitting: Fitting) -> None:
    images = draw_images(fitting.pool, fitting.seed, 0, fitting.optimisation.sampling)[: fitting.optimisation.batch_size]
    buffers = {n: b.clone() for n, b in fitting.learner.named_buffers()}
    backward(fitting, images, 0, 0)
    refuse_dead(fitting.learner)
    fitting.learner.zero_grad(set_to_none=True)
    with torch.no_grad():
        for name, buffer in fitting.learner.named_buffers():
            buffer.copy_(buffers[name])
