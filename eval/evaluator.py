"""The stage `evaluate`: encode the images once, then read every figure off their features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cytoscribe.captions.wording.exact import columns_of, compose_exact
from cytoscribe.core.digests import file_digest
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Caption, ImageRecord
from cytoscribe.core.runs import RunFolder, write_json
from cytoscribe.core.tables import read_images
from cytoscribe.eval.answers import Answers, answer, encode, for_source, sources_of, write_answers
from cytoscribe.eval.class_captions import read_class_captions
from cytoscribe.eval.evaluation import Evaluation
from cytoscribe.eval.metrics.attributes import attribute_figures, told, value_table
from cytoscribe.eval.metrics.bootstrap import Estimate, clusters_of, draw_weights, estimate, weighted_mean
from cytoscribe.eval.metrics.catalogue import flat
from cytoscribe.eval.metrics.classification import classify
from cytoscribe.eval.metrics.groups import by_groups, gaps
from cytoscribe.eval.metrics.hierarchy import hierarchy, parent_figures, read_parents
from cytoscribe.eval.metrics.leaks import find_leaks
from cytoscribe.eval.metrics.measures import (
    MeasuredFigures,
    Resampling,
    by_attributes,
    by_fit,
    by_region,
    calibration,
    caption_tests,
    image_to_image,
    label_sets,
    rejection,
)
from cytoscribe.eval.metrics.promises import broken_promises, by_source, shares_of_reasons, uncalibrated
from cytoscribe.eval.metrics.shots import check_shots, few_shot
from cytoscribe.eval.model import Model
from cytoscribe.eval.reasons import pixels_of, reasons
from cytoscribe.eval.report.account import facts, notes, strangers, unproven
from cytoscribe.eval.report.explorer import write_explorer
from cytoscribe.eval.report.gallery import WORDINGS, Gallery, build_gallery, read_gallery_captions
from cytoscribe.eval.report.result_tables import write_tables
from cytoscribe.eval.report.write import write_report
from cytoscribe.eval.samples import Samples, choose_samples, of_scale, trained_images, with_trained_splits
from cytoscribe.eval.second_annotation import exact_agreement, read_second
from cytoscribe.eval.settings import EvaluateSettings
from cytoscribe.training.data.where import refuse_shared, where

if TYPE_CHECKING:
    from torch import Tensor

METRICS_FILE = "metrics.json"
REPORT_FILE = "report.html"
EXPLORER_FILE = "explorer.html"
PREDICTIONS_FILE = "predictions.csv"


def evaluate(settings: EvaluateSettings, model: Model | None = None) -> Evaluation:
    """Measure a model on a table of images; writes metrics.json, predictions.csv, per_region.csv, confusion.csv, report.html
    and explorer.html.

    model: given by a caller that has it in memory, else read from `settings.model`. Raises InputError on input that cannot be used.
    """
    _check(settings)
    model = model or load_model(settings.model, settings.device, settings.embeddings, settings.images.parent)
    asked = read_inputs(settings, model)
    sources_of(model, (), settings.source)
    check_shots(model, settings.few_shot)
    model = for_source(model, asked.samples.records, settings.normalise)
    with RunFolder(settings.out, "evaluate", _told(settings), _inputs(settings), overwrite=settings.overwrite) as run:
        result = measure(settings, model, asked)
        write_answers(settings.out / PREDICTIONS_FILE, result.samples, result.answers, result.regions, result.per_image)
        write_tables(settings.out, result)
        write_report(settings.out / REPORT_FILE, result, EXPLORER_FILE if settings.explorer else "")
        if settings.explorer:
            write_explorer(settings.out / EXPLORER_FILE, result, settings.explorer)
        write_json(settings.out / METRICS_FILE, flat(result.figures, result.facts))
        run.finish({"images": len(result.samples.records), "figures": len(result.figures)})
    return result


def load_model(folder: Path, device: str, embeddings: Path | None = None, start: Path = Path()) -> Model:
    """The model folder that `train-lora` wrote; embeddings: vectors of the images, whose relative paths count from `start`."""
    from cytoscribe.training.data.embeddings import read_embeddings
    from cytoscribe.training.model.model_folder import TrainedModel

    return TrainedModel.load(folder, device, read_embeddings(embeddings, start) if embeddings else None)


@dataclass(frozen=True)
class Asked:
    """What is measured, read and checked. trained: images of training and calibration; texts: class captions given, with `unused`
    regions of theirs; captions: the dataset's; columns: attributes that exact captions state, none where there are none; parents: region
    to parent; taught: images of training whose attributes the model's folder keeps; second: file name to a second annotation."""

    samples: Samples
    trained: tuple[ImageRecord, ...]
    texts: dict[str, list[str]] | None
    unused: tuple[str, ...]
    captions: tuple[Caption, ...]
    columns: tuple[str, ...]
    parents: dict[str, str]
    taught: tuple[ImageRecord, ...] = ()
    second: dict[str, dict[str, str]] = field(default_factory=dict)


