"""WiSE-FT: weights between the base's and the trained ones, which keep more of what the base knew (Wortsman et al. 2022)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from cytoscribe.core.errors import InputError
from cytoscribe.training.model.base_models import Base


def check_interpolation(alpha: float, base: Base) -> None:
    """Raise InputError where alpha is no share, or the base holds random weights, between which and trained ones nothing lies."""
    if not 0 <= alpha <= 1:
        raise InputError(f"--wise-ft {alpha:g} is no share", fix="give 0 (the base) to 1 (the trained weights)")
    if alpha < 1 and not base.pretrained:
        raise InputError("--wise-ft has no meaning for a base with random weights", fix="leave it out, or give a base with weights")


def interpolated(
    trained: Mapping[str, Tensor], base: Mapping[str, Tensor], alpha: float, given: tuple[str, ...] = ("",)
) -> dict[str, Tensor]:
    """(1 - alpha) * base + alpha * trained for every floating-point weight and running statistic (equation 1 of the paper).

    trained, base: state dicts of the same model; given: prefixes of names whose weights the base brought. What it had drawn at
    random (a new projection) has no earlier meaning to go back to and stays as trained.
    """
    return {
        name: ((1 - alpha) * base[name].float() + alpha * value.float()).to(value.dtype)
        if name.startswith(given) and value.is_floating_point()
        else value
        for name, value in trained.items()
    }
