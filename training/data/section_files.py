"""Which files of two folders belong together: a section's picture, and its label map or outlines of the same name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.core.outlines import OUTLINE_SUFFIXES
from cytoscribe.core.progress import say
from cytoscribe.core.spelling import plain, respelled, shown
from cytoscribe.core.volumes import UNREAD
from cytoscribe.training.data.label_maps import LABEL_SUFFIXES
from cytoscribe.training.data.slides import PICTURE_SUFFIXES

_ENDINGS = ("_cp_masks", "_seg")
"""What cellpose adds to the name of a picture for its masks."""
_KNOWN = (*PICTURE_SUFFIXES, *OUTLINE_SUFFIXES, *LABEL_SUFFIXES, ".ome")
_SHOWN = 3


@dataclass(frozen=True)
class SectionFiles:
    """One section: its picture and its label map or outlines, found by the same name."""

    name: str
    image: Path
    labels: Path

    @property
    def outlined(self) -> bool:
        """Whether the labels are polygons."""
        return self.labels.name.lower().endswith(OUTLINE_SUFFIXES)


def find_sections(sections: Path, labels: Path) -> list[SectionFiles]:
    """Pictures that have labels of the same name, by name; what has no partner is said.

    Raises InputError where a folder is missing, no pair is found, or a name belongs to two files.
    """
    for folder in (sections, labels):
        if not folder.is_dir():
            raise InputError("no such folder", where=folder, fix="check --sections and --labels")
    pictures = _by_name(sections, PICTURE_SUFFIXES)
    maps = _beside(_by_name(labels, (*LABEL_SUFFIXES, *OUTLINE_SUFFIXES)), pictures, labels)
    pairs = [SectionFiles(name, path, maps[name]) for name, path in sorted(pictures.items()) if name in maps]
    unread = [*_unread(sections, PICTURE_SUFFIXES), *_unread(labels, (*LABEL_SUFFIXES, *OUTLINE_SUFFIXES))]
    if not pairs:
        _refuse_unread(unread)
        raise InputError(f"no picture has a label map of the same name in {labels}", where=sections, fix="give both the same name")
    if unread:
        say(f"skipped {len(unread)} files of formats that are not read ({_names(p.name for p in unread)})")
    alone = sorted(set(pictures) - set(maps))
    if alone:
        say(f"{len(alone)} of {len(pictures)} pictures have no labels of the same name ({_names(alone)})")
    return pairs


def _by_name(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if not path.name.lower().endswith(suffixes) or path.name.startswith("."):
            continue
        name = section_name(path)
        if name in found:
            raise InputError(f"'{name}' is both {found[name].name} and {path.name}", where=folder, fix="keep one of them")
        found[name] = path
    return found


def _beside(maps: dict[str, Path], pictures: dict[str, Path], folder: Path) -> dict[str, Path]:
    """Label files by the names of the pictures: without cellpose's endings, and in the pictures' own spelling."""
    for name in [n for n in maps if n not in pictures]:
        ending = next((e for e in _ENDINGS if name.endswith(e)), None)
        bare = name.removesuffix(ending) if ending else name
        if ending and bare in pictures:
            if bare in maps and ending == "_seg":
                say(f"{maps.pop(name).name} is passed over, {maps[bare].name} is read")
                continue
            if bare in maps:
                raise InputError(f"'{bare}' is both {maps[bare].name} and {maps[name].name}", where=folder, fix="keep one of them")
            maps[bare] = maps.pop(name)
    near = {old: new for old, new in respelled([n for n in maps if n not in pictures], pictures).items() if new not in maps}
    if near:
        say(f"labels were matched in spite of their spelling: {shown(near)}")
    return {near.get(name, name): path for name, path in maps.items()}


def section_name(path: Path) -> str:
    """File name without what tells its format: `s1` of `s1.png`, `s1.ome.tif`, `s1.nii.gz` and `s1.ome.tif.geojson`."""
    name = path.name
    while ending := next(
        (e for e in sorted(_KNOWN, key=len, reverse=True) if name.lower().endswith(e) and len(name) > len(e)), None
    ):
        name = name[: -len(ending)]
    return plain_accents(name)


def plain_accents(name: str) -> str:
    """A name with its accents composed, as tables have them and some file systems do not."""
    import unicodedata

    return unicodedata.normalize("NFC", name)


def _unread(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Files whose format is known and not read."""
    here = [p for p in sorted(folder.iterdir()) if not p.name.startswith(".") and not p.name.lower().endswith(suffixes)]
    return [p for p in here if p.suffix.lower() in UNREAD]


def _refuse_unread(paths: list[Path]) -> None:
    if not paths:
        return
    first = paths[0]
    raise InputError(
        f"files of formats that are not read ({_names(p.name for p in paths)}); {first.suffix} is {UNREAD[first.suffix.lower()]}",
        where=first.parent,
        fix="convert them to OME-TIFF or PNG (QuPath, Fiji or bfconvert do), outlines to GeoJSON",
    )


def _names(names: Iterable[str]) -> str:
    every = [plain(n) for n in names]
    return ", ".join(every[:_SHOWN]) + (" ..." if len(every) > _SHOWN else "")
