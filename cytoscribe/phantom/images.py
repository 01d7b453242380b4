"""Sample images: phantoms of every area from several drawn subjects, with the table that the other stages read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from cytoscribe.core.progress import track
from cytoscribe.core.runs import atomic_path
from cytoscribe.core.tables import write_csv
from cytoscribe.phantom.areas import Area, areas
from cytoscribe.phantom.draw import Phantom, PhantomSpec, Preparation, draw

COLUMNS = ("image_path", "region", "subject", "pixel_size_um", "split")
STAINS: tuple[Literal["cresyl", "silver", "thionin"], ...] = ("cresyl", "silver", "thionin")
SPLITS = ("train", "val", "test")
SUBJECTS = (14, 20, 6)
"""How many drawn subjects each split has; no subject is in two. A promise by subject needs at least 19 to calibrate it."""


@dataclass(frozen=True)
class ImageSettings:
    """per_region: images of each known area over all splits, one of each validation subject and the rest shared by the others, at least
    one a subject; subjects: of training, validation and test;
    size_px and pixel_size_um: of the pictures."""

    per_region: int = 60
    seed: int = 0
    subjects: tuple[int, int, int] = SUBJECTS
    size_px: int = 128
    pixel_size_um: float = 32.0


@dataclass(frozen=True)
class DrawnBrain:
    """One drawn brain: its stain and its own way of being like all others."""

    name: str
    split: str
    preparation: Preparation
    seed: int

    def spec(self, area: Area) -> PhantomSpec:
        """The area as this subject has it: layers a little broader or thinner, denser or sparser, cells larger or smaller."""
        rng = np.random.default_rng([self.seed, *area.name.encode()])
        size = rng.normal(1, 0.04)
        layers = tuple(
            replace(
                layer,
                fraction=layer.fraction * rng.lognormal(0, 0.10),
                density=layer.density * rng.lognormal(0, 0.10),
                cells=tuple(replace(c, diameter_um=c.diameter_um * size * rng.normal(1, 0.03)) for c in layer.cells),
            )
            for layer in area.spec.layers
        )
        return replace(area.spec, layers=layers)

    def view(self, rng: np.random.Generator) -> Preparation:
        """How one patch of this subject happens to be cut and photographed."""
        return replace(
            self.preparation,
            tilt_deg=rng.normal(0, 5),
            fold_um=rng.uniform(20, 90),
            margin_um=rng.uniform(20, 260),
            thickness=self.preparation.thickness * rng.normal(1, 0.06),
            neuropil=self.preparation.neuropil * rng.lognormal(0, 0.1),
            blur_um=self.preparation.blur_um * rng.lognormal(0, 0.25),
        )


def subjects(seed: int, counts: tuple[int, int, int] = SUBJECTS) -> tuple[DrawnBrain, ...]:
    """The drawn subjects of all splits; stains are mixed within every split."""
    rng, drawn = np.random.default_rng([seed, 1]), []
    for split, count in zip(SPLITS, counts, strict=True):
        for index in range(count):
            preparation = Preparation(
                stain=STAINS[index % 3],
                section_um=rng.uniform(15, 26),
                optical_density=rng.uniform(1.0, 1.6),
                neuropil=rng.uniform(0.04, 0.12),
                thickness=rng.normal(1, 0.07),
                density=rng.lognormal(0, 0.12),
                blur_um=rng.uniform(3, 10),
                noise=rng.uniform(1.5, 4),
                gain=rng.uniform(0.9, 1.4),
            )
            drawn.append(DrawnBrain(f"{split}-{index + 1}", split, preparation, int(rng.integers(2**31))))
    return tuple(drawn)


@dataclass(frozen=True)
class Plan:
    """One image to draw: `index` counts the images of this area and subject."""

    area: Area
    subject: DrawnBrain
    index: int

    @property
    def split(self) -> str:
        return "unseen" if self.area.split == "unseen" else self.subject.split

    @property
    def path(self) -> str:
        """Path of the picture relative to the table."""
        return f"images/{self.area.name.replace(' ', '_')}/{self.subject.name}_{self.index + 1:02d}.png"

    def draw(self, settings: ImageSettings) -> Phantom:
        """The phantom, the same whenever it is drawn."""
        rng = np.random.default_rng([self.subject.seed, self.index, *self.area.name.encode()])
        return draw(self.subject.spec(self.area), rng, settings.size_px, settings.pixel_size_um, self.subject.view(rng))


def plans(settings: ImageSettings) -> Iterator[Plan]:
    """All images: known areas from every subject, unseen ones from the test subjects alone, so that only the area is new."""
    training, validation, test = settings.subjects
    each = max((settings.per_region - validation) // (training + test), 1)
    for area in areas():
        for subject in subjects(settings.seed, settings.subjects):
            if area.split != "unseen" or subject.split == "test":
                yield from (Plan(area, subject, index) for index in range(1 if subject.split == "val" else each))


def shown(settings: ImageSettings) -> list[Plan]:
    """The images that the report shows: the first of each area, of the first test subject."""
    return [p for p in plans(settings) if p.subject.name == "test-1" and p.index == 0]


def write_images(folder: Path, settings: ImageSettings) -> Path:
    """Draw all images below `folder` and write images.csv; pictures that are there already are kept. Returns the table's path."""
    from PIL import Image

    todo = list(plans(settings))
    for plan in track(todo, "drawing cortex", unit="images"):
        path = folder / plan.path
        if path.exists():
            continue
        with atomic_path(path) as temporary:
            Image.fromarray(plan.draw(settings).image).save(temporary, "PNG", compress_level=3)
    table = folder / "images.csv"
    write_csv(table, COLUMNS, [(p.path, p.area.name, p.subject.name, settings.pixel_size_um, p.split) for p in todo])
    return table


def write_regions(folder: Path) -> Path:
    """Write regions.csv of all areas; returns its path."""
    path = folder / "regions.csv"
    rows = [(a.name, ";".join(a.aliases), a.parent, a.split) for a in areas()]
    write_csv(path, ("region", "aliases", "parent", "split"), rows)
    return path
