"""What is added to a card's head when a folder is published: licence, measured figures, and the images' own config."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json
from cytoscribe.core.shapes import anything, check, mapping

_LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,49}")
_TYPES = {
    "zero_shot.macro_f1": "f1",
    "zero_shot.accuracy": "accuracy",
    "retrieval.i2t.recall@1": "recall",
    "retrieval.i2i.map": "mean_average_precision",
    "open_set.auroc": "roc_auc",
    "open_set.fpr95": "fpr95",
    "open_set.known_rejected": "rejection_rate",
    "open_set.unseen_rejected": "rejection_rate",
}
"""Figures of metrics.json that a card shows, and the Hub's word for their kind."""
_MOST_HEAD = 1_000_000
"""Characters of a head; the parser of YAML is slow."""


def check_licence(name: str) -> None:
    """Raise InputError where a licence is not an identifier as the Hub writes them; "" is none."""
    if name and not _LICENCE.fullmatch(name):
        raise InputError(
            f"'{name}' is not a licence identifier", where="--license", fix="write it as the Hub does: mit, cc-by-4.0, other"
        )


def read_figures(path: Path) -> dict[str, dict[str, Any]]:
    """The figures of a metrics.json that a card shows: name to value, interval and n. Raises InputError where there are none."""
    told = check(read_json(path), mapping(anything()), path, "give the metrics.json of evaluate")
    found = {name: _figure(told, name) for name in _TYPES if _is_number(told.get(name))}
    if not found:
        raise InputError("contains no figure for the card", where=path, fix="give the metrics.json of evaluate")
    return found


def model_index(name: str, figures: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The card's `model-index`: every figure with its interval and number of images in its name."""
    metrics = [{"type": _TYPES[key], "name": _label(key, told), "value": told["value"]} for key, told in figures.items()]
    task = {"type": "zero-shot-image-classification", "name": "Naming regions, and saying unseen"}
    data = {"type": "custom", "name": "images of the model's owner (not public)"}
    return [{"name": name, "results": [{"task": task, "dataset": data, "metrics": metrics}]}]


def with_head(card: str, added: Mapping[str, Any]) -> str:
    """The card with entries put into its YAML head; lists of configs are joined, all else is replaced.

    Raises InputError where the card has no head that is a mapping.
    """
    import yaml

    match = re.match(r"---\r?\n(.*?)\r?\n---\r?\n", card, re.DOTALL)
    try:
        head = yaml.safe_load(match.group(1)) if match and len(match.group(1)) <= _MOST_HEAD else None
    except Exception:  # beside YAML's own errors: dates that are none, numbers that are none, lists that nest too deeply
        head = None
    if match is None or not isinstance(head, dict):
        raise InputError("the card has no YAML head", where="README.md", fix="write the folder again, or correct its first lines")
    configs = [*_configs(head), *_configs(added)]
    merged = {**head, **added, **({"configs": configs} if configs else {})}
    return f"---\n{yaml.safe_dump(merged, sort_keys=False, allow_unicode=True)}---\n{card[match.end() :]}"


def _configs(head: Mapping[str, Any]) -> list[Any]:
    configs = head.get("configs")
    return configs if isinstance(configs, list) else []


def _figure(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"value": told[name], "ci95": told.get(f"{name}.ci95"), "n": told.get(f"{name}.n")}


def _label(key: str, told: Mapping[str, Any]) -> str:
    interval, count = told["ci95"], told["n"]
    known = isinstance(interval, list) and len(interval) == 2 and all(map(_is_number, interval))
    parts = [f"95% interval {interval[0]:.3f} to {interval[1]:.3f}"] if known else []
    parts += [f"n = {count}"] if isinstance(count, int) else []
    return f"{key} ({', '.join(parts)})" if parts else key


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300
