"""Negative labels for rejection: would texts of what no known region shows tell unseen images apart better than the scores there are?

    CYTO_DATA=DATA uv run benchmarks/negative_labels.py --model MODEL

MODEL is a model folder that blood_cells.py trained. As in NegLabel (Jiang et al. 2024), an image is strange where texts of nothing known
lie nearer than texts of the known. The negatives come from the field's own vocabulary: captions of sets of the eleven attributes that
differ in at least --apart of them from every set in training. Each known region is left out in turn and plays unseen, on held-out
images, as when training chooses its scores; no unseen class and no test image has a part in it. It prints AUROC, the mean over folds.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from blood_cells import COLUMNS, cells_table, some_of
from sklearn.metrics import roc_auc_score
from torch import Tensor

from cytoscribe.captions.wording.exact import compose_exact
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.tables import read_images
from cytoscribe.training.model.model_folder import TrainedModel
from cytoscribe.training.rejection.scores import SCORES
from cytoscribe.training.rejection.selection import without

TRIED = 4000
NEGATIVES = 150
EACH = 30
"""Training images of a region whose full captions stand for it."""


def main() -> None:
    """Print a row a score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model folder that blood_cells.py trained")
    parser.add_argument(
        "--apart", type=int, default=3, help="attributes in which negatives differ from all training sets (default 3)"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    model = TrainedModel.load(options.model)
    training = [r for r in read_images(cells_table(), region_column="label") if r.split == "train"]
    rng = np.random.default_rng(options.seed)
    negatives = model.encode_texts(compose_exact(far_sets(training, options.apart, rng), COLUMNS).texts)
    full = [model.encode_texts(compose_exact(some_of(training, region, EACH, rng), COLUMNS).texts) for region in model.regions]
    found = by_fold(model, negatives, full)
    folds = len(model.regions)
    print(f"{len(negatives)} negatives; AUROC over {folds} folds of {len(model.rejection.calibration)} held-out images\n")
    print(f"| score | mean | {' | '.join(model.regions)} |\n|---|---|{'---|' * folds}")
    for name, values in found.items():
        print(f"| {name} | {np.mean(values):.4f} | {' | '.join(f'{v:.3f}' for v in values)} |")


def far_sets(training: Sequence[ImageRecord], apart: int, rng: np.random.Generator) -> list[ImageRecord]:
    """At most NEGATIVES sets of attribute values that differ in at least `apart` from those of every training image."""
    values = {c: sorted({r.attributes[c] for r in training}) for c in COLUMNS}
    known = np.unique([[values[c].index(r.attributes[c]) for c in COLUMNS] for r in training], axis=0)
    tried = np.stack([rng.integers(0, len(values[c]), TRIED) for c in COLUMNS], axis=1)
    far = [row for row in tried if (row != known).sum(1).min() >= apart][:NEGATIVES]
    return [ImageRecord(Path(), "", attributes={c: values[c][v] for c, v in zip(COLUMNS, row, strict=True)}) for row in far]


def by_fold(model: TrainedModel, negatives: Tensor, full: Sequence[Tensor]) -> dict[str, list[float]]:
    """AUROC of each score, a value a region left out."""
    held_out, scale = model.rejection.held_out, model.logit_scale
    assert held_out is not None, "the model folder keeps no held-out features"
    found: dict[str, list[float]] = {}

    def near(texts: Tensor) -> Tensor:
        return torch.logsumexp(scale * held_out.features @ texts.T, dim=1)

    for left_out in range(len(model.regions)):
        context = without(model.rejection.context, left_out)
        strange = (held_out.labels == left_out).numpy()
        known = near(torch.cat([texts for k, texts in enumerate(full) if k != left_out]))
        scores = {
            "negatives against class captions": near(negatives) - near(context.classes),
            "negatives against full captions": near(negatives) - known,
            "full captions alone": -known,
            **{name: score(held_out.features, context) for name, score in SCORES.items()},
        }
        for name, score in scores.items():
            found.setdefault(name, []).append(float(roc_auc_score(strange, np.asarray(score))))
    return found


if __name__ == "__main__":
    main()
