"""Phantoms on disk: pictures with label maps, tables of their cells, and the tables that the other stages read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import track
from cytoscribe.core.runs import RunFolder, atomic_path
from cytoscribe.core.tables import write_csv
from cytoscribe.phantom.areas import Area, areas
from cytoscribe.phantom.draw import draw
from cytoscribe.phantom.section import draw_section
from cytoscribe.phantom.tissue import SHAPES, CellTable, Preparation

IMAGE_COLUMNS = ("image_path", "region", "section", "pixel_size_um", "mask_path")


@dataclass(frozen=True)
class PhantomSettings:
    """areas: names, none for all; images: patches of each area; sections: whole sections that hold all of the areas; size_px: side
    of a patch; pixel_size_um: micrometres a pixel of both; section_px: height and width of a section, 0 to fit its areas."""

    out: Path
    areas: tuple[str, ...] = ()
    images: int = 1
    sections: int = 0
    size_px: int = 512
    pixel_size_um: float = 8.0
    preparation: Preparation = field(default_factory=Preparation)
    seed: int = 0
    overwrite: bool = False


def write_phantoms(settings: PhantomSettings) -> dict[str, int]:
    """Draw patches and sections with their truth into `settings.out`; returns how many of each.

    Patches: `images/`, `layers/` (label maps of layers), `cells/` (tables), `images.csv`. Sections: `sections/`, `labels/` (label
    maps of areas), `groups.csv`. Both: `layers.csv`, which names the values of the layer maps. Raises InputError for an unknown area,
    or settings that cannot be drawn.
    """
    chosen = _chosen(settings.areas)
    told = {k: getattr(settings, k) for k in ("areas", "images", "sections", "size_px", "pixel_size_um", "preparation", "seed")}
    with RunFolder(settings.out, "phantom", told, overwrite=settings.overwrite) as run:
        rows = list(_patches(chosen, settings))
        if rows:
            write_csv(settings.out / "images.csv", IMAGE_COLUMNS, rows)
        for number in track(range(settings.sections), "drawing sections", unit="sections"):
            _section(chosen, settings, number)
        _write_names(chosen, settings)
        counts = {"patches": len(rows), "sections": settings.sections}
        run.finish(counts)
    return counts


def _chosen(names: Sequence[str]) -> list[Area]:
    known = {area.name: area for area in areas()}
    for name in names:
        if name not in known:
            raise InputError(f"no area '{name}'", fix=f"use one of {', '.join(known)}")
    return [known[name] for name in names] if names else list(areas())


def _patches(chosen: Sequence[Area], settings: PhantomSettings) -> Iterator[tuple[str, str, str, float, str]]:
    todo = [(area, number) for area in chosen for number in range(1, settings.images + 1)]
    for area, number in track(todo, "drawing patches", unit="images"):
        stem = f"{_file_name(area.name)}_{number:02d}"
        picture, layers = settings.out / f"images/{stem}.png", settings.out / f"layers/{stem}.png"
        table = settings.out / f"cells/{stem}.csv"
        if not table.exists():  # written last, so a patch whose table is there is whole
            rng = np.random.default_rng([settings.seed, number, *area.name.encode()])
            phantom = draw(area.spec, rng, settings.size_px, settings.pixel_size_um, settings.preparation)
            _write_picture(picture, phantom.image)
            _write_picture(layers, phantom.layer_map)
            _write_cells(table, phantom.cells, phantom.layer_names)
        yield f"images/{stem}.png", area.name, stem, settings.pixel_size_um, f"layers/{stem}.png"


def _section(chosen: Sequence[Area], settings: PhantomSettings, number: int) -> None:
    stem = f"section_{number + 1:02d}"
    picture, labels = settings.out / f"sections/{stem}.png", settings.out / f"labels/{stem}.png"
    if labels.exists():
        return
    rng = np.random.default_rng([settings.seed, 7, number])
    side_um = max(9.5 * max(a.thickness_um for a in chosen), 2200.0 * len(chosen))
    size = (round(0.82 * side_um / settings.pixel_size_um), round(side_um / settings.pixel_size_um))
    specs = [area.spec for area in chosen]
    section = draw_section(specs, rng, size, settings.pixel_size_um, replace(settings.preparation, margin_um=0.0))
    _write_picture(picture, section.image)
    _write_picture(labels, section.labels)


def _write_picture(path: Path, values: np.ndarray) -> None:
    from PIL import Image

    with atomic_path(path) as temporary:
        Image.fromarray(values).save(temporary, "PNG", compress_level=3)


def _write_cells(path: Path, cells: CellTable, layers: Sequence[str]) -> None:
    """One row a body: centre and area in micrometres, layer, shape, and whether it is a glial cell."""
    columns = ("x_um", "y_um", "area_um2", "angle_rad", "layer", "shape", "glia")
    rows = zip(
        np.round(cells.x_um, 2),
        np.round(cells.y_um, 2),
        np.round(cells.area_um2, 2),
        np.round(cells.angle, 3),
        (layers[i] for i in cells.layer),
        (SHAPES[i] for i in cells.shape),
        cells.glia.astype(int),
        strict=True,
    )
    write_csv(path, columns, rows)


def _write_names(chosen: Sequence[Area], settings: PhantomSettings) -> None:
    """Names of the label values: layers of each area, and areas of the sections as `cut-tiles` reads them."""
    layers = ((a.name, value, layer.name) for a in chosen for value, layer in enumerate(a.spec.layers, start=1))
    write_csv(settings.out / "layers.csv", ("region", "value", "layer"), layers)
    if settings.sections:
        groups = ((value, a.name, "unseen" if a.split else "seen") for value, a in enumerate(chosen, start=1))
        write_csv(settings.out / "groups.csv", ("label_value", "group", "use"), groups)


def _file_name(name: str) -> str:
    return name.replace(" ", "_")
