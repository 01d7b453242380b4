"""The stage behind `train-captioner`: images and captions that share a region label in, a grounded and rejecting captioner out."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cytoscribe import __version__
from cytoscribe.captions.dataset import read_captions
from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import say
from cytoscribe.core.records import Caption, ImageRecord
from cytoscribe.core.runs import RUN_FILE, RunFolder, read_json
from cytoscribe.core.tables import read_images
from cytoscribe.core.verify import refuse_damaged
from cytoscribe.llm.models import read_aliases
from cytoscribe.training.captioner import cache, folder, loop
from cytoscribe.training.captioner.cache import EncodedImages, encoded
from cytoscribe.training.captioner.decoder import EMBEDDED, open_decoder
from cytoscribe.training.captioner.fingerprint import deciding, input_digests
from cytoscribe.training.captioner.joint import calibrated, vision_scores
from cytoscribe.training.captioner.knowledge import gather
from cytoscribe.training.captioner.lessons import Lessons
from cytoscribe.training.captioner.loop import Learner
from cytoscribe.training.captioner.model import CaptionerNet, gates
from cytoscribe.training.captioner.outliers import SPOILT_SHARE, OutlierBank, spoil
from cytoscribe.training.captioner.resampler import Seen
from cytoscribe.training.captioner.settings import SMALL, CaptionerSettings
from cytoscribe.training.captioner.speaking import Voice
from cytoscribe.training.captioner.vision import Vision, open_vision
from cytoscribe.training.captioner.watching import watcher
from cytoscribe.training.captioner.wording import (
    MASKED,
    NAMED,
    Writer,
    answer_masked,
    answer_named,
    answer_unseen,
    label_starts,
)
from cytoscribe.training.clip_fit import use_bf16
from cytoscribe.training.data.pairs import build_pool, wordings
from cytoscribe.training.data.splits import SplitImages, counts, split_images, write_splits
from cytoscribe.training.images import describe_skipped
from cytoscribe.training.model import export
from cytoscribe.training.model.encoding import pick_device
from cytoscribe.training.model.lora import trained


@dataclass(frozen=True)
class Material:
    """What training reads, all of known regions. train, val: encoded; spoilt, other: outliers, encoded."""

    train: EncodedImages
    val: EncodedImages
    outliers: tuple[Seen, ...]
    regions: tuple[str, ...]

    @property
    def labels(self) -> np.ndarray:
        """(N,) index of each training image's region."""
        return np.array([self.regions.index(r.region) for r in self.train.records])

    @property
    def held_labels(self) -> np.ndarray:
        """(M,) index of each held-out image's region."""
        return np.array([self.regions.index(r.region) for r in self.val.records], dtype=int)


def train(settings: CaptionerSettings) -> dict[str, Any]:
    """Train, calibrate and write; returns a summary. A killed run resumes where it stopped, and ends in the same weights.

    Raises InputError where tables, captions, models or options cannot be used; nothing of an unseen region is ever read.
    """
    pick_device(settings.device)
    images = _images(settings)
    captions = [c for f in settings.captions for c in read_captions(f) if c.region in images.regions]
    run = RunFolder(
        settings.out,
        "train-captioner",
        deciding(settings),
        input_digests(settings),
        overwrite=settings.overwrite,
        prepared=("images.csv", cache.FOLDER),
    )
    with run:
        told = read_json(run.path / RUN_FILE)
        if run.resumed and told["status"] == "done":
            refuse_damaged(run.path)
            say(f"{settings.out}: finished already, nothing to do")
            return told["summary"]
        if not run.resumed:
            (run.path / loop.CHECKPOINT).unlink(missing_ok=True)
        write_splits(images, run.path)
        summary = _train(settings, images, captions)
        run.finish(summary, done_with=(loop.CHECKPOINT,))
        return summary


def _images(settings: CaptionerSettings) -> SplitImages:
    records = read_images(settings.images, region_column=settings.region_column)
    if settings.scale:
        records = [r for r in records if r.scale == settings.scale]
        if not records:
            raise InputError(f"no image with scale '{settings.scale}'", where=settings.images, fix="check the scale column")
    return split_images(records, settings.seed, settings.images)


def _train(settings: CaptionerSettings, images: SplitImages, captions: Sequence[Caption]) -> dict[str, Any]:
    device = pick_device(settings.device)
    bf16 = use_bf16(settings.precision, device)
    vision = open_vision(
        settings.vision,
        device,
        bf16=bf16,
        embeddings=settings.embeddings,
        start=settings.images.parent,
        weights=settings.weights,
        px=settings.image_px,
    )
    material = _encode(settings, vision, images)
    knowledge = gather(captions, settings.captions, material.regions, settings.descriptions)
    named, masked = (build_pool(material.train.records, wordings(captions, w), material.regions) for w in ("named", "masked"))
    decoder = open_decoder(
        settings.llm,
        _texts(material.regions, captions),
        bf16=bf16,
        four_bit=settings.four_bit,
        seed=settings.seed,
        aliases=settings.aliases,
    )
    torch.manual_seed(settings.seed)
    net = CaptionerNet(decoder.model, material.train.seen.shape, settings.adapter, decoder.whole)
    net.resampler.standardise(material.train.seen)
    (net.resampler if settings.four_bit else net).to(device)
    net.blocks.to(device)
    bank = OutlierBank(material.train.seen, material.labels, material.outliers)
    lessons = Lessons(named, masked, bank, settings.schedule, settings.seed)
    learner = Learner(net, Writer(decoder), device)
    voice = Voice(net, decoder, device)
    watch = watcher(voice, material.val, material.held_labels, material.regions, captions)
    progress = loop.fit(lessons, learner, settings.out, watch)
    net.eval()
    scorer = vision_scores(vision, material.train.seen, material.labels, material.val.seen)
    joint = calibrated(
        voice.label_scores(material.val.seen, material.regions), scorer.scores(vision, material.val.seen), settings.alpha
    )
    joint.save(settings.out)
    scorer.save(settings.out)
    knowledge.save(settings.out)
    told = _told(settings, images, material, net, captions, progress)
    told["speed"] = {"training_tokens_a_second": round(learner.rate, 1), "peak_memory_gib": _peak()}
    folder.save(settings.out, net, decoder, told)
    export.save_curves(progress.history, progress.losses, settings.out)
    return {k: told[k] for k in ("regions", "images", "skipped_images", "captions", "epochs", "validation", "speed", "notes")}