def read_inputs(settings: EvaluateSettings, model: Model) -> Asked:
    """Read tables and texts, before anything is written or encoded; raises InputError where one cannot be used."""
    trained = trained_images(model.folder)
    records = with_trained_splits(read_images(settings.images, region_column=settings.region_column), trained)
    texts, unused = read_class_captions(settings.class_captions, model.regions) if settings.class_captions else (None, [])
    seen = {r.path.resolve(): r for r in (*trained, *records) if r.split in ("train", "val")}
    captions = tuple(read_gallery_captions(settings.captions))
    trained_on = str(model.settings.get("settings", {}).get("scale", ""))
    measured = of_scale(_where(settings, records, trained), settings.scale, trained_on, settings.images)
    samples = choose_samples(measured, model.regions, settings.split, settings.images)
    columns = _columns(settings, samples, captions)
    return Asked(
        samples=samples,
        trained=tuple(seen.values()),
        texts=texts,
        unused=tuple(unused),
        captions=captions,
        columns=columns,
        parents=read_parents(settings.regions) if settings.regions else {},
        taught=tuple(r for r in trained if r.split == "train" and any(r.attributes.get(c) for c in columns)),
        second=read_second(settings.second_annotation, columns) if settings.second_annotation else {},
    )


def _where(settings: EvaluateSettings, records: list[ImageRecord], trained: Sequence[ImageRecord]) -> list[ImageRecord]:
    """The rows that --test-where asks for; raises InputError where training saw images of their subjects."""
    if not settings.test_where:
        return records
    kept = where(records, settings.test_where, "--test-where")
    saw = [r for r in trained if r.split in ("train", "val")]
    refuse_shared(saw, [r for r in kept if r.split not in ("train", "val", "unseen")], "training and --test-where")
    return kept


def _columns(settings: EvaluateSettings, samples: Samples, captions: Sequence[Caption]) -> tuple[str, ...]:
    """The requested attributes, else those that the captions speak of, in the order of the images table."""
    there = list(samples.records[0].attributes)
    if settings.attributes is None:
        spoken = columns_of(captions)
        return tuple(c for c in there if c in spoken)
    missing = [c for c in settings.attributes if c not in there]
    if missing:
        raise InputError(f"no column '{missing[0]}'", where=settings.images, fix=f"use some of {', '.join(there) or 'none'}")
    return settings.attributes


