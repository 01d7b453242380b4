"""What the held-out images of known regions are for: validation after each epoch, and the rejector's threshold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.training.data import pairs
from cytoscribe.training.data.augmentation import strengths_of
from cytoscribe.training.data.embeddings import Vectors
from cytoscribe.training.data.label_sets import HeldOut
from cytoscribe.training.data.pairs import CaptionPool
from cytoscribe.training.data.squares import Squares
from cytoscribe.training.loop import Fitting
from cytoscribe.training.model import encoding
from cytoscribe.training.model.base_models import Base
from cytoscribe.training.rejection.appearance import Appearance, appearance_of, measure
from cytoscribe.training.rejection.conformal import Rejection
from cytoscribe.training.rejection.scores import context_from
from cytoscribe.training.rejection.selection import chosen_and_calibrated
from cytoscribe.training.settings import TrainSettings

BANK_PER_REGION = 400
"""Training images a region that the scores compare with."""


def validator(fitting: Fitting, base: Base, held_out: Squares | Vectors) -> Callable[[], dict[str, float]]:
    """A function that gives zero-shot macro-F1 and accuracy on the held-out images by the class captions."""
    captions = pairs.class_captions(fitting.pool)
    index = {name: i for i, name in enumerate(fitting.pool.names)}
    rows = [i for i, r in enumerate(held_out.records) if r.region in index]
    balance = fitting.augmentation.balanced
    truth = np.array([index[held_out.records[i].region] for i in rows])

    def figures() -> dict[str, float]:
        from sklearn.metrics import accuracy_score, f1_score

        with encoding.autocast(fitting.device, fitting.bf16):
            classes = class_features(fitting.clip, base, fitting.pool.names, captions, fitting.device)
            features = encoding.image_features(
                fitting.clip, held_out.all(rows), base.mean, base.std, fitting.device, balance=balance
            )
        predicted = (features @ classes.T).argmax(1).numpy()
        return {
            "macro_f1": round(float(f1_score(truth, predicted, average="macro")), 4),
            "accuracy": round(float(accuracy_score(truth, predicted)), 4),
        }

    return figures


def class_features(
    model: Any, base: Base, regions: tuple[str, ...], captions: dict[str, list[str]], device: torch.device
) -> Tensor:
    return encoding.class_features(lambda texts: encoding.text_features(model, base.tokenize, texts, device), regions, captions)


def calibrate_model(
    settings: TrainSettings, model: Any, base: Base, pool: CaptionPool, squares: Squares | Vectors, held_out: Squares | Vectors
) -> Rejection:
    """Rejector from training images (the bank) and held-out ones (the threshold), both of known regions alone."""
    cpu, options = torch.device("cpu"), settings.rejection
    balance = strengths_of(settings.image, squares.records).balanced
    rows = _bank_rows(pool, settings.seed)
    shown = _as_seen(torch.from_numpy(squares.all(rows)), base.image_px)
    bank = encoding.image_features(model, shown, base.mean, base.std, cpu, views=settings.image.views, balance=balance)
    classes = class_features(model, base, pool.names, pairs.class_captions(pool), cpu)
    scale = float(model.logit_scale.detach().exp())
    context = context_from(classes, bank, torch.from_numpy(pool.image_regions[rows]), scale)
    known = [i for i, r in enumerate(held_out.records) if r.region in pool.names]
    features = encoding.image_features(
        model, held_out.all(known), base.mean, base.std, cpu, views=settings.image.views, balance=balance
    )
    if not known:
        raise InputError("no held-out image to calibrate the rejection on", fix="give some rows split=val")
    labels = torch.tensor([pool.names.index(held_out.records[i].region) for i in known], dtype=torch.int64)
    unit, clusters = hanging_together([held_out.records[i] for i in known])
    kept = HeldOut(features, labels, clusters)
    return chosen_and_calibrated(context, kept, pool.names, options.alpha, options.scores, unit=unit)


def appearance_from(
    pool: CaptionPool, squares: Squares | Vectors, held_out: Squares | Vectors, px: int, seed: int
) -> Appearance | None:
    """What images of training and calibration look like; None for vectors, and where there are too few."""
    if isinstance(squares, Vectors):
        return None
    rows = _bank_rows(pool, seed)
    shown = _as_seen(torch.from_numpy(squares.all(rows)), px).numpy()
    measures = np.concatenate([measure(shown), measure(held_out.all())])
    _, clusters = hanging_together([*(squares.records[i] for i in rows), *held_out.records])
    return appearance_of(measures, None if clusters is None else clusters.numpy(), seed)


def hanging_together(records: Sequence[ImageRecord]) -> tuple[str, Tensor | None]:
    """`subject` or `section` with the number of each image's own (N,), where every image states it and some share one; else `image`.

    Subjects are taken before sections: brains differ more than sections of one brain.
    """
    for unit in ("subject", "section"):
        names = [(r.subject, r.section) if unit == "section" else (r.subject,) for r in records]
        if records and all(n[-1] for n in names) and len(set(names)) < len(names):
            places = {name: i for i, name in enumerate(dict.fromkeys(names))}
            return unit, torch.tensor([places[n] for n in names], dtype=torch.int64)
    return "image", None


def _as_seen(stored: Tensor, px: int) -> Tensor:
    """Stored squares (N, 3, S, S) uint8 at the side that the model sees; vectors (N, E) as they are."""
    if stored.ndim == 2:
        return stored
    plain = torch.nn.functional.interpolate(stored.float(), (px, px), mode="bicubic", antialias=True, align_corners=False)
    return plain.clamp(0, 255).round().byte()


def _bank_rows(pool: CaptionPool, seed: int) -> list[int]:
    rng = np.random.default_rng([seed, 3])
    chosen = []
    for region in range(len(pool.names)):
        own = np.flatnonzero(pool.image_regions == region)
        chosen.extend(sorted(rng.permutation(own)[:BANK_PER_REGION]))
    return [int(i) for i in chosen]
