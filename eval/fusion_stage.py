"""The stage `fuse-scales`: measure a region model and a tile model on the same crops, alone and together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cytoscribe.core.digests import file_digest
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import RunFolder, write_json
from cytoscribe.core.tables import read_images, write_csv
from cytoscribe.eval.answers import Answers, answer, encode
from cytoscribe.eval.evaluator import load_model
from cytoscribe.eval.fusion import View, evidence, fuse, fusion_figures, shared_columns, tiles_of
from cytoscribe.eval.metrics.bootstrap import Estimate
from cytoscribe.eval.metrics.catalogue import flat
from cytoscribe.eval.metrics.naming import named
from cytoscribe.eval.metrics.pooling import Pool, fitted
from cytoscribe.eval.model import Model

VIEWS = ("region", "tile", "both")


@dataclass(frozen=True)
class FuseSettings:
    """regions, tiles: model folders of the two scales; images: the table of cut-tiles, with both scales; name_by: what names each
    image, `captions`, `images` or `both`."""

    regions: Path
    tiles: Path
    images: Path
    out: Path
    region_column: str = "region"
    split: str = "test"
    bootstrap: int = 1000
    seed: int = 0
    device: str = "auto"
    batch_size: int = 64
    overwrite: bool = False
    name_by: str = "captions"


@dataclass(frozen=True)
class Fused:
    """Figures of all views on the same crops. left_out: crops that hold no tile,
    whose region only one of the models knows, or whose section training saw; pool: the weights of both scales."""

    crops: tuple[ImageRecord, ...]
    views: dict[str, View]
    truth: np.ndarray
    names: tuple[str, ...]
    figures: dict[str, Estimate]
    left_out: int
    pool: Pool

    def lines(self) -> list[str]:
        """For the terminal: views across, figures down."""
        known = int((self.truth >= 0).sum())
        told = [f"{known} crops of known regions, {len(self.truth) - known} of unseen ones; {self.left_out} crops left out"]
        fitted_on = f"fitted on {self.pool.pieces} validation pieces" if self.pool.pieces else "not fitted"
        told.append(f"weights of crop and tiles: {self.pool.region:.2f} and {self.pool.tile:.2f}, {fitted_on}")
        told.append(f"{'':<12}{'region':>10}{'tile':>10}{'both':>10}   both less the better one")
        for figure in ("macro_f1", "accuracy", "auroc", "fpr95"):
            if f"fusion.both.{figure}" in self.figures:
                values = "".join(f"{self.figures[f'fusion.{v}.{figure}'].value:>10.3f}" for v in VIEWS)
                gain = self.figures[f"fusion.gain.{figure}"]
                interval = f" [{gain.ci95[0]:+.3f}, {gain.ci95[1]:+.3f}]" if gain.ci95 else ""
                told.append(f"{figure:<12}{values}   {gain.value:+.3f}{interval}")
        return told


def fuse_scales(settings: FuseSettings, regions: Model | None = None, tiles: Model | None = None) -> Fused:
    """Measure, and write metrics.json, fused.csv and pool.json. Raises InputError where no crop holds a tile or the models share no regions."""
    regions = regions or load_model(settings.regions, settings.device)
    tiles = tiles or load_model(settings.tiles, settings.device)
    names, columns = shared_columns(regions.regions, tiles.regions)
    crops, insets, members, left_out = _units(settings, regions, tiles, names)
    told = {name: getattr(settings, name) for name in ("region_column", "split", "bootstrap", "seed", "name_by")}
    digests = {"images": file_digest(settings.images)} | {
        name: file_digest(folder / "calibration.json")
        for name, folder in (("regions", settings.regions), ("tiles", settings.tiles))
        if (folder / "calibration.json").is_file()
    }
    with RunFolder(settings.out, "fuse-scales", told, digests, overwrite=settings.overwrite) as run:
        pool = _pool(settings, regions, tiles, names, columns)
        views = fuse(_answers(regions, crops, settings), _answers(tiles, insets, settings), members, columns, pool)
        truth = _truth(crops, names)
        figures = fusion_figures(views, truth, crops, settings.bootstrap, settings.seed)
        result = Fused(tuple(crops), views, truth, names, figures, left_out, pool)
        _write(settings.out, result)
        pool.save(settings.out)
        run.finish({"crops": len(crops), "tiles": len(insets)})
    return result


def _truth(crops: Sequence[ImageRecord], names: Sequence[str]) -> np.ndarray:
    """(U,) int: places of the crops' regions, -1 for unseen ones."""
    return np.array([names.index(r.region) if r.region in names else -1 for r in crops], dtype=int)


