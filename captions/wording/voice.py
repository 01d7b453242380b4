"""How one caption calls its subject: by name or without it, as a brain region or as what an image shows."""

from __future__ import annotations

import random
from dataclasses import dataclass

from cytoscribe.captions.wording.english import area_names, article, is_plural
from cytoscribe.captions.wording.image_attributes import Subject
from cytoscribe.core.records import Region


@dataclass(frozen=True)
class SubjectForms:
    """s: the subject inside a sentence; a: with an indefinite article; noun: bare; it: the pronoun; image: an image's subject;
    plural: the subject takes a plural verb ("areas 10d and 10o")."""

    s: str
    a: str
    noun: str
    it: str
    kind: str
    image: bool
    plural: bool = False


UNNAMED_AREAS = ("this area", "this region", "the area", "the region")


def area_voice(name: str, region: Region | None, rng: random.Random, *, named: bool = True) -> SubjectForms:
    """Voice of a brain region; without its name where `named` is false."""
    called = rng.choice(area_names(region, name)) if named else rng.choice(UNNAMED_AREAS)
    if is_plural(called):
        return SubjectForms(called, called, called, "they", "areas", image=False, plural=True)
    return SubjectForms(called, called if named else "an area", called if named else "area", "it", "an area", image=False)


def image_voice(name: str, subject: Subject, rng: random.Random, *, named: bool) -> SubjectForms:
    """Voice of an image's subject: its class ("an eosinophil") or only what it is ("the cell")."""
    noun = " ".join(name.split()) if named else rng.choice((subject.noun, subject.noun, subject.kind))
    s = f"{rng.choice(('the', 'this') if named else ('the', 'this', 'this'))} {noun}"
    kind = rng.choice((subject.noun, subject.kind))
    return SubjectForms(s, f"{article(noun)} {noun}", noun, "it", f"{article(kind)} {kind}", image=True)