def measure(settings: EvaluateSettings, model: Model, asked: Asked) -> Evaluation:
    """Every figure, nothing written."""
    samples = asked.samples
    gallery = build_gallery(model, asked.captions, settings.wording, asked.texts)
    leaks = find_leaks(samples.known_records, samples.unseen_records, asked.trained)
    encoded = encode(model, samples.records, settings.batch_size)
    samples = samples.only(encoded.kept)
    if not (~samples.unseen).any():
        raise InputError("no image of a known region could be read", where=settings.images, fix="check the paths")
    sources = sources_of(model, samples.records, settings.source)
    answers = _answers(model, encoded.features, asked, samples, sources if settings.normalise == "none" else ())
    clusters = clusters_of(samples.records)
    draws = Resampling(draw_weights(clusters.index, samples.unseen.astype(int), settings.bootstrap, settings.seed), settings.seed)
    known = ~samples.unseen
    classification = classify(
        samples.truth[known], answers.predicted[known], model.regions, draws.weights[:, known], clusters.index[known]
    )
    naming = {"zero_shot.macro_f1": classification.macro_f1, "zero_shot.accuracy": classification.accuracy}
    found = (
        MeasuredFigures(naming | _by_parent(model, asked, samples, answers, draws))
        | MeasuredFigures(facts=facts(samples, encoded.skipped, leaks, clusters, model, gallery))
        | _retrieval(model, asked, gallery, samples, answers, draws)
        | image_to_image(samples, answers, clusters, draws)
        | by_source(samples, answers, sources, draws)
        | _by_answer(settings, model, samples, answers, draws)
    )
    return Evaluation(
        samples=samples,
        answers=answers,
        regions=model.regions,
        gallery=gallery,
        nearest=(answers.features @ gallery.features.T).argmax(1),
        classification=classification,
        figures=found.figures,
        facts=found.facts,
        per_image=found.per_image,
        leaks=leaks,
        clusters=clusters,
        alpha=model.rejection.alpha,
        groups=tuple(by_groups(samples, answers, len(model.regions), settings.bootstrap, settings.seed, settings.group_by)),
        notes=(
            *samples.notes,
            *notes(encoded.skipped, asked.unused, samples, clusters, leaks, settings.bootstrap > 0),
            *strangers(model, encoded.features[_own(answers)], settings.normalise),
            *unproven(model),
            *answers.notes,
            *uncalibrated(model, sources),
            *broken_promises(found.figures, model.rejection.alpha),
        ),
    )


def _retrieval(
    model: Model, asked: Asked, gallery: Gallery, samples: Samples, answers: Answers, draws: Resampling
) -> MeasuredFigures:
    """Images and captions found by each other."""
    return (
        by_region(samples, answers, gallery, draws)
        | by_fit(samples, answers, gallery, draws)
        | _exact(model, asked, samples, answers, draws)
        | _attributes(model, asked, samples, answers, draws)
        | _caption_tests(model, asked, gallery, samples, answers, draws)
    )


def _by_answer(settings: EvaluateSettings, model: Model, samples: Samples, answers: Answers, draws: Resampling) -> MeasuredFigures:
    """What the answers are worth: probabilities, rejection and its reasons, groups of images, naming by a few images."""
    return (
        calibration(samples, answers, draws)
        | rejection(samples, answers, draws)
        | label_sets(samples, answers, draws)
        | shares_of_reasons(samples, answers, draws)
        | gaps(samples, answers, settings.group_by, len(model.regions), draws)
        | few_shot(model, samples, answers, settings.few_shot, draws)
    )


def _answers(model: Model, features: Tensor, asked: Asked, samples: Samples, sources: Sequence[str]) -> Answers:
    """Answers with their reasons."""
    answers = answer(model, features, asked.texts, sources)
    pixels = pixels_of(model, samples.records, answers.sources)
    return replace(answers, reasons=reasons(answers, pixels, model.regions, asked.parents))


def _own(answers: Answers) -> list[int]:
    """Images that are judged by the model's own calibration, not by that of a source."""
    return [i for i, name in enumerate(answers.sources or ("",) * len(answers.predicted)) if not name]


def _by_parent(model: Model, asked: Asked, samples: Samples, answers: Answers, draws: Resampling) -> dict[str, Estimate]:
    tree, known = hierarchy(model.regions, asked.parents), ~samples.unseen
    if not tree.useful:
        return {}
    return parent_figures(samples.truth[known], answers.predicted[known], tree, draws.weights[:, known])