def _pool(
    settings: FuseSettings, regions: Model, tiles: Model, names: tuple[str, ...], columns: tuple[np.ndarray, np.ndarray]
) -> Pool:
    """Weights by the validation pieces of known regions; equal ones where there are none, or they are what is measured."""
    records = read_images(settings.images, region_column=settings.region_column)
    if settings.split == "val" or not any(r.split == "val" for r in records):
        return Pool()
    held_out = replace(settings, split="val")
    try:
        crops, insets, members, _ = _units(held_out, regions, tiles, names)
    except InputError:  # no validation crop holds a tile
        return Pool()
    known = [i for i, r in enumerate(crops) if r.region in names]
    if not known:
        return Pool()
    crops, members = [crops[i] for i in known], [members[i] for i in known]
    coarse, fine = evidence(_answers(regions, crops, held_out), _answers(tiles, insets, held_out), members, columns)
    return fitted(coarse, fine, _truth(crops, names))


def _units(
    settings: FuseSettings, regions: Model, tiles: Model, names: tuple[str, ...]
) -> tuple[list[ImageRecord], list[ImageRecord], list[np.ndarray], int]:
    """Crops that hold a tile and whose region both models know, or neither; the tiles that lie in them; which lie in which.

    Only sections without a training image count: in others an unseen crop holds tiles that the tile model was trained on.
    """
    records = read_images(settings.images, region_column=settings.region_column)
    trained = {(r.subject, r.section) for r in records if r.split in ("train", "val") and r.split != settings.split}
    wanted = [r for r in records if r.split in (settings.split, "unseen") and r.scale == "region"]
    crops = [r for r in wanted if (r.subject, r.section) not in trained]
    # tiles are found by place alone: what region a tile was cut for, or its split, is not known of a new section
    sections = {(r.subject, r.section) for r in crops}
    everywhere = [r for r in records if r.scale == "tile" and (r.subject, r.section) in sections]
    if not crops or not everywhere:
        raise InputError(f"no crops with tiles in split '{settings.split}'", where=settings.images, fix="cut both scales")
    known = {*regions.regions, *tiles.regions}
    members = tiles_of(crops, everywhere)
    keep = [i for i, r in enumerate(crops) if members[i].size and (r.region in names or r.region not in known)]
    if not any(crops[i].region in names for i in keep):
        raise InputError("no crop of a region that both models know holds a tile", where=settings.images, fix="cut smaller tiles")
    used = sorted({int(t) for i in keep for t in members[i]})
    place = {t: n for n, t in enumerate(used)}
    inside = [np.array([place[int(t)] for t in members[i]]) for i in keep]
    return [crops[i] for i in keep], [everywhere[t] for t in used], inside, len(wanted) - len(keep)


def _answers(model: Model, records: list[ImageRecord], settings: FuseSettings) -> Answers:
    encoded = encode(model, records, settings.batch_size)
    if not encoded.kept.all():
        first = records[int(np.argmin(encoded.kept))]
        raise InputError("cannot be read", where=first.path, fix="cut the sections again")
    return named(answer(model, encoded.features), model, settings.name_by)


def _write(out: Path, result: Fused) -> None:
    rows = []
    for i, record in enumerate(result.crops):
        names = [result.names[int(result.views[v].probabilities[i].argmax())] for v in VIEWS]
        scores = [f"{result.views[v].scores[i]:.6f}" for v in VIEWS]
        p_values = [f"{result.views[v].p_values[i]:.6f}" for v in VIEWS]
        rows.append(
            (
                record.path.resolve(),
                record.section,
                record.region,
                "yes" if result.truth[i] >= 0 else "no",
                *names,
                *scores,
                *p_values,
            )
        )
    columns = (f"{what}_{v}" for what in ("named_by", "score_of", "p_value_of") for v in VIEWS)
    header = ("image_path", "section", "region", "known", *columns)
    write_csv(out / "fused.csv", header, rows)
    facts = {
        "crops.known": int((result.truth >= 0).sum()),
        "crops.unseen": int((result.truth < 0).sum()),
        "crops.left_out": result.left_out,
        "regions.shared": len(result.names),
    }
    write_json(out / "metrics.json", flat(result.figures, facts))