def _encode(settings: CaptionerSettings, vision: Vision, images: SplitImages) -> Material:
    keep = settings.cache or settings.out / cache.FOLDER
    known = encoded(vision, images.of("train"), keep)
    held = encoded(vision, [r for r in images.of("val") if r.region in images.regions], keep)
    if not len(known):
        raise InputError("no training image can be used", where=settings.images, fix="check the image_path column")
    regions = tuple(sorted({r.region for r in known.records}))
    held = held.only([i for i, r in enumerate(held.records) if r.region in regions])
    if not len(held):
        raise InputError("no held-out image to calibrate the rejection on", where=settings.images, fix="give some rows split=val")
    skipped = known.skipped + held.skipped
    outliers: list[Seen] = []
    if settings.schedule.outlier_share:
        outliers.append(encoded(vision, _some(known.records, settings.seed), keep, change=spoil, mark="spoilt").seen)
        if settings.outliers:
            other = encoded(vision, _other(settings), keep)
            skipped += other.skipped
            outliers.append(other.seen)
    if skipped:
        say(describe_skipped(skipped))
    return Material(known, held, tuple(o for o in outliers if len(o)), regions)


def _some(records: Sequence[ImageRecord], seed: int) -> list[ImageRecord]:
    """The training images that are spoilt."""
    count = max(1, min(len(records), max(24, round(SPOILT_SHARE * len(records)))))
    return [records[i] for i in np.random.default_rng([seed, 5]).permutation(len(records))[:count]]


def _other(settings: CaptionerSettings) -> list[ImageRecord]:
    assert settings.outliers is not None
    records = read_images(settings.outliers, region_column=settings.region_column)
    unseen = [r for r in records if r.split == "unseen"]
    if unseen:
        raise InputError(
            f"row {unseen[0].row} is marked unseen", where=settings.outliers, fix="leave such rows out: no training may see them"
        )
    return records


def _texts(regions: Sequence[str], captions: Sequence[Caption]) -> list[str]:
    """All that the decoder will read or write, for a tokenizer of its own."""
    answers = [a.text for c in captions for a in (answer_named(c.region, c.caption), answer_masked(c.masked_caption))]
    return [NAMED, MASKED, answer_unseen().text, *answers, *label_starts(regions)]


def _told(
    settings: CaptionerSettings,
    images: SplitImages,
    material: Material,
    net: CaptionerNet,
    captions: Sequence[Caption],
    progress: loop.Progress,
) -> dict[str, Any]:
    """config.json: what was trained, on what, and how it went."""
    notes = []
    if len(material.val) < 1 / settings.alpha - 1:
        notes.append(f"only {len(material.val)} held-out images: nothing will be rejected at alpha {settings.alpha:g}")
    return {
        "cytoscribe": __version__,
        "kind": "captioner",
        "regions": list(material.regions),
        "vision": str(Path(settings.vision).resolve()) if Path(settings.vision).is_dir() and settings.vision else settings.vision,
        "llm": _lasting(settings),
        "weights": settings.weights,
        "four_bit": settings.four_bit,
        "image_px": settings.image_px,
        "adapter": asdict(settings.adapter),
        "shape": asdict(material.train.seen.shape),
        "own_weights": sum(p.numel() for _, p in trained(net)),
        "gates": gates(net),
        "images": counts(images),
        "skipped_images": len(material.train.skipped) + len(material.val.skipped),
        "captions": len(captions),
        "epochs": progress.epoch,
        "seed": settings.seed,
        "alpha": settings.alpha,
        "calibration": len(material.val),
        "history": progress.history,
        "validation": progress.history[-1] if progress.history else {},
        "notes": notes,
        "settings": deciding(settings),
    }


def _lasting(settings: CaptionerSettings) -> str:
    """The language model's name as it will be understood later: a full path, or a Hub name behind an alias of the user's own."""
    if settings.llm in (SMALL, EMBEDDED):
        return settings.llm
    name = read_aliases(settings.aliases).get(settings.llm, settings.llm)
    return str(Path(name).resolve()) if Path(name).exists() else name


def _peak() -> float:
    """Most memory that the process held, in GiB; on a GPU, that of the GPU."""
    if torch.cuda.is_available():
        return round(torch.cuda.max_memory_allocated() / 2**30, 2)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
