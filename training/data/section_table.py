"""What is known of each section beside its pixels (subject, pixel size, split), and the split of sections that follows from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError, cell
from cytoscribe.core.progress import say
from cytoscribe.core.spelling import GAPS, respelled, shown
from cytoscribe.core.tables import pixel_size, read_csv, refuse_typos
from cytoscribe.training.data.section_files import section_name

SPLITS = ("train", "val", "test")
_COLUMNS = ("section", "subject", "pixel_size_um", "split")
LEAST_SUBJECTS = 3
"""Subjects from which on whole subjects are split: with fewer, one of train, val and test would be empty."""


@dataclass(frozen=True)
class SectionFacts:
    """One row of the table; empty or None where it does not say."""

    subject: str = ""
    pixel_size_um: float | None = None
    split: str = ""


def read_section_table(path: Path, names: list[str]) -> dict[str, SectionFacts]:
    """Read `section` and, where there, `subject`, `pixel_size_um` and `split`; sections it does not name have no facts.

    Raises InputError naming the row of a split, subject or pixel size that is none, of a section that is listed twice, and where only some
    of the sections have a split.
    """
    found: dict[str, SectionFacts] = {}
    table = read_csv(path, ["section"])
    refuse_typos(path, table, _COLUMNS)
    for row, line in table:
        name, split = line["section"], line.get("split", "").lower()
        if split and split not in SPLITS:
            raise InputError(f"unknown split '{split}'", where=cell(path, row, "split"), fix=f"use one of {', '.join(SPLITS)}")
        if line.get("subject", "").lower() in GAPS:
            raise InputError(
                f"'{line['subject']}' is no subject", where=cell(path, row, "subject"), fix="name it, or leave all empty"
            )
        facts = SectionFacts(line.get("subject", ""), pixel_size(path, row, line.get("pixel_size_um", "")), split)
        if name in found:
            both = {found[name].split, split} - {""}
            told = f"section '{name}' is in {' and '.join(sorted(both))}" if len(both) > 1 else f"section '{name}' is listed twice"
            raise InputError(told, where=cell(path, row, "section"), fix="give each section one row")
        found[name] = facts
    found = _matched(path, found, names)
    lacking = [n for n in names if not found.get(n, SectionFacts()).split]
    if 0 < len(lacking) < len(names):
        raise InputError(
            f"section '{lacking[0]}' has no split although others have", where=path, fix="give all of them one, or none"
        )
    return found


def _matched(path: Path, found: dict[str, SectionFacts], names: list[str]) -> dict[str, SectionFacts]:
    """The rows by the sections' own names: file endings, accents and letter case are corrected; what has no partner is reported.

    Raises InputError where no row belongs to a section, or a section would have the subject of none while others have one.
    """
    without = {n: section_name(Path(n)) for n in found if n not in names}
    bare = {n: s for n, s in without.items() if s in names and s not in found}
    rest = [n for n in without if n not in bare]
    mended = bare | {n: s for n, s in respelled(rest, names).items() if s not in found and s not in bare.values()}
    if mended:
        say(f"{path.name}: sections were matched in spite of their spelling: {shown(mended)}")
    facts = {mended.get(n, n): f for n, f in found.items()}
    if not set(names) & set(facts):
        raise InputError("names none of the sections", where=path, fix=f"the first section is '{names[0]}'")
    strangers, bereft = [n for n in facts if n not in names], [n for n in names if n not in facts]
    if strangers:
        say(f"{path.name}: {len(strangers)} rows match no section ({', '.join(strangers[:4])})")
    if bereft:
        say(f"{path.name}: {len(bereft)} of {len(names)} sections have no row ({', '.join(bereft[:4])})")
    lacking = [n for n in names if n in facts and not facts[n].subject]
    if lacking and any(facts[n].subject for n in names if n in facts):
        raise InputError(
            f"section '{lacking[0]}' has no subject although others have", where=path, fix="give all of them one, or none"
        )
    return facts


def splits_of(
    names: list[str], facts: Mapping[str, SectionFacts], *, seed: int | None = None, test: tuple[str, ...] = ()
) -> dict[str, str]:
    """Split of each section: as the table says, else whole subjects where there are enough, else whole sections.

    test: names of the test sections, where neither the table nor subjects decide. Raises InputError where a named one does not
    exist, or a subject stands in two splits.
    """
    subjects = {n: facts[n].subject if n in facts else "" for n in names}
    whole = all(subjects.values()) and len(set(subjects.values())) >= LEAST_SUBJECTS
    given = {n: facts[n].split if n in facts else "" for n in names}
    if all(given.values()):
        if whole:
            _refuse_leak(given, subjects)
        return given
    if not whole:
        return section_splits(names, seed=seed, test=test)
    tested = tuple(sorted({subjects[n] for n in test if n in subjects}))
    _check_named(test, names)
    by_subject = section_splits(sorted(set(subjects.values())), seed=seed, test=tested)
    return {n: by_subject[subjects[n]] for n in names}


def _refuse_leak(splits: Mapping[str, str], subjects: Mapping[str, str]) -> None:
    sides: dict[str, set[str]] = defaultdict(set)
    for name, split in splits.items():
        sides[subjects[name]].add(split)
    leaks = sorted(s for s, found in sides.items() if len(found) > 1)
    if leaks:
        raise InputError(f"subject '{leaks[0]}' is in {' and '.join(sorted(sides[leaks[0]]))}", fix="give each subject one split")


def _check_named(test: tuple[str, ...], names: list[str]) -> None:
    unknown = sorted(set(test) - set(names))
    if unknown:
        raise InputError(f"no section '{unknown[0]}'", fix=f"name some of {', '.join(names[:4])} ...")


def section_splits(names: list[str], *, seed: int | None = None, test: tuple[str, ...] = ()) -> dict[str, str]:
    """Split of each section: one in five tests, one in five validates, the rest train; never one section on two sides.

    Sections are taken in order of name. seed None interleaves (every stretch of the brain is in each split); a seed draws at
    random. test: names of the test sections instead. Raises InputError where a named one does not exist.
    """
    _check_named(test, names)
    rest = [n for n in sorted(names) if n not in test]
    if seed is not None:
        rest = [rest[i] for i in np.random.default_rng(seed).permutation(len(rest))]
    cycle = ("train", "train", "val", "train", "train") if test else ("train", "train", "test", "train", "val")
    return {**dict.fromkeys(test, "test"), **{n: cycle[i % 5] for i, n in enumerate(rest)}}
