"""`describe` with both scales: of each region crop of an images table what the crop and the tiles inside it say together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.tables import read_images
from cytoscribe.eval.answers import Answers, answer, encode
from cytoscribe.eval.describer import UNSEEN, Described, credible
from cytoscribe.eval.evaluator import load_model
from cytoscribe.eval.fusion import fuse, tiles_of
from cytoscribe.eval.metrics.naming import named
from cytoscribe.eval.metrics.pooling import Pool
from cytoscribe.eval.model import Model
from cytoscribe.eval.report.evidence import RegionEvidence, region_evidence


@dataclass(frozen=True)
class PieceDescriptionSettings:
    """tiles, regions: model folders of the two scales; images: a table of cut-tiles with both; split: of the crops, empty for all;
    name_by: what names an image, `captions`, `images` or `both`; fusion: folder of fuse-scales with the weights of both, None for
    equal ones; descriptions and quotes as for single images."""

    tiles: Path
    regions: Path
    images: Path
    split: str = ""
    region_column: str = "region"
    descriptions: Path | None = None
    quotes: int = 0
    name_by: str = "captions"
    device: str = "auto"
    fusion: Path | None = None


def describe_pieces(
    settings: PieceDescriptionSettings, tiles: Model | None = None, regions: Model | None = None
) -> Iterator[Described]:
    """One answer a region crop, in the order of the table; a crop that holds no tile is answered by the region model alone.

    Raises InputError where the table lacks a scale or a model cannot be used.
    """
    pool = Pool.load(settings.fusion) if settings.fusion else Pool()
    records = read_images(settings.images, region_column=settings.region_column)
    crops = [r for r in records if r.scale == "region" and settings.split in ("", r.split)]
    insets = [r for r in records if r.scale == "tile" and (r.subject, r.section) in {(c.subject, c.section) for c in crops}]
    if not crops or not insets:
        lacking = "region crops" if not crops else "tiles of their sections"
        fix = "cut the sections with --scale both, and check --split"
        raise InputError(f"the table holds no {lacking}", where=settings.images, fix=fix)
    coarse = regions or load_model(settings.regions, settings.device)
    fine = tiles or load_model(settings.tiles, settings.device)
    evidence = region_evidence(settings.descriptions, coarse.folder, coarse.class_captions)
    inside = tiles_of(crops, insets)
    used = np.unique(np.concatenate([*inside, np.zeros(0, int)])).astype(int)
    told, problems = _answers(coarse, crops, settings.name_by)
    cells, broken = _answers(fine, [insets[t] for t in used], settings.name_by)
    place = {int(t): row for row, t in enumerate(i for i, b in zip(used, broken, strict=True) if not b)}
    members = [np.array([place[int(t)] for t in m if int(t) in place], dtype=int) for m in inside]
    yield from _spoken(crops, problems, members, _Both(coarse, fine, told, cells, pool), evidence, settings.quotes)


def _answers(model: Model, records: Sequence[ImageRecord], by: str) -> tuple[Answers, list[str]]:
    """Answers to the records that could be read, and for each record why it could not, else nothing."""
    encoded = encode(model, records)
    reasons = {skipped.path: skipped.reason for skipped in encoded.skipped}
    return named(answer(model, encoded.features), model, by), [reasons.get(r.path, "") for r in records]


@dataclass(frozen=True)
class _Both:
    """Both models, what they say, and what each is worth; names: every region that either knows."""

    coarse: Model
    fine: Model
    crops: Answers
    tiles: Answers
    pool: Pool

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted({*self.coarse.regions, *self.fine.regions}))

    def view(self, row: int, members: np.ndarray) -> tuple[np.ndarray, float, float]:
        """Probabilities (K,) over `names`, score and p-value of one crop and its tiles."""
        crop = replace(
            self.crops,
            probabilities=widened(self.crops.probabilities[row : row + 1], self.coarse.regions, self.names),
            scores=self.crops.scores[row : row + 1],
            p_values=self.crops.p_values[row : row + 1],
        )
        if not len(members):
            return crop.probabilities[0], float(crop.scores[0]), float(crop.p_values[0])
        tiles = replace(self.tiles, probabilities=widened(self.tiles.probabilities, self.fine.regions, self.names))
        columns = np.arange(len(self.names))
        both = fuse(crop, tiles, [members], (columns, columns), self.pool)["both"]
        return both.probabilities[0], float(both.scores[0]), float(both.p_values[0])


def widened(probabilities: np.ndarray, regions: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """(N, K') over `names` from (N, K) over `regions`: a region that the model does not know gets what chance would give it."""
    wide = np.full((len(probabilities), len(names)), 1 / len(regions))
    wide[:, [list(names).index(r) for r in regions]] = probabilities
    return wide / wide.sum(1, keepdims=True)


def _spoken(
    crops: Sequence[ImageRecord],
    problems: Sequence[str],
    members: Sequence[np.ndarray],
    both: _Both,
    evidence: dict[str, RegionEvidence],
    quotes: int,
) -> Iterator[Described]:
    rows = iter(range(len(crops)))
    alpha = both.coarse.rejection.alpha
    for record, problem, own in zip(crops, problems, members, strict=True):
        if problem:
            yield Described(record.path, problem=problem)
            continue
        probabilities, score, p_value = both.view(next(rows), own)
        name = UNSEEN if p_value <= alpha else both.names[int(probabilities.argmax())]
        about = evidence.get(name)
        yield Described(
            image=record.path,
            answer=name,
            score=score,
            p_value=p_value,
            alpha=alpha,
            plausible=credible(probabilities, both.names),
            evidence=about,
            quotes=tuple(about.quotes(quotes)) if about else (),
        )
