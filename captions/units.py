"""What captions are written for: a region with the claims of papers, or a set of attributes that images share."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cytoscribe.captions.evidence import read_papers
from cytoscribe.captions.settings import AttributeSettings, Selection
from cytoscribe.captions.wording.facets import Facet
from cytoscribe.captions.wording.image_attributes import PhraseBook, image_claim, read_phrases, subject_of
from cytoscribe.captions.wording.scene import Scene, contradicts
from cytoscribe.core.errors import InputError
from cytoscribe.core.plain_text import is_number
from cytoscribe.core.records import Claim, ImageRecord, Region
from cytoscribe.core.tables import read_images, read_records
from cytoscribe.literature_mining.claims.kept_words import words_of
from cytoscribe.literature_mining.regions.mentions import RegionFinder
from cytoscribe.literature_mining.regions.table import RegionTable, read_regions
from cytoscribe.literature_mining.report.consensus import MergedClaim, in_species, settle_between, species_of, weigh
from cytoscribe.literature_mining.report.html import Paper

TYPICAL = 0.9
"""Share of a region's images that must agree on a value before it counts as the region's own."""

MOST_GRADES = 9
"""Whole numbers of which a column may hold this many, as of a grade or a count of lobes: more are measurements."""


@dataclass(frozen=True)
class Unit:
    """`wanted` captions are to be written of `region` from `claims`. `key` names the unit in seeds and messages.

    asked: captions that the settings ask for; `wanted` is less where the claims have fewer different sets.
    """

    key: str
    region: str
    claims: tuple[Claim, ...]
    wanted: int
    asked: int


@dataclass(frozen=True)
class Material:
    """All units of a run, what they are about, which regions were kept out because they are marked unseen, and the papers by name.

    species: region to the species whose claims are used, "" where no paper names one; set_aside: statements that other papers
    contradict; faint: claims whose score is too low; partnerless: comparisons whose sentence does not name the other region.
    """

    units: tuple[Unit, ...]
    scene: Scene
    unseen: tuple[str, ...] = ()
    source: str = ""
    papers: Mapping[str, Paper] = field(default_factory=dict)
    species: Mapping[str, str] = field(default_factory=dict)
    set_aside: tuple[MergedClaim, ...] = ()
    faint: int = 0
    partnerless: int = 0

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Claims of all units."""
        return tuple(c for u in self.units for c in u.claims)


def literature_material(folder: str | Path, per_region: int, selection: Selection | None = None) -> Material:
    """Units of a mining run: one a region with claims; regions that `regions.csv` marks unseen are kept out.

    Statements that other papers contradict are set aside, so that no two captions of the run contradict each other.
    Raises InputError where no claim is left, or the claims name other species only.
    """
    folder, selection = Path(folder), selection or Selection()
    claims = read_records(folder / "claims.parquet", Claim)
    regions = _mined_regions(folder, [c.region for c in claims])
    unseen = tuple(n for n, r in regions.items() if r.unseen)
    subject = read_phrases().subject
    scene = Scene(regions, subject, PhraseBook(subject, {}), image=False, words=words_of(folder))
    by_region: dict[str, list[Claim]] = {}
    for claim in claims:
        if claim.region not in unseen:
            by_region.setdefault(claim.region, []).append(claim)
    species = _species(by_region, selection.species, folder)
    agreed = settle_between([weigh(by_region[region], chosen) for region, chosen in species.items()])
    finder = RegionFinder(RegionTable(tuple(regions.values())))
    units, faint, partnerless = [], 0, 0
    for one in agreed:
        kept = [c for m in one.kept for c in m.claims]
        sure = [c for c in kept if c.score >= selection.min_score]
        own = tuple(c for c in sure if _names_partners(c, finder))
        faint, partnerless = faint + len(kept) - len(sure), partnerless + len(sure) - len(own)
        if facets := scene.facets(own):
            units.append(Unit(one.region, one.region, own, min(per_region, distinct_sets(facets, per_region)), per_region))
    if not units:
        raise InputError(
            "no region has a claim" + (f" with a score of at least {selection.min_score:g}" if faint else ""),
            where=folder,
            fix="lower --min-score" if faint else "mine more papers, or look at report.html for what was found",
        )
    set_aside = tuple(m for one in agreed for m in one.set_aside)
    told = {u.region: species[u.region] for u in units}
    return Material(tuple(units), scene, unseen, folder.resolve().name, read_papers(folder), told, set_aside, faint, partnerless)


def _names_partners(claim: Claim, finder: RegionFinder) -> bool:
    """Whether the claim's own sentence names every region that it compares with; who else is meant, nobody can check there."""
    if not claim.compared_to or not claim.sentence:
        return True
    return set(claim.compared_to) <= {n for m in finder.find(claim.sentence) for n in m.regions}


def _species(by_region: Mapping[str, Sequence[Claim]], wanted: str, folder: Path) -> dict[str, str]:
    """The species of each region: the one that is asked for, else the one with the most claims."""
    if not wanted:
        return {region: species_of(group)[0] for region, group in by_region.items()}
    known = {c.species for group in by_region.values() for c in group if c.species}
    spelled = next((s for s in sorted(known) if s.casefold() == wanted.casefold()), None)
    if spelled is None:
        named = f"choose from {', '.join(sorted(known))}" if known else "leave out --species: the claims name none"
        raise InputError(f"no claim of species '{wanted}'", where=folder, fix=named)
    return {region: spelled for region, group in by_region.items() if in_species(group, spelled)}


