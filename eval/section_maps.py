"""Many sections mapped by one model: one after the other, in several processes, or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cytoscribe.core.errors import InputError, WriteError
from cytoscribe.core.many import each
from cytoscribe.core.progress import say
from cytoscribe.core.volumes import is_volume
from cytoscribe.eval.settings import MapSettings


def pictures_in(given: Sequence[Path]) -> list[Path]:
    """Sections as they are given, and the pictures right inside folders. Raises InputError where a folder holds none, or two sections
    would share the folder of their map."""
    from cytoscribe.training.data.sections import section_name
    from cytoscribe.training.data.slides import PICTURE_SUFFIXES

    found: list[Path] = []
    for path in given:
        if not path.is_dir() or is_volume(path):
            found.append(path)
            continue
        inside = [p for p in sorted(path.iterdir()) if p.name.lower().endswith(PICTURE_SUFFIXES) and not p.name.startswith(".")]
        if not inside:
            raise InputError("no picture in this folder", where=path, fix="give a folder of sections")
        found += inside
    names: dict[str, Path] = {}
    for path in found:
        other = names.setdefault(section_name(path), path)
        if other != path:
            raise InputError(f"{other} and {path} would be mapped into one folder", fix="rename one of them")
    return found


def map_sections(settings: Sequence[MapSettings], workers: int = 1, ray: str = "") -> Iterator[tuple[MapSettings, list[str]]]:
    """Map every section; yields its settings with the lines for the terminal.

    A section that cannot be mapped is named and passed over. Raises the first error where that is so for every one, or where results
    cannot be written.
    """
    first: InputError | None = None
    mapped = 0
    for one, outcome in each(_map, [_absolute(s) for s in settings], workers, ray):
        try:
            lines = outcome.get()
        except WriteError:
            raise
        except InputError as error:
            if len(settings) > 1:
                say(f"passed over section {one.section.name}: {error}")
            first = first or error
            continue
        mapped += 1
        yield one, lines
    if first is not None and not mapped:
        raise first


def _absolute(settings: MapSettings) -> MapSettings:
    """The same for a process that runs elsewhere."""
    captions = settings.class_captions and settings.class_captions.absolute()
    out = settings.out.absolute()
    return replace(settings, model=settings.model.absolute(), section=settings.section.absolute(), out=out, class_captions=captions)


def _map(settings: MapSettings) -> list[str]:
    from cytoscribe.eval import section_map

    return list(section_map.map_section(settings).lines())
