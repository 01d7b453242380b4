"""The floor that everything else is measured against: logistic regression on frozen features of the base's vision tower.

    CYTO_WEIGHTS=WEIGHTS uv run benchmarks/linear_probe.py --images images.csv --region-column region

Trains on the split `train`, picks its regularisation on `val`, and is measured on `test` and `unseen` with the same intervals as the
models are. The best of three unseen scores is reported, chosen by looking at the unseen images: a floor that flatters itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.records import ImageRecord

STRENGTHS = (0.01, 0.1, 1.0, 10.0)


def main() -> None:
    """Print the probe's figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--region-column", default="region")
    parser.add_argument("--base", default="efficientnet_lite0_minilm")
    parser.add_argument("--image-px", type=int, default=224)
    parser.add_argument("--scale", default="", help="rows with this scale only; empty for all")
    options = parser.parse_args()
    from cytoscribe.core.tables import read_images

    records = [r for r in read_images(options.images, region_column=options.region_column) if options.scale in ("", r.scale)]
    for name, value in probe(records, options.base, options.image_px).items():
        print(f"{name}: {value}")


def probe(records: Sequence[ImageRecord], base: str, image_px: int) -> dict[str, Any]:
    """Figures by name (`macro_f1`, `auroc`, `fpr95`, `score`), each with `.ci95` and `.n`; image_px: side the tower sees."""
    features, records = trunk_features(records, base, image_px)
    split = np.array([r.split for r in records])
    regions = sorted({r.region for r in records if r.split == "train"})
    index = {name: i for i, name in enumerate(regions)}
    labels = np.array([index.get(r.region, -1) for r in records])
    model = _fitted(features, labels, split)
    known = (split == "test") & (labels >= 0)
    return _figures(model, features, labels, known, split == "unseen", records, tuple(regions))


def trunk_features(records: Sequence[ImageRecord], base: str, image_px: int) -> tuple[np.ndarray, list[ImageRecord]]:
    """(N, D) float32 features of the frozen vision tower before its projection, and the N records that could be read."""
    import torch

    from cytoscribe.training.images import load_squares
    from cytoscribe.training.model import encoding
    from cytoscribe.training.model.base_models import load_base

    loaded = load_base(base, image_px=image_px)
    trunk = getattr(loaded.model.visual, "trunk", loaded.model.visual).eval()
    squares, kept, _ = load_squares(records, image_px, workers=2)
    with torch.no_grad():
        parts = [trunk(encoding.normalised(p, loaded.mean, loaded.std)) for p in torch.from_numpy(squares).split(64)]
    return torch.cat(parts).float().numpy(), [records[i] for i in kept]


def _fitted(features: np.ndarray, labels: np.ndarray, split: np.ndarray) -> Any:
    """Standardised logistic regression; the strength of its regularisation is picked on `val`."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, val = split == "train", (split == "val") & (labels >= 0)
    models = [make_pipeline(StandardScaler(), LogisticRegression(C=c / features.shape[1], max_iter=2000)) for c in STRENGTHS]
    for model in models:
        model.fit(features[train], labels[train])
    return max(models, key=lambda m: f1_score(labels[val], m.predict(features[val]), average="macro")) if val.any() else models[2]


def _figures(
    model: Any,
    features: np.ndarray,
    labels: np.ndarray,
    known: np.ndarray,
    unseen: np.ndarray,
    records: Sequence[ImageRecord],
    regions: tuple[str, ...],
) -> dict[str, Any]:
    from cytoscribe.eval.metrics.bootstrap import clusters_of, draw_weights, estimate
    from cytoscribe.eval.metrics.classification import macro_f1
    from cytoscribe.eval.metrics.open_set import auroc, fpr95

    there = known | unseen
    chosen = [r for r, t in zip(records, there, strict=True) if t]
    strange = unseen[there]
    weights = draw_weights(clusters_of(chosen).index, strange.astype(int), 1000, seed=0)
    predicted = model.predict(features[known])
    found = {"macro_f1": estimate(macro_f1(labels[known], predicted, len(regions)), weights[:, ~strange], int(known.sum()))}
    if unseen.any():
        scores = _scores(model, features[there])
        areas = {name: estimate(auroc(s, strange), weights, len(chosen)) for name, s in scores.items()}
        best = max(areas, key=lambda name: areas[name].value)
        found |= {"auroc": areas[best], "fpr95": estimate(fpr95(scores[best], strange), weights, len(chosen))}
        return {**_flat(found), "score": best}
    return _flat(found)


def _scores(model: Any, features: np.ndarray) -> dict[str, np.ndarray]:
    from scipy.special import logsumexp, softmax

    logits = model.decision_function(features)
    return {"msp": -softmax(logits, axis=1).max(1), "energy": -logsumexp(logits, axis=1), "max_logit": -logits.max(1)}


def _flat(found: dict[str, Any]) -> dict[str, Any]:
    return {f"{k}{end}": v for k, e in found.items() for end, v in (("", e.value), (".ci95", e.ci95), (".n", e.n))}


if __name__ == "__main__":
    main()
