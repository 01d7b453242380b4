"""Quality of a dataset of captions before anybody trains on it: leaks, diversity, and whether regions can be distinguished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from cytoscribe.captions.audit import Leak, audit, contradicting_pairs, shared_masks
from cytoscribe.captions.dataset import read_captions
from cytoscribe.captions.quality.diversity import Diversity, measure_diversity
from cytoscribe.captions.quality.eight_way import (
    EightWay,
    Encode,
    claim_scores,
    clause_scores,
    describe_masked,
    eight_way,
    encoder_scores,
    tfidf_scores,
)
from cytoscribe.captions.quality.probe import Probe, probe_content, probe_wording
from cytoscribe.captions.units import SourceMaterial, literature_material
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import IMAGE_CLAIM, Caption, Claim, Description, Region
from cytoscribe.core.runs import write_json
from cytoscribe.core.tables import read_records
from cytoscribe.literature_mining.regions.table import RegionTable


@dataclass(frozen=True)
class QualitySettings:
    """captions: the dataset's folder; descriptions: the mining run they were made from (None: labels only, no 8-way); encoder: a
    sentence encoder's folder or Hub id, "" for none; least_claims: regions with fewer statements stay out of the 8-way."""

    captions: Path
    descriptions: Path | None = None
    encoder: str = ""
    least_claims: int = 5
    seed: int = 0


@dataclass(frozen=True)
class Quality:
    """What was measured. eight_way holds one entry a matcher, best first; probes: by content, and by wording where the mining run
    is known; contradictions: pairs of captions of a region whose claims cannot all hold, None without the mining run; shared: masked
    captions that regions share word for word, with those regions (not counted for images)."""

    captions: int
    leaks: tuple[Leak, ...]
    diversity: Diversity
    eight_way: tuple[EightWay, ...]
    probes: tuple[Probe, ...] = ()
    contradictions: int | None = None
    shared: Mapping[str, Sequence[str]] = field(default_factory=dict)


def measure(settings: QualitySettings) -> Quality:
    """Measure a dataset and write `quality.json` beside it.

    Raises InputError where the folder holds no captions or the encoder cannot be loaded.
    """
    captions = read_captions(settings.captions)
    if not captions:
        raise InputError("no captions", where=settings.captions, fix="run generate-captions first")
    encode = _encoder(settings.encoder) if settings.encoder else None
    table = [Region(n) for n in dict.fromkeys(c.region for c in captions)]
    ways: tuple[EightWay, ...] = ()
    material = literature_material(settings.descriptions, 1) if settings.descriptions is not None else None
    if material is not None and settings.descriptions is not None:
        table = list(material.scene.regions.values()) or table
        ways = _told_apart(settings, settings.descriptions, material, captions, encode)
    diversity = measure_diversity([c.caption for c in captions], [c.region for c in captions], encode)
    claims = read_records(settings.descriptions / "claims.parquet", Claim) if settings.descriptions is not None else []
    of_images = any(i.startswith(IMAGE_CLAIM) for c in captions for i in c.claim_ids)
    quality = Quality(
        len(captions),
        tuple(audit(captions, table)),
        diversity,
        ways,
        _probes(captions, material, settings.seed),
        contradicting_pairs(captions, claims) if claims else None,
        {} if of_images else shared_masks(captions),
    )
    write_json(settings.captions / "quality.json", _flat(quality))
    return quality


def _probes(captions: Sequence[Caption], material: SourceMaterial | None, seed: int) -> tuple[Probe, ...]:
    claims = {c.claim_id: c for u in material.units for c in u.claims} if material else {}
    probes = [probe_content(captions, claims, seed)]
    if material is not None:
        probes.append(probe_wording(captions, claims, material.scene, seed))
    return tuple(p for p in probes if p is not None)