def distinct_sets(facets: Sequence[Facet], enough: int) -> int:
    """How many different sets of statements one caption can state, counted up to `enough`."""
    clashing = {
        pair
        for pair in itertools.combinations(range(len(facets)), 2)
        if any(contradicts(a, b) for a in facets[pair[0]].claims for b in facets[pair[1]].claims)
    }
    sets: list[frozenset[int]] = [frozenset()]
    for i in range(len(facets)):
        sets += [s | {i} for s in sets if not any((j, i) in clashing for j in s)]
        if len(sets) > enough:
            return enough
    return len(sets) - 1


def _mined_regions(folder: Path, described: Iterable[str]) -> dict[str, Region]:
    """The regions of a mining run by name. Their table says which are unseen, so nothing is written without it.

    Raises InputError where the table is missing, or lacks a region that the run describes.
    """
    table = folder / "regions.csv"
    fix = "put back the table that mine-descriptions wrote, or mine again: it says which regions are unseen"
    if not table.is_file():
        raise InputError("no such file", where=table, fix=fix)
    regions = {r.name: r for r in read_regions(table, drop_shared=True).regions}
    missing = [name for name in dict.fromkeys(described) if name not in regions]
    if missing:
        raise InputError(f"no row for the region '{missing[0]}', which the mining run describes", where=table, fix=fix)
    return regions


def attribute_material(settings: AttributeSettings, per_region: int) -> Material:
    """Units of an images table: one a distinct set of attributes within a region, and one a region of what its images share.

    Rows of another split than `settings.split` never enter; a table without splits is used whole.
    Raises InputError where a column is missing or no row is left.
    """
    images = read_images(settings.table, region_column=settings.region_column)
    columns = settings.columns or tuple(images[0].attributes)
    _check_columns(settings, images[0], columns)
    rows = [i for i in images if not i.split or i.split == settings.split]
    unseen = tuple(dict.fromkeys(i.region for i in images if i.split == "unseen"))
    rows = [i for i in rows if i.region not in unseen and any(i.attributes.get(c) for c in columns)]
    if not rows:
        raise InputError(f"no row of split '{settings.split}' has attributes", where=settings.table, fix="choose another --split")
    _refuse_numbers(settings, rows, columns)
    book = read_phrases(settings.phrases)
    subject = subject_of(book, columns, settings.noun)
    regions = {n: Region(n) for n in dict.fromkeys(i.region for i in images)}
    units = [*_region_units(rows, columns, per_region, settings), *_set_units(rows, columns, settings)]
    return Material(tuple(units), Scene(regions, subject, book, image=True), unseen, settings.table.name)


def _check_columns(settings: AttributeSettings, first: ImageRecord, columns: Sequence[str]) -> None:
    missing = [c for c in columns if c not in first.attributes]
    if missing or not columns:
        what = f"no column '{missing[0]}'" if missing else "no attribute columns"
        raise InputError(what, where=settings.table, fix=f"choose --columns from {', '.join(first.attributes) or '(none found)'}")


def _refuse_numbers(settings: AttributeSettings, rows: Sequence[ImageRecord], columns: Sequence[str]) -> None:
    """Raise InputError where a column holds measurements: no caption says "a 100.3 nucleus area"."""
    for column in columns:
        values = {r.attributes[column] for r in rows if r.attributes.get(column)}
        if values and all(map(is_number, values)) and (len(values) > MOST_GRADES or any("." in v for v in values)):
            raise InputError(
                f"column '{column}' holds numbers, not words",
                where=settings.table,
                fix="name the columns that hold words with --columns, or turn measurements into words with measure-morphology",
            )


def _set_units(rows: Iterable[ImageRecord], columns: Sequence[str], settings: AttributeSettings) -> list[Unit]:
    sets = dict.fromkeys((r.region, tuple(r.attributes[c] for c in columns)) for r in rows)
    units = []
    for region, values in sets:
        pairs = [(c, v) for c, v in zip(columns, values, strict=True) if v]
        claims = tuple(image_claim(c, v, region, settings.table.name) for c, v in pairs)
        units.append(Unit(f"{region}|{'|'.join(f'{c}={v}' for c, v in pairs)}", region, claims, settings.per_set, settings.per_set))
    return sorted(units, key=lambda u: u.key)


def _region_units(rows: Sequence[ImageRecord], columns: Sequence[str], wanted: int, settings: AttributeSettings) -> list[Unit]:
    units = []
    for region in dict.fromkeys(r.region for r in rows):
        own = [r for r in rows if r.region == region]
        claims = []
        for column in columns:
            counts = Counter(r.attributes[column] for r in own if r.attributes[column])
            value, count = counts.most_common(1)[0] if counts else ("", 0)
            if value and count >= TYPICAL * counts.total():
                claims.append(image_claim(column, value, region, settings.table.name))
        if claims:
            units.append(Unit(region, region, tuple(claims), wanted, wanted))
    return units