def _caption_tests(
    model: Model, asked: Asked, gallery: Gallery, samples: Samples, answers: Answers, draws: Resampling
) -> MeasuredFigures:
    """Tests of the data set's masked captions; nothing where no data set is given or there is only one region."""
    if not asked.captions or len(model.regions) < 2:
        return MeasuredFigures()
    masked = gallery if gallery.wording == "masked" else build_gallery(model, asked.captions, "masked", None)
    return caption_tests(masked, samples, answers, len(model.regions), draws)


def _exact(model: Model, asked: Asked, samples: Samples, answers: Answers, draws: Resampling) -> MeasuredFigures:
    """Retrieval by captions that state every attribute, where the images have attributes; on known images."""
    if not asked.columns:
        return MeasuredFigures()
    known = ~samples.unseen
    exact = compose_exact(samples.known_records, asked.columns, draws.seed)
    of_image = np.full(len(samples.records), -1)
    of_image[known] = exact.of_image
    found = by_attributes(answers, model.encode_texts(exact.texts).numpy(), of_image, draws)
    return found | MeasuredFigures(facts={"retrieval.exact.attributes": ", ".join(exact.columns)})


def _attributes(model: Model, asked: Asked, samples: Samples, answers: Answers, draws: Resampling) -> MeasuredFigures:
    """Each attribute of known images, by the captions that state every set of attributes seen in training; and the human ceiling."""
    if not asked.columns or not asked.taught:
        return MeasuredFigures()
    known = ~samples.unseen
    exact = compose_exact(asked.taught, asked.columns, draws.seed)
    shown = {int(i): r.attributes for r, i in zip(reversed(asked.taught), reversed(exact.of_image), strict=True)}
    table = value_table([shown[i] for i in range(len(exact.texts))], asked.columns)
    found = told(answers.features, model.encode_texts(exact.texts).numpy(), table, model.logit_scale)
    measured = attribute_figures(samples.records, known, found, table, asked.second, draws)
    if not asked.second:
        return measured
    alike = exact_agreement(samples.known_records, asked.second, asked.columns)
    if not np.isfinite(alike).any():
        return measured
    ceiling = estimate(weighted_mean(alike), draws.weights[:, known], int(np.isfinite(alike).sum()))
    return measured | MeasuredFigures({"attributes.second.all_alike": ceiling})


def _check(settings: EvaluateSettings) -> None:
    if settings.wording not in WORDINGS:
        raise InputError(f"unknown wording '{settings.wording}'", fix=f"use {' or '.join(WORDINGS)}")
    if settings.source and settings.normalise != "none":
        fix = "leave --normalise or --source out"
        raise InputError("the calibration of a source is for its images as they are", where="--normalise", fix=fix)
    if settings.bootstrap < 0 or settings.bootstrap == 1:
        raise InputError(f"{settings.bootstrap} bootstrap replicates give no interval", fix="give --bootstrap 1000, or 0 for none")


def _told(settings: EvaluateSettings) -> dict[str, Any]:
    names = ("region_column", "split", "scale", "wording", "attributes", "bootstrap", "seed", "normalise")
    names += ("source", "test_where", "group_by", "few_shot")
    return {name: getattr(settings, name) for name in names}


def _inputs(settings: EvaluateSettings) -> dict[str, Any]:
    """Digests of what is read. Results do not depend on where the files lie."""
    files = {
        "images": settings.images,
        "class_captions": settings.class_captions,
        "regions": settings.regions,
        "embeddings": settings.embeddings,
        "second_annotation": settings.second_annotation,
        "model": settings.model / "calibration.json",
    }
    digests = {name: file_digest(path) for name, path in files.items() if path and path.is_file()}
    return digests | ({"captions": str(settings.captions.resolve())} if settings.captions else {})