def _told_apart(
    settings: QualitySettings, descriptions: Path, material: SourceMaterial, captions: Sequence[Caption], encode: Encode | None
) -> tuple[EightWay, ...]:
    scene = material.scene
    units = [u for u in material.units if len(scene.facets(u.claims)) >= settings.least_claims]
    names = [u.region for u in units]
    asked = [c for c in captions if c.region in set(names)]
    if len(names) < 2 or not asked:
        return ()
    described_by = read_records(descriptions / "descriptions.parquet", Description)
    written = {d.region: d.text for d in described_by if d.species == material.species.get(d.region)}
    described = describe_masked(units, scene, written)
    texts, masked = [described[n] for n in names], [c.masked_caption for c in asked]
    scores: dict[str, np.ndarray] = {
        "claims": claim_scores(
            asked,
            {u.region: u.claims for u in units},
            RegionTable(tuple(scene.regions.values()) or tuple(Region(n) for n in names)),
        ),
        "tfidf": tfidf_scores(masked, texts),
    }
    if encode is not None:
        scores["encoder"] = encoder_scores(masked, texts, encode)
        scores["encoder by clauses"] = clause_scores(masked, texts, encode)
    ways = [eight_way(asked, s, names, matcher, seed=settings.seed) for matcher, s in scores.items()]
    return tuple(sorted(ways, key=lambda w: -w.accuracy))


def _encoder(name: str) -> Encode:
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        model = SentenceTransformer(name)
    except (OSError, ValueError) as error:
        raise InputError(
            f"the encoder cannot be loaded ({error})", where=name, fix="give a folder or Hub id, or leave out --encoder"
        ) from error

    def encode(texts: Sequence[str]) -> np.ndarray:
        return np.asarray(model.encode(list(texts), show_progress_bar=False))

    return encode


def _flat(quality: Quality) -> dict[str, object]:
    return {
        "captions": quality.captions,
        "leaks": [asdict(leak) for leak in quality.leaks],
        "contradicting_pairs": quality.contradictions,
        "shared_masks": len(quality.shared),
        "diversity": asdict(quality.diversity),
        "captions.masked_8way": quality.eight_way[0].accuracy if quality.eight_way else None,
        "captions.masked_8way.ci95": quality.eight_way[0].ci95 if quality.eight_way else None,
        "eight_way": [asdict(w) for w in quality.eight_way],
        "probes": [asdict(p) for p in quality.probes],
    }


def report(quality: Quality) -> str:
    """The figures as a person reads them."""
    spread = quality.diversity
    best = quality.eight_way[:1]
    lines = [
        f"{quality.captions} captions, {len(quality.leaks)} leaks in masked captions",
        *(f"  leak: '{x.name}' in {x.masked_caption}" for x in quality.leaks[:5]),
        *([f"{quality.contradictions} pairs of captions contradict each other"] if quality.contradictions is not None else []),
        f"{len(quality.shared)} masked captions are shared by two or more regions",
        *(f"  shared by {', '.join(regions)}: {text}" for text, regions in list(quality.shared.items())[:5]),
        f"distinct-1 {spread.distinct_1:.3f}, distinct-2 {spread.distinct_2:.3f}, self-BLEU {spread.self_bleu:.3f}, "
        f"near-duplicates {spread.near_duplicates:.1%}"
        + (f", embedding dispersion {spread.dispersion:.3f}" if spread.dispersion is not None else ""),
    ]
    for way in quality.eight_way:
        lines.append(
            f"masked {way.choices}-way by {way.matcher}: {_with_interval(way.accuracy, way.ci95)} ({way.captions} captions of "
            f"{len(way.by_region)} regions, chance {1 / way.choices:.3f})"
        )
    for way in best:
        weak = sorted(way.by_region.items(), key=lambda kv: kv[1])[:5]
        lines.append("hardest regions: " + ", ".join(f"{r} {v:.2f}" for r, v in weak))
        lines.append("by style: " + ", ".join(f"{s} {v:.2f}" for s, v in sorted(way.by_style.items(), key=lambda kv: kv[1])))
        pairs = ", ".join(f"{a} and {b} ({share:.0%} of their captions fit the other as well)" for a, b, share in way.confused[:8])
        lines.append(f"hard to tell apart, by {way.matcher}: {pairs or 'no pair of regions'}")
    return "\n".join([*lines, *(_probed(p) for p in quality.probes)])


def _probed(probe: Probe) -> str:
    what = {"content": "masked captions", "wording": "wording alone (claims shuffled among regions)"}[probe.kind]
    warning = "; above chance: templates or mask give regions away" if probe.kind == "wording" and probe.above_chance else ""
    return (
        f"region from {what}: {_with_interval(probe.accuracy, probe.ci95)} ({probe.captions} captions of {probe.regions} regions, "
        f"chance {probe.chance:.3f}){warning}"
    )


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"
