"""report.html: one page that a colleague can open anywhere, with every figure, what it was measured on, and examples."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import write_text
from cytoscribe.eval.answers import Answers
from cytoscribe.eval.metrics.bootstrap import Estimate
from cytoscribe.eval.metrics.catalogue import FAMILIES, meaning
from cytoscribe.eval.metrics.classification import confusions
from cytoscribe.eval.metrics.feature_map import feature_map
from cytoscribe.eval.metrics.groups import GroupFigures
from cytoscribe.eval.metrics.open_set import auroc
from cytoscribe.eval.metrics.promises import broken_names, broken_promises
from cytoscribe.eval.report import figures
from cytoscribe.eval.report.figures import CROWDED, thumbnail
from cytoscribe.eval.report.gallery import Gallery
from cytoscribe.eval.report.page import interval_text, number_text, render_page
from cytoscribe.eval.samples import Samples

if TYPE_CHECKING:
    from cytoscribe.eval.evaluation import Evaluation

_HEADLINES = (
    ("zero_shot.macro_f1", "macro-F1", "naming known regions"),
    ("retrieval.i2i.recall@1", "image → image", "recall@1, same region"),
    ("retrieval.i2t_exact.recall@1", "image → caption", "recall@1, exact attributes"),
    ("retrieval.i2t.recall@1", "image → caption", "recall@1, same region"),
    ("captions.masked_8way", "caption → region", "masked words, one of {ways}"),
    ("open_set.auroc", "AUROC", "unseen against known"),
    ("open_set.fpr95", "FPR95", "unseen accepted, lower is better"),
    ("open_set.known_rejected", "known rejected", "at the model's threshold"),
    ("open_set.unseen_rejected", "unseen rejected", "at the model's threshold"),
)


@dataclass(frozen=True)
class FigureRow:
    """One figure as the page shows it; `recall` figures of one family share a meaning."""

    name: str
    value: str
    interval: str
    n: int
    meaning: str


def write_report(path: Path, result: Evaluation, explorer: str = "") -> None:
    """Write the page, atomically; explorer: file name of the page of images beside it, if any. What came from files is escaped."""
    write_text(path, render(result, explorer))


def render(result: Evaluation, explorer: str = "") -> str:
    """The page as HTML."""
    return render_page("report.html", explorer=explorer, **_content(result))


def _content(result: Evaluation) -> dict[str, object]:
    samples, answers = result.samples, result.answers
    unseen = samples.unseen
    right = answers.predicted == samples.truth
    per_region = sorted(result.classification.per_region, key=lambda r: r.f1.value)
    return {
        "headlines": _headlines(result.figures, result.facts, broken_names(broken_promises(result.figures, result.alpha))),
        "families": [(title, _rows(result.figures, start)) for title, start in FAMILIES],
        "facts": result.facts,
        "notes": result.notes,
        "leaks": result.leaks,
        "alpha": result.alpha,
        "broken": broken_promises(result.figures, result.alpha),
        "crowded": len(result.regions) > CROWDED,
        "clusters": result.clusters,
        "confusion": figures.confusion_matrix(result.classification),
        "bars": figures.region_bars(result.classification),
        "histogram": figures.score_histogram(answers.scores, unseen, answers.rejected),
        "curves": figures.rejection_curves(answers.scores, unseen, right) if unseen.any() else "",
        "sets": _sets(result.figures),
        "map": feature_map(samples, answers, result.regions),
        "trust": figures.trust(answers.probabilities[~unseen].max(1), right[~unseen], answers.p_values[~unseen]),
        "group_rows": [
            (g, *(f"{number_text(e.value)} ({interval_text(e)})" if e.ci95 else number_text(e.value) for e in _group_estimates(g)))
            for g in result.groups
        ],
        "per_region": [
            (r, number_text(r.precision), number_text(r.recall), number_text(r.f1.value), interval_text(r.f1)) for r in per_region
        ],
        "mistakes": confusions(result.classification),
        "unseen_regions": _unseen_regions(result),
        "groups": example_groups(samples, answers, result.gallery, result.nearest, result.regions, seed=0),
    }


def _sets(measured: Mapping[str, Estimate]) -> dict[str, str]:
    if "label_sets.coverage" not in measured:
        return {}
    return {"held": f"{measured['label_sets.coverage'].value:.1%}", "size": f"{measured['label_sets.size'].value:.1f}"}


def _group_estimates(group: GroupFigures) -> tuple[Estimate, ...]:
    return group.accuracy, group.macro_f1, group.known_rejected, group.unseen_rejected


def _headlines(
    measured: Mapping[str, Estimate], facts: Mapping[str, object], broken: Collection[str]
) -> list[tuple[str, str, str, str, bool]]:
    ways = facts.get("captions.masked_8way.ways", "")
    return [
        (label, number_text(measured[k].value), interval_text(measured[k]), hint.format(ways=ways), k in broken)
        for k, label, hint in _HEADLINES
        if k in measured
    ]


def _rows(measured: Mapping[str, Estimate], start: str) -> list[FigureRow]:
    return [
        FigureRow(k, number_text(v.value), interval_text(v), v.n, meaning(k)) for k, v in measured.items() if k.startswith(start)
    ]


def _unseen_regions(result: Evaluation) -> list[tuple[str, int, str, str, str]]:
    """Each unseen region: images, share rejected, AUROC against all known images, and what it was most often taken for."""
    answers, rows = result.answers, {}
    for i, record in enumerate(result.samples.records):
        if result.samples.truth[i] < 0:
            rows.setdefault(record.region, []).append(i)
    known = np.flatnonzero(~result.samples.unseen)
    told = []
    for region, members in sorted(rows.items()):
        called = [result.regions[int(answers.predicted[i])] for i in members]
        commonest = max(sorted(set(called)), key=called.count)
        both = np.concatenate([known, members])
        strange = np.arange(both.size) >= known.size
        area = float(auroc(answers.scores[both], strange)(np.ones((1, both.size)))[0])
        share = float(answers.rejected[members].mean())
        taken = f"{commonest} ({called.count(commonest) / len(called):.0%})"
        told.append((region, len(members), number_text(share), number_text(area), taken))
    return told


A_GROUP = 6


@dataclass(frozen=True)
class Example:
    """One picture with what the model said of it. `picture` is a data URI; `right` None where the image is of an unseen region."""

    picture: str
    name: str
    truth: str
    predicted: str
    probability: float
    p_value: float
    rejected: bool
    right: bool | None
    caption: str


@dataclass(frozen=True)
class ExampleGroup:
    """Examples of one kind. `total` images are of this kind; `order` says how these were picked."""

    title: str
    order: str
    total: int
    examples: tuple[Example, ...]


def example_groups(
    samples: Samples, answers: Answers, gallery: Gallery, nearest: np.ndarray, regions: Sequence[str], seed: int
) -> list[ExampleGroup]:
    """Up to six images of each kind; mistakes are the most confident ones, the rest drawn with the seed."""
    unseen, rejected = samples.unseen, answers.rejected
    right = answers.predicted == samples.truth
    sure = answers.probabilities.max(1)
    drawn = np.random.default_rng(seed).random(len(sure))
    kinds = (
        ("Known, named rightly", "drawn at random", ~unseen & ~rejected & right, drawn),
        ("Known, named wrongly", "the most confident mistakes", ~unseen & ~rejected & ~right, -sure),
        ("Known, but rejected", "drawn at random", ~unseen & rejected, drawn),
        ("Unseen, rejected", "drawn at random", unseen & rejected, drawn),
        ("Unseen, but accepted", "the least strange to the model", unseen & ~rejected, answers.scores),
    )
    groups = []
    for title, order, mask, key in kinds:
        members = np.flatnonzero(mask)
        picked = members[np.argsort(key[members], kind="stable")][:A_GROUP]
        examples = [_example(int(i), samples, answers, gallery.texts[nearest[i]], regions) for i in picked]
        groups.append(ExampleGroup(title, order, int(mask.sum()), tuple(e for e in examples if e is not None)))
    return [g for g in groups if g.total]


def _example(i: int, samples: Samples, answers: Answers, caption: str, regions: Sequence[str]) -> Example | None:
    from cytoscribe.core.images import read_image

    record, truth = samples.records[i], int(samples.truth[i])
    try:
        picture = thumbnail(read_image(record.path))
    except InputError:  # a model may bring features of images that lie elsewhere
        return None
    return Example(
        picture=picture,
        name=record.path.name,
        truth=record.region,
        predicted=regions[int(answers.predicted[i])],
        probability=float(answers.probabilities[i].max()),
        p_value=float(answers.p_values[i]),
        rejected=bool(answers.rejected[i]),
        right=None if truth < 0 else bool(answers.predicted[i] == truth),
        caption=caption,
    )
