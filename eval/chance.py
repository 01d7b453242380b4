"""Whether a model names held-out images any better than guessing would: one that does not must not sound sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from cytoscribe.eval.metrics.wilson import wilson
from cytoscribe.eval.model import Model

_TIMES = 1.5
"""Right this many times as often as by guessing, or more rarely, is called near chance however many images tell it."""


def near_chance(model: Model) -> str:
    """A sentence for people where a model's validation was near chance, "" where it was better or nobody knows."""
    return chance_note(model.settings, model.regions)


def chance_note(settings: Mapping[str, Any], regions: Sequence[str]) -> str:
    """settings: config.json of a model folder. Near chance: the lower end of Wilson's 95% interval of the accuracy does not exceed
    that of guessing among the regions, or the accuracy is less than _TIMES as high."""
    validation, rejection = settings.get("validation"), settings.get("rejection")
    accuracy = validation.get("accuracy") if isinstance(validation, Mapping) else None
    count = rejection.get("n") if isinstance(rejection, Mapping) else None
    if not _is_share(accuracy) or not isinstance(count, int) or count < 1 or len(regions) < 2:
        return ""
    chance = 1 / len(regions)
    if wilson(accuracy, count)[0] > chance and accuracy >= _TIMES * chance:
        return ""
    return (
        f"validation was near chance: {accuracy:.0%} of {count} held-out images were named rightly, guessing among {len(regions)} regions "
        f"gives {chance:.0%}; do not rely on the names"
    )


def _is_share(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1
