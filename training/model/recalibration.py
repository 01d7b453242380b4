"""Recalibrate the rejection of a trained model from the held-out features that its folder keeps: no image is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import write_json
from cytoscribe.core.verify import record_files
from cytoscribe.training.model import export
from cytoscribe.training.model.model_folder import CONFIG_FILE, read_model_settings
from cytoscribe.training.rejection.conformal import Rejection
from cytoscribe.training.rejection.selection import chosen_and_calibrated


def recalibrate(folder: Path, alpha: float | None = None, scores: Sequence[str] = ()) -> Rejection:
    """Rewrite calibration.json, and what config.json and the model card say of it.

    alpha: share of known images that may be rejected, None for the model's own; scores: which are combined, () to choose them as
    training does, by leaving known regions out in turn. Raises InputError where the folder keeps no held-out features, a score is
    unknown, or alpha is not within (0, 1); then nothing is changed.
    """
    told = read_model_settings(folder)
    before = Rejection.load(folder, tuple(told["regions"]))
    kept = before.held_out
    if kept is None:
        raise InputError("the folder keeps no held-out features", where=folder, fix="train the model again")
    rate = before.alpha if alpha is None else alpha
    after = chosen_and_calibrated(before.context, kept, before.regions, rate, scores, before.split, before.unit)
    after = replace(after, sources=before.sources)
    others = [note for note in told["notes"] if note not in before.notes]
    told |= {
        "notes": [*after.notes, *others],
        "rejection": after.summary(),
    }
    after.save(folder)
    write_json(folder / CONFIG_FILE, told)
    export.save_card(folder, told)
    record_files(folder)
    return after
