"""A model small enough to reason about: it sees an image's mean colour and reads colour words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from cytoscribe.core.errors import InputError
from cytoscribe.core.images import read_image
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.tables import write_csv
from cytoscribe.training.images import Skipped, squared
from cytoscribe.training.rejection.appearance import measure

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (40, 50, 210), "grey": (120, 120, 120)}


@dataclass(frozen=True)
class FakeSets:
    """A region is plausible where its cosine is above 0.9."""

    classes: Tensor
    own_reference: tuple[int, ...] = ()

    def p_values(self, features: Tensor) -> np.ndarray:
        return np.where((features @ self.classes.T).numpy() > 0.9, 0.5, 0.01)


@dataclass(frozen=True)
class FakeRejection:
    """Rejects where no class is near: score = 1 - best cosine."""

    classes: Tensor
    alpha: float = 0.05
    notes: tuple[str, ...] = ()
    sets: bool = False
    sources: dict[str, Any] = field(default_factory=dict)

    def for_source(self, name: str) -> FakeRejection | None:
        return self.sources.get(name)

    def recalibrated(self, class_features: Tensor) -> FakeRejection:
        return FakeRejection(class_features, self.alpha, sets=self.sets)

    def label_sets(self) -> FakeSets | None:
        return FakeSets(self.classes) if self.sets else None

    def scores(self, image_features: Tensor, class_features: Tensor | None = None) -> np.ndarray:
        classes = self.classes if class_features is None else class_features
        return 1 - (image_features @ classes.T).max(1).values.double().numpy()

    def p_values(self, scores: np.ndarray, predicted: Any = None) -> np.ndarray:
        return np.where(np.asarray(scores) > 0.1, 0.01, 0.5)

    def rejects(self, scores: np.ndarray, predicted: Any = None) -> np.ndarray:
        return self.p_values(scores) <= self.alpha


@dataclass(frozen=True)
class FakeModel:
    """Knows the regions red, green and blue."""

    folder: Path
    regions: tuple[str, ...] = ("red", "green", "blue")
    class_captions: dict[str, list[str]] = field(default_factory=lambda: {c: [f"a {c} field"] for c in ("red", "green", "blue")})
    logit_scale: float = 10.0
    sets: bool = False
    strange: float = 1.0
    settings: dict[str, Any] = field(default_factory=dict)
    appearance: Any = None
    sources: dict[str, Any] = field(default_factory=dict)

    def measures(self, records: Sequence[ImageRecord]) -> np.ndarray:
        return measure(np.stack([squared(read_image(r.path), 20).transpose(2, 0, 1) for r in records]))

    @property
    def rejection(self) -> FakeRejection:
        return FakeRejection(self.class_features(), sets=self.sets, sources=self.sources)

    @property
    def normalisation(self) -> str:
        return "left as they are"

    def strangeness(self, features: Tensor) -> float:
        return self.strange

    def normalised_to(self, records: Sequence[ImageRecord]) -> FakeModel:
        return self

    def encode_images(self, records: Sequence[ImageRecord], batch_size: int = 64, skipped: list[Any] | None = None) -> Tensor:
        rows = []
        for record in records:
            try:
                rows.append(read_image(record.path).reshape(-1, 3).mean(0) / 255)
            except InputError as error:
                if skipped is None:
                    raise
                skipped.append(Skipped(record.path, record.row, error.what))
                rows.append(np.full(3, np.nan))
        return torch.nn.functional.normalize(torch.tensor(np.array(rows).reshape(-1, 3)).float(), dim=-1)

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        rows = [sum(np.array(c, float) for name, c in COLOURS.items() if name in t) + np.ones(3) for t in texts]
        return torch.nn.functional.normalize(torch.tensor(np.array(rows)).float(), dim=-1)

    def class_features(self, class_captions: Mapping[str, Sequence[str]] | None = None) -> Tensor:
        texts = class_captions or self.class_captions
        return torch.nn.functional.normalize(torch.stack([self.encode_texts(texts[r]).mean(0) for r in self.regions]), dim=-1)


def paint(path: Path, colour: Sequence[float], seed: int, noise: float = 12.0) -> Path:
    """A square of one colour with noise."""
    rng = np.random.default_rng(seed)
    values = np.asarray(colour) + rng.normal(0, noise, 3) + rng.normal(0, 6, (20, 20, 3))
    Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def model(tmp_path: Path) -> FakeModel:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "regions.json").write_text("{}")
    (folder / "merged").mkdir()
    return FakeModel(folder)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """images.csv: eight test and two train images of each known colour in four sections, and six grey ones that are unseen."""
    rows, number = [], 0
    for region, colour in COLOURS.items():
        for i in range(6 if region == "grey" else 10):
            number += 1
            path = paint(tmp_path / f"{region}{i}.png", colour, number)
            split = "unseen" if region == "grey" else "train" if i >= 8 else "test"
            section = f"s{i % 4}" if split != "train" else "t0"
            rows.append((path.name, region, section, split, "dark" if i % 2 else "pale"))
    table = tmp_path / "images.csv"
    write_csv(table, ("image_path", "region", "section", "split", "shade"), rows)
    return table
