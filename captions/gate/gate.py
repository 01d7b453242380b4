"""Which gate reads the captions of a run: one for claims of papers, one for attributes of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cytoscribe.captions.gate.image import AttributeGate
from cytoscribe.captions.gate.region import Gate, Verdict
from cytoscribe.captions.wording.scene import Scene
from cytoscribe.core.records import Claim
from cytoscribe.literature_mining.regions.table import RegionTable, with_plurals


class Checks(Protocol):
    """What every gate offers."""

    def check(self, text: str, region: str, sources: Sequence[Claim]) -> Verdict:
        """The verdict on a caption of `region` that may state `sources` and nothing else."""
        ...


def open_gate(scene: Scene) -> Checks:
    """The gate that fits the scene."""
    if scene.image:
        return AttributeGate(scene)
    table = RegionTable(tuple(scene.regions.values()))
    return Gate(with_plurals(table) if scene.words.of_cells else table, scene.words.lexicon())
