"""Options that would do nothing in a run: each is refused by name, since the user who gave it relies on it."""

from __future__ import annotations

from collections.abc import Iterator

from cytoscribe.core.errors import InputError
from cytoscribe.training.losses import Objective
from cytoscribe.training.model.base_models import Base
from cytoscribe.training.model.lora import Tuning
from cytoscribe.training.optimisation import Optimisation
from cytoscribe.training.settings import ImageOptions, TrainSettings

_LORA_ALONE = {"rank": "--rank", "alpha": "--alpha", "dropout": "--dropout", "depthwise": "--depthwise"}
_LABEL_ALONE = {
    "region_weight": "--region-weight",
    "region_positives": "--region-positives",
    "claim_weight": "--claim-weight",
    "whole_weight": "--whole-weight",
}


def refuse_idle(settings: TrainSettings, base: Base, held_out: bool) -> None:
    """Raise InputError naming the first option that was changed and cannot take effect; held_out: there are images to validate on."""
    for option, why, fix in _idle(settings, base, held_out):
        raise InputError(f"{option} has no effect {why}", fix=fix)


def _idle(settings: TrainSettings, base: Base, held_out: bool) -> Iterator[tuple[str, str, str]]:
    tuning, plain = settings.tuning, Tuning()
    if tuning.resolved(base.pretrained) == "full":
        fix = "leave it out, or give --tune lora"
        for name, option in _LORA_ALONE.items():
            if getattr(tuning, name) != getattr(plain, name):
                yield option, "where all weights are trained", fix
        if tuning.frozen:
            yield "--freeze", "where all weights are trained", fix
    elif tuning.towers == "none" and (tuning.dropout or tuning.depthwise):
        yield "--dropout" if tuning.dropout else "--depthwise", "with --towers none", "leave it out, or adapt a tower"
    if settings.embeddings is not None:
        yield from _idle_with_vectors(settings)
    if settings.objective.loss not in ("label", "auto"):
        for name, option in _LABEL_ALONE.items():
            if getattr(settings.objective, name) != getattr(Objective(), name):
                yield option, f"with --loss {settings.objective.loss}", "leave it out, or give --loss label"
    if not settings.objective.hard_weight and settings.optimisation.hard_a_step != Optimisation().hard_a_step:
        yield "--hard-per-step", "without a --hard-weight", "leave it out, or give a --hard-weight"
    if settings.image.laminar and settings.image.augmentation == "none":
        yield "--laminar", "with --augment none", "leave it out"
    if settings.optimisation.patience and not held_out:
        yield "--patience", "without held-out images", "leave it out, or give some rows split=val"


def _idle_with_vectors(settings: TrainSettings) -> Iterator[tuple[str, str, str]]:
    plain = ImageOptions()
    changed = {
        "--augment": settings.image.augmentation != plain.augmentation,
        "--laminar": settings.image.laminar,
        "--image-px": settings.image.image_px is not None,
        "--views": settings.image.views != plain.views,
        "--depthwise": settings.tuning.depthwise,
    }
    for option, there in changed.items():
        if there:
            yield option, "with --embeddings", "leave it out"
