"""The stage `evaluate --captioner`: what the captioner says of test and unseen images, counted, beside what simple captions reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cytoscribe.core.digests import file_digest
from cytoscribe.core.progress import say
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import RunFolder, write_json
from cytoscribe.core.tables import read_images, write_csv
from cytoscribe.eval.captioner.baselines import baselines
from cytoscribe.eval.captioner.describer import captions
from cytoscribe.eval.captioner.figures import Heard, Results, figures
from cytoscribe.eval.captioner.grounding import Ground
from cytoscribe.eval.captioner.texts import TextClassifier
from cytoscribe.eval.metrics.catalogue import flat
from cytoscribe.eval.samples import Samples, choose_samples, trained_images, with_trained_splits
from cytoscribe.training.captioner.cache import FOLDER, EncodedImages
from cytoscribe.training.captioner.folder import CONFIG_FILE, Captioner
from cytoscribe.training.captioner.resampler import Seen

METRICS_FILE, CAPTIONS_FILE = "metrics.json", "captions.csv"
LIKELIHOOD_IMAGES, LIKELIHOOD_CAPTIONS = 60, 2
"""Images whose masked captions are told apart by likelihood, and captions of each region: one pass of the decoder for each."""
COLUMNS = (
    "image_path",
    "row",
    "region",
    "known",
    "label",
    "p_value",
    "rejected",
    "captioner_says_unseen",
    "vision_says_unseen",
    "caption",
    "after_the_gate",
    "chosen_caption",
    "masked_caption",
)


@dataclass(frozen=True)
class CaptionEvaluateSettings:
    """What `evaluate --captioner` is asked. images_a_region: most images of each region, drawn by seed, 0 for all; cache: folder of encoded
    images, None for one within `out`; likelihood: also tell masked captions apart by their likelihood."""

    captioner: Path
    images: Path
    out: Path
    region_column: str = "region"
    split: str = "test"
    images_a_region: int = 0
    bootstrap: int = 1000
    seed: int = 0
    device: str = "auto"
    cache: Path | None = None
    vision: str = ""
    llm: str = ""
    embeddings: Path | None = None
    likelihood: bool = True
    overwrite: bool = False


def evaluate(settings: CaptionEvaluateSettings, captioner: Captioner | None = None) -> Results:
    """Measure a captioner; writes metrics.json and captions.csv (every image with what was said of it).

    Raises InputError on input that cannot be used.
    """
    captioner = captioner or Captioner.load(
        settings.captioner,
        vision=settings.vision,
        llm=settings.llm,
        embeddings=settings.embeddings,
        start=settings.images.parent,
        device=settings.device,
    )
    trained = trained_images(captioner.folder)
    records = with_trained_splits(read_images(settings.images, region_column=settings.region_column), trained)
    scale = captioner.settings.get("settings", {}).get("scale", "")
    samples = choose_samples(
        [r for r in records if not scale or r.scale == scale], captioner.regions, settings.split, settings.images
    )
    samples = _drawn(samples, settings.images_a_region, settings.seed)
    told = {n: getattr(settings, n) for n in ("region_column", "split", "images_a_region", "bootstrap", "seed", "likelihood")}
    inputs = {"images": file_digest(settings.images), "captioner": file_digest(captioner.folder / CONFIG_FILE)}
    with RunFolder(settings.out, "evaluate-captioner", told, inputs, overwrite=settings.overwrite) as run:
        keep = settings.cache or _kept(captioner.folder, settings.out)
        known = captioner.encode([r for r in trained if r.split == "train"], keep)
        heard = listen(settings, captioner, samples, known, keep)
        results = figures(heard, captioner, settings.bootstrap, settings.seed)
        _write(settings.out, heard, results)
        run.finish({"images": len(heard.samples.records), "figures": len(results.figures)})
    return results


def _kept(captioner: Path, out: Path) -> Path:
    """Where encoded images are kept: with the captioner, whose training images are measured too, else with the results."""
    return captioner / FOLDER if (captioner / FOLDER).is_dir() else out / FOLDER


def listen(
    settings: CaptionEvaluateSettings, captioner: Captioner, samples: Samples, known: EncodedImages, keep: Path | None
) -> Heard:
    """All that the captioner says, nothing counted."""
    found = captioner.encode(samples.records, keep)
    there = {r.row for r in found.records}
    samples = samples.only(np.array([r.row in there for r in samples.records]))
    seen, voice = found.seen, captioner.voice
    labels = captioner.labels(seen)
    verdicts = captioner.judge(seen, labels)
    say("writing captions")
    named = captions(captioner, seen, labels, "label")
    free = voice.say(seen)
    masked = voice.say(seen, named=False)
    rate = voice.speed.rate
    held = captions(captioner, seen, labels, "known")
    texts = [f" {c.masked_caption}" for c in captioner.knowledge.captions]
    masked_held = voice.say(seen, named=False, allowed=[texts] * len(seen))
    rng = np.random.default_rng([settings.seed, 31])
    other = _shuffled(samples, rng)
    classifier = TextClassifier(captioner.knowledge.captions, captioner.regions)
    train_labels = np.array([captioner.regions.index(r.region) for r in known.records])
    return Heard(
        samples=samples,
        labels=labels,
        verdicts=verdicts,
        named=_bodies(named, labels, captioner.regions),
        free=free,
        masked=masked,
        masked_held=masked_held,
        held=_bodies(held, labels, captioner.regions),
        shuffled_labels=labels[other],
        shuffled_masked=[masked[i] for i in other],
        baselines=baselines(
            captioner.vision, captioner.knowledge, captioner.regions, known.seen, train_labels, seen, settings.seed
        ),
        classifier=classifier,
        ground=Ground(captioner.knowledge),
        likelihoods=_likelihoods(captioner, samples, seen, rng) if settings.likelihood else {},
        facts={
            "captioner.tokens_a_second": round(rate, 1),
            "captioner.images": len(samples.records),
            "captioner.skipped": len(found.skipped),
        },
    )


def _drawn(samples: Samples, most: int, seed: int) -> Samples:
    if not most:
        return samples
    rng, keep = np.random.default_rng([seed, 30]), np.zeros(len(samples.records), dtype=bool)
    regions = np.array([r.region for r in samples.records])
    for region in np.unique(regions):
        own = np.flatnonzero(regions == region)
        keep[rng.permutation(own)[:most]] = True
    return samples.only(keep)


def _shuffled(samples: Samples, rng: np.random.Generator) -> np.ndarray:
    """(N,) for each known image another one of the known, drawn; unseen ones stay."""
    order = np.arange(len(samples.records))
    known = np.flatnonzero(~samples.unseen)
    order[known] = rng.permutation(known)
    return order


def _bodies(answers: Sequence[str], labels: np.ndarray, regions: Sequence[str]) -> list[str]:
    """Captions without the label that they begin with."""
    named = [regions[k] for k in labels[:, :-1].argmax(1)]
    return [a.removeprefix(f"{n}:").strip() for a, n in zip(answers, named, strict=True)]


def _likelihoods(captioner: Captioner, samples: Samples, seen: Seen, rng: np.random.Generator) -> Mapping[int, np.ndarray]:
    """Index of a known image to (K,) scores of the regions: mean log-probability of masked captions of each, less what the captioner
    gives them on average, so that common words tell nothing."""
    known = np.flatnonzero(~samples.unseen)
    chosen = sorted(rng.permutation(known)[:LIKELIHOOD_IMAGES])
    texts, owners = [], []
    for k, region in enumerate(captioner.regions):
        own = [c.masked_caption for c in captioner.knowledge.captions if c.region == region]
        for i in rng.permutation(len(own))[:LIKELIHOOD_CAPTIONS]:
            texts.append(f" {own[int(i)]}")
            owners.append(k)
    found = captioner.voice.likelihoods(seen.rows(torch.tensor(chosen)), texts)
    found = found - found.mean(0)
    by_region = np.stack([found[:, np.array(owners) == k].mean(1) for k in range(len(captioner.regions))], axis=1)
    return {int(i): row for i, row in zip(chosen, by_region, strict=True)}


def _write(out: Path, heard: Heard, results: Results) -> None:
    rows = [_row(heard, results, i, record) for i, record in enumerate(heard.samples.records)]
    write_csv(out / CAPTIONS_FILE, COLUMNS, rows)
    write_json(out / METRICS_FILE, flat(results.figures, results.facts))


def _row(heard: Heard, results: Results, i: int, record: ImageRecord) -> list[Any]:
    verdicts = heard.verdicts
    yes = ["no", "yes"]
    return [
        record.path.resolve(),
        record.row,
        record.region,
        yes[int(not heard.samples.unseen[i])],
        results.labels[i],
        f"{verdicts.p[i]:.6f}",
        *(yes[int(flags[i])] for flags in (verdicts.rejected, verdicts.said, verdicts.vision)),
        heard.named[i],
        results.gated[i],
        heard.held[i],
        heard.masked[i],
    ]


def lines(results: Results, out: Path) -> list[str]:
    """The figures for people: value, 95% interval, number of samples."""
    told = []
    for name, found in results.figures.items():
        interval = f" [{found.ci95[0]:.3f}, {found.ci95[1]:.3f}]" if found.ci95 else ""
        told.append(f"{name:44} {found.value:.3f}{interval}  n={found.n}")
    told += [f"{name:44} {value}" for name, value in results.facts.items()]
    return [*told, f"captions: {out / CAPTIONS_FILE}"]
