"""The stage behind `train-lora`: images and captions that share a region label in, a rejecting dual encoder out."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cytoscribe import __version__
from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import say
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import RUN_FILE, RunFolder, read_json, write_json
from cytoscribe.core.spelling import respelled, shown
from cytoscribe.core.tables import read_images
from cytoscribe.core.verify import record_files, refuse_damaged
from cytoscribe.training import held_out, loop
from cytoscribe.training.data import pairs
from cytoscribe.training.data.augmentation import augmented, strengths_of
from cytoscribe.training.data.caption_files import read_caption_folders, read_evidence
from cytoscribe.training.data.embeddings import Embeddings, Vectors, read_embeddings, takes_vectors
from cytoscribe.training.data.pairs import CaptionPool
from cytoscribe.training.data.splits import SplitImages, chosen_rows, counts, split_images, write_splits
from cytoscribe.training.data.squares import MEMORY_LIMIT, Squares
from cytoscribe.training.data.twins import refuse_twins
from cytoscribe.training.fingerprint import deciding, input_digests
from cytoscribe.training.hard_negatives import HardNegatives, HardTerm, hard_negatives
from cytoscribe.training.idle_options import refuse_idle
from cytoscribe.training.images import describe_skipped
from cytoscribe.training.loop import Fitting
from cytoscribe.training.memory import CaptionMemory
from cytoscribe.training.model import encoding, export
from cytoscribe.training.model.base_models import Base, load_base
from cytoscribe.training.model.lora import add_adapters, free, trained, undo_drift
from cytoscribe.training.model.model_folder import CONFIG_FILE, REGIONS_FILE, read_model_settings
from cytoscribe.training.model.reach import reach
from cytoscribe.training.model.recalibration import recalibrate
from cytoscribe.training.model.text_side import TextSide
from cytoscribe.training.ranks import Ranks, joined, together
from cytoscribe.training.rejection.allocation import keep_freed_memory
from cytoscribe.training.rejection.conformal import Rejection
from cytoscribe.training.settings import RejectionOptions, TrainSettings
from cytoscribe.training.trackers import check_tracker, start_tracker
from cytoscribe.training.whole_captions import WholeCaptions, whole_captions
from cytoscribe.training.whole_term import WholeTerm

STORED_MARGIN = 1.25
"""Images are kept this much larger than the model sees them, so that zooming in shows real detail."""
FEW = 5


def train(settings: TrainSettings) -> dict[str, Any]:
    """Train, calibrate and export; returns a summary of counts and validation figures. A killed run resumes where it stopped.

    Under `torchrun` all processes train; only the first one writes, and the others return {}. Raises InputError where tables,
    captions, base or options cannot be used; nothing of an unseen region is ever read.
    """
    with joined(settings.device) as ranks, ExitStack() as stack:
        with ranks.shared_fate():
            check_tracker(settings.tracker)
            encoding.pick_device(settings.device)
            images, variants = _read(settings)
            run = stack.enter_context(_run_folder(settings)) if ranks.first else None
        with ranks.shared_fate():
            finished = _finished(run, settings)
        done = ranks.agree(finished)
        if done is not None:
            say(f"{settings.out}: finished already, nothing to do")
            return done if ranks.first else {}
        if run is not None:
            _prepare(run, images)
        summary = _train(settings, images, variants, settings.out, ranks)
        if run is not None:
            run.finish(summary, done_with=(loop.CHECKPOINT, loop.BEST))
        ranks.wait()  # a process that left early could meet the others' next run before its end
        return summary


def _run_folder(settings: TrainSettings) -> RunFolder:
    return RunFolder(
        settings.out,
        "train-lora",
        deciding(settings),
        input_digests(settings),
        overwrite=settings.overwrite,
        prepared=("images.csv", "augmentation.png"),
    )


def _finished(run: RunFolder | None, settings: TrainSettings) -> dict[str, Any] | None:
    """The summary of a run that was done before; None where there is something to do."""
    if run is None or not run.resumed:
        return None
    told = read_json(run.path / RUN_FILE)
    if told["status"] != "done":
        return None
    refuse_damaged(run.path)
    _follow_rejection(run.path, settings.rejection)
    return told["summary"]


def _follow_rejection(folder: Path, wanted: RejectionOptions) -> None:
    """Calibrate a finished model again where only the options of its rejection have changed: no training is worth that."""
    told = read_model_settings(folder)
    options = json.loads(json.dumps(asdict(wanted)))
    if told.get("settings", {}).get("rejection") == options:
        return
    recalibrate(folder, wanted.alpha, wanted.scores)
    told = read_model_settings(folder)
    write_json(folder / CONFIG_FILE, {**told, "settings": {**told["settings"], "rejection": options}})
    record_files(folder)
    say(f"{folder}: the rejection was calibrated again, the training is as it was")


def _prepare(run: RunFolder, images: SplitImages) -> None:
    if not run.resumed:
        _forget(run.path)
    write_splits(images, run.path)  # whoever measures the model learns from it what training saw


def _read(settings: TrainSettings) -> tuple[SplitImages, list[pairs.Variant]]:
    records = read_images(settings.images, region_column=settings.region_column)
    if settings.scale:
        records = [r for r in records if r.scale == settings.scale]
        if not records:
            raise InputError(f"no image with scale '{settings.scale}'", where=settings.images, fix="check the scale column")
    records = chosen_rows(records, settings.train_where, settings.test_where)
    captions = read_caption_folders(settings.captions)
    records = _in_spelling(records, [c.region for c in captions], settings.images)
    images = split_images(records, settings.seed, settings.images)
    refuse_twins(images.records, settings.images)
    return images, pairs.wordings([c for c in captions if c.region in images.regions], settings.wording)


def _in_spelling(records: list[ImageRecord], known: list[str], table: Path) -> list[ImageRecord]:
    """The records with their regions as the captions spell them; corrections are reported."""
    mended = respelled([r.region for r in records], known)
    if mended:
        say(f"{table.name}: regions are read in the spelling of the captions: {shown(mended)}")
    return [replace(r, region=mended.get(r.region, r.region)) for r in records]


def _forget(folder: Path) -> None:
    for name in (loop.CHECKPOINT, loop.BEST, REGIONS_FILE):
        (folder / name).unlink(missing_ok=True)


def _train(
    settings: TrainSettings, images: SplitImages, variants: list[pairs.Variant], folder: Path, ranks: Ranks
) -> dict[str, Any]:
    device = encoding.pick_device(settings.device)
    if device.type == "cpu":
        keep_freed_memory()
    with ranks.shared_fate():
        vectors = read_embeddings(settings.embeddings, settings.images.parent) if settings.embeddings else None
        base = _base(settings, vectors)
        settings = replace(settings, objective=settings.objective.resolved(has_bias(base.model)))
        stored = _opened(settings, vectors, images.of("train"), round(base.image_px * STORED_MARGIN), ranks)
        kept_back = _opened(settings, vectors, images.of("val") if ranks.first else [], base.image_px, ranks)
        skipped = stored.skipped + kept_back.skipped
        if skipped:
            say(describe_skipped(skipped))
        regions = tuple(sorted({r.region for r in stored.records}))
        if not regions:
            raise InputError("no training image can be read", where=settings.images, fix="check the image_path column")
        refuse_idle(settings, base, bool(kept_back.records) or not ranks.first)
        pool = pairs.build_pool(stored.records, variants, regions)
        if isinstance(stored, Vectors):
            base.model.visual.standardise(stored.all())
        fitting = _fitting(settings, base, pool, stored, device, ranks)
        if ranks.first and isinstance(stored, Squares):
            _show_augmentation(fitting, folder)
        fitting.tracker = start_tracker(settings.tracker if ranks.first else "none", folder, deciding(settings))
        progress = loop.fit(fitting, folder, held_out.validator(fitting, base, kept_back) if len(kept_back) else None)
    fitting.tracker.close()
    undo_drift(fitting.learner)
    if not ranks.first:
        return {}
    merged = fitting.clip
    if fitting.learner is not fitting.clip:
        export.save_adapter(fitting.learner, folder)
        merged = fitting.learner.merge_and_unload()
    merged = merged.to("cpu", memory_format=torch.contiguous_format).eval()
    export.save_merged(merged, base, folder)
    rejection = held_out.calibrate_model(settings, merged, base, pool, stored, kept_back)
    if appearance := held_out.appearance_from(pool, stored, kept_back, base.image_px, settings.seed):
        appearance.save(folder)
    told = _told(settings, images, fitting, rejection, progress)
    told |= {"skipped_images": len(skipped), "all_weights": sum(p.numel() for p in merged.parameters())}
    _write(told, fitting.pool, rejection, progress, folder)
    return {k: told[k] for k in ("regions", "images", "skipped_images", "captions", "epochs", "precision", "validation", "notes")}


def _base(settings: TrainSettings, vectors: Embeddings | None) -> Base:
    width = vectors.width if vectors else 0
    return load_base(settings.base, settings.weights, settings.image.image_px, settings.seed, width)


def _opened(
    settings: TrainSettings, vectors: Embeddings | None, records: list[ImageRecord], px: int, ranks: Ranks
) -> Squares | Vectors:
    if vectors is not None:
        return Vectors(records, vectors)
    return Squares(records, px, settings.image.workers, MEMORY_LIMIT // ranks.count)


def _fitting(
    settings: TrainSettings, base: Base, pool: CaptionPool, squares: Squares | Vectors, device: torch.device, ranks: Ranks
) -> Fitting:
    tune = settings.tuning.resolved(base.pretrained)
    model = base.model.to(device, memory_format=torch.channels_last)
    width = squares.take(np.zeros(1, dtype=np.int64)).shape[1] if isinstance(squares, Vectors) else 0
    reached = reach(model, base.tokenize, base.image_px, width)
    bias = has_bias(model) and settings.objective.loss == "sigmoid"
    if tune == "full":
        free(model, settings.tuning.towers, reached.weights, bias)
        learner = model = together(model, ranks, device)
    else:
        frozen = base.frozen if settings.tuning.frozen is None else settings.tuning.frozen
        towers = settings.tuning.towers
        if takes_vectors(model) and towers == "both":
            towers = "text"  # the projection of the vectors is trained whole
        tuning = replace(settings.tuning, frozen=frozen, towers=towers)
        learner = add_adapters(model, tuning, base.name, reached.layers, bias)
    strengths = strengths_of(settings.image, squares.records)
    torch.manual_seed(settings.seed)
    whole = _whole_captions(settings, base, pool, squares)
    hard = _hard_negatives(settings, base, pool)
    own = pool.texts + (whole.texts if whole else ())
    texts = TextSide(model, base.tokenize, own + (hard.texts if hard else ()), device)
    return Fitting(
        learner=learner,
        clip=model,
        pool=pool,
        squares=squares,
        texts=texts,
        objective=settings.objective,
        optimisation=settings.optimisation,
        augmentation=strengths,
        normalise=_scaler(base, strengths.balanced),
        px=base.image_px,
        seed=settings.seed,
        device=device,
        bf16=use_bf16(settings.precision, device),
        adapted=tune != "full",
        trained_weights=sum(p.numel() for _, p in trained(learner)),
        ranks=ranks,
        whole=_whole_term(settings, whole, texts, learner) if whole else None,
        hard=_hard_term(settings, hard, len(own), pool) if hard else None,
    )


def _whole_captions(settings: TrainSettings, base: Base, pool: CaptionPool, squares: Squares | Vectors) -> WholeCaptions | None:
    if settings.objective.loss != "label" or not settings.objective.whole_weight:
        return None
    reads = partial(encoding.reads_whole, base.tokenize)
    return whole_captions(squares.records, pool.columns, settings.whole_captions, settings.seed, reads)


def _whole_term(settings: TrainSettings, captions: WholeCaptions, texts: TextSide, learner: Any) -> WholeTerm:
    with torch.no_grad():
        one = texts.features(np.zeros(1, dtype=np.int64))
    learner.caption_memory = CaptionMemory(len(captions.texts), one.shape[1]).to(one.device)
    return WholeTerm(captions, learner.caption_memory, settings.optimisation.whole_a_step, settings.objective.whole_weight)


def _hard_negatives(settings: TrainSettings, base: Base, pool: CaptionPool) -> HardNegatives | None:
    if not settings.objective.hard(bool(pool.columns)):
        return None
    reads = partial(encoding.reads_whole, base.tokenize)
    found = hard_negatives(pool, read_evidence(settings.captions), settings.seed, reads)
    if found is None and settings.objective.hard_weight:
        raise InputError(
            "--hard-weight has no effect where no caption makes a claim that can be made false",
            fix="leave it out, or give captions with their claims (evidence.parquet, or claims of images)",
        )
    return found


def _hard_term(settings: TrainSettings, negatives: HardNegatives, first: int, pool: CaptionPool) -> HardTerm:
    return HardTerm(negatives, first, settings.optimisation.hard_a_step, settings.objective.hard(bool(pool.columns)))


def has_bias(model: encoding.Model) -> bool:
    """Whether a base adds a bias to its logits: it was trained with a sigmoid loss."""
    return getattr(model, "logit_bias", None) is not None


def _scaler(base: Base, balance: bool) -> Callable[[Tensor], Tensor]:
    return lambda images: encoding.normalised(images * 255.0, base.mean, base.std, balance)


def use_bf16(precision: str, device: torch.device) -> bool:
    """`auto`: bf16 where the device multiplies it in hardware; on other CPUs it would be slower than fp32."""
    if precision not in ("auto", "bf16", "fp32"):
        raise InputError(f"unknown precision '{precision}'", fix="use auto, bf16 or fp32")
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()


def _show_augmentation(fitting: Fitting, folder: Path) -> None:
    shown = np.linspace(0, len(fitting.squares) - 1, min(8, len(fitting.squares))).astype(int)
    plain = torch.from_numpy(fitting.squares.take(shown))
    generator = torch.Generator().manual_seed(fitting.seed)
    export.save_augmentation_sheet(plain, augmented(plain.repeat(3, 1, 1, 1), fitting.px, fitting.augmentation, generator), folder)


def _told(
    settings: TrainSettings, images: SplitImages, fitting: Fitting, rejection: Rejection, progress: loop.Progress
) -> dict[str, Any]:
    """config.json: what was trained, on what, and how it went."""
    per_region = _images_a_region(fitting.pool)
    few = [r for r in fitting.pool.names if per_region[r] < FEW]
    notes = [*rejection.notes, *([f"fewer than {FEW} training images: {', '.join(few)}"] if few else [])]
    return {
        "cytoscribe": __version__,
        "base": settings.base,
        "trained": "lora" if fitting.learner is not fitting.clip else "full",
        "trained_weights": fitting.trained_weights,
        "regions": list(fitting.pool.names),
        "images": counts(images),
        "captions": len(fitting.pool.texts),
        "hard_negatives": len(fitting.hard.negatives.pairs) if fitting.hard else 0,
        "epochs": progress.epoch,
        "seed": settings.seed,
        "precision": "bf16" if fitting.bf16 else "fp32",
        "processes": fitting.ranks.count,
        "embeddings": _vectors_told(settings, fitting),
        "image_px": fitting.px,
        "views": settings.image.views,
        "balanced": fitting.augmentation.balanced,
        "notes": notes,
        "rejection": rejection.summary(),
        "validation": progress.history[-1] if progress.history else {},
        "history": progress.history,
        "settings": deciding(settings) | {"rejection": asdict(settings.rejection)},
    }


def _vectors_told(settings: TrainSettings, fitting: Fitting) -> dict[str, Any] | None:
    if settings.embeddings is None:
        return None
    return {"file": settings.embeddings.name, "width": int(fitting.squares.take(np.zeros(1, dtype=np.int64)).shape[1])}


def _images_a_region(pool: CaptionPool) -> dict[str, int]:
    return {name: int((pool.image_regions == i).sum()) for i, name in enumerate(pool.names)}


def _write(told: dict[str, Any], pool: CaptionPool, rejection: Rejection, progress: loop.Progress, folder: Path) -> None:
    rejection.save(folder)
    export.save_curves(progress.history, progress.losses, folder)
    export.save_card(folder, told)
    write_json(folder / CONFIG_FILE, told)
    export.save_regions(pool.names, pairs.class_captions(pool), _images_a_region(pool), rejection.context.logit_scale, folder)
