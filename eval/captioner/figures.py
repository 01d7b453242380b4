"""The figures of a captioner, each a function of resampled weights, with the number of images behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cytoscribe.eval.caption_tests import chance_of_right
from cytoscribe.eval.captioner.baselines import Baseline
from cytoscribe.eval.captioner.claims import precision_counts, recall_counts, support_counts
from cytoscribe.eval.captioner.grounding import Ground
from cytoscribe.eval.captioner.texts import TextClassifier, Wording, beaten
from cytoscribe.eval.describer import UNSEEN
from cytoscribe.eval.metrics.bootstrap import Estimate, Statistic, clusters_of, draw_weights, estimate, weighted_mean
from cytoscribe.eval.metrics.open_set import auroc
from cytoscribe.eval.samples import Samples
from cytoscribe.training.captioner.folder import Captioner
from cytoscribe.training.captioner.joint import Verdicts
from cytoscribe.training.captioner.wording import said_label

WAYS = (2, 8)


@dataclass(frozen=True)
class Heard:
    """What the captioner said of N images. labels (N, K + 1) log-probabilities; named: captions behind the likeliest label; free: whole
    answers that the model began by itself; held: captions chosen among those of the label; masked: answers to the second question; masked_held: chosen among all masked captions;
    shuffled_*: the same of another image; likelihoods: of some known images, (K,) scores of masked captions."""

    samples: Samples
    labels: np.ndarray
    verdicts: Verdicts
    named: list[str]
    free: list[str]
    masked: list[str]
    masked_held: list[str]
    held: list[str]
    shuffled_labels: np.ndarray
    shuffled_masked: list[str]
    baselines: Mapping[str, Baseline]
    classifier: TextClassifier
    ground: Ground
    likelihoods: Mapping[int, np.ndarray]
    facts: Mapping[str, Any]

    @property
    def predicted(self) -> np.ndarray:
        """(N,) likeliest region."""
        return self.labels[:, :-1].argmax(1)


@dataclass(frozen=True)
class Results:
    """figures by name; facts; gated: captions after the gate (N); labels: region or unseen (N)."""

    figures: dict[str, Estimate]
    facts: dict[str, Any]
    gated: list[str]
    labels: list[str]


@dataclass(frozen=True)
class _Draws:
    """Replicates over the images: weights (B, N), and which images are known (N,)."""

    weights: np.ndarray
    known: np.ndarray

    def mean(self, values: np.ndarray, where: np.ndarray) -> Estimate:
        """Mean of values (N,) over the images of `where` (N,) bool; NaN values are left out."""
        kept = np.where(where, values.astype(np.float64), np.nan)
        return estimate(weighted_mean(kept), self.weights, int(np.isfinite(kept).sum()))

    def ratio(self, counts: np.ndarray, where: np.ndarray) -> Estimate:
        """Sum of the first column of counts (N, 2) over the sum of both, over the images of `where`."""
        held = np.where(where[:, None], counts, 0.0)

        def statistic(weights: np.ndarray) -> np.ndarray:
            top, rest = weights @ held[:, 0], weights @ held[:, 1]
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.where(top + rest > 0, top / (top + rest), np.nan)

        return estimate(statistic, self.weights, int(held.sum()))

    def of(self, statistic: Statistic) -> Estimate:
        return estimate(statistic, self.weights, len(self.known))


def figures(heard: Heard, captioner: Captioner, replicates: int, seed: int) -> Results:
    """Every figure, with 95% intervals over `replicates` (0 for none)."""
    samples = heard.samples
    clusters = clusters_of(samples.records)
    draws = _Draws(draw_weights(clusters.index, samples.unseen.astype(int), replicates, seed), ~samples.unseen)
    names = [captioner.regions[k] for k in heard.predicted]
    read = [heard.ground.of(t, n) for t, n in zip(heard.named, names, strict=True)]
    gated = [g.text for g in read]
    whole = np.array([g.struck == 0 for g in read])
    found = (
        _naming(heard, captioner, draws) | _masked(heard, draws) | _rejection(heard, draws) | _claims(heard, names, gated, draws)
    )
    found["captioner.captions_kept_whole"] = draws.mean(whole, draws.known)
    wording = Wording(captioner.knowledge.captions)
    for name, texts in (("captioner.worded_as_known", heard.named), ("captioner.masked_worded_as_known", heard.masked)):
        found[name] = draws.mean(np.array([wording.share(t) for t in texts]), draws.known)
    found |= _controls(heard, captioner, draws)
    labels = [UNSEEN if r else n for r, n in zip(heard.verdicts.rejected, names, strict=True)]
    facts = {
        **heard.facts,
        "captioner.resampled": f"{clusters.count} {clusters.unit}s",
        "captioner.regions": len(captioner.regions),
    }
    return Results({n: e for n, e in found.items() if np.isfinite(e.value)}, facts, gated, labels)


def _naming(heard: Heard, captioner: Captioner, draws: _Draws) -> dict[str, Estimate]:
    truth, known = heard.samples.truth, draws.known
    free = np.array([r.region == said_label(t, captioner.regions) for r, t in zip(heard.samples.records, heard.free, strict=True)])
    read = heard.classifier.scores(heard.masked).argmax(1)
    return {
        "captioner.label_match": draws.mean(heard.predicted == truth, known),
        "captioner.label_match_free": draws.mean(free, known),
        "captioner.label_match_accepted": draws.mean((heard.predicted == truth) & ~heard.verdicts.rejected, known),
        "captioner.label_match_masked_text": draws.mean(read == truth, known),
    }


def _masked(heard: Heard, draws: _Draws) -> dict[str, Estimate]:
    """The region read back from the masked caption among 2, 8 and all; distractors drawn evenly, computed exactly."""
    found = _ways(heard.classifier.scores(heard.masked), heard.samples.truth, draws, "captioner.masked")
    found |= _ways(heard.classifier.scores(heard.masked_held), heard.samples.truth, draws, "captioner.masked_held")
    if heard.likelihoods:
        count = len(next(iter(heard.likelihoods.values())))
        scores = np.full((len(heard.masked), count), np.nan)
        for i, row in heard.likelihoods.items():
            scores[i] = row
        found |= _ways(scores, heard.samples.truth, draws, "captioner.masked_likelihood")
    return found


def _ways(scores: np.ndarray, truth: np.ndarray, draws: _Draws, name: str) -> dict[str, Estimate]:
    count = scores.shape[1]
    where = draws.known & np.isfinite(scores).any(1)
    rows = np.where(where, truth, 0)
    lost = beaten(scores, rows)
    ways = {f"{n}way": n for n in WAYS if n <= count} | {"all_way": count}
    return {f"{name}_{label}": draws.mean(chance_of_right(lost, count, n), where) for label, n in ways.items()}


def _rejection(heard: Heard, draws: _Draws) -> dict[str, Estimate]:
    verdicts, known, unseen = heard.verdicts, draws.known, ~draws.known
    found = {
        "captioner.known_rejected": draws.mean(verdicts.rejected, known),
        "captioner.said_unseen_of_known": draws.mean(verdicts.said, known),
        "captioner.decisions_agree": draws.mean(verdicts.agree, known | unseen),
    }
    if unseen.any():
        scores = {"joint": verdicts.score, "words": verdicts.caption_score, "vision": verdicts.vision_score}
        found |= {f"captioner.open_set.auroc_{n}": draws.of(auroc(s, unseen)) for n, s in scores.items()}
        found["captioner.unseen_rejected"] = draws.mean(verdicts.rejected, unseen)
        found["captioner.unseen_rejected_by_vision"] = draws.mean(verdicts.vision, unseen)
        found["captioner.said_unseen_of_unseen"] = draws.mean(verdicts.said, unseen)
    return found


def _claims(heard: Heard, names: Sequence[str], gated: Sequence[str], draws: _Draws) -> dict[str, Estimate]:
    records, known = heard.samples.records, draws.known
    support = support_counts(heard.ground, heard.named, names)
    after = support_counts(heard.ground, gated, names)
    said = [said_label(t, heard.classifier.regions) for t in heard.free]
    free = [t.removeprefix(f"{label}:").strip() for t, label in zip(heard.free, said, strict=True)]
    meant = [n if s in ("", UNSEEN) else s for s, n in zip(said, names, strict=True)]
    chosen = support_counts(heard.ground, heard.held, names)
    return {
        "captioner.claims.precision": draws.ratio(precision_counts(heard.ground, heard.named, records), known),
        "captioner.claims.recall": draws.ratio(recall_counts(heard.ground, heard.named, records), known),
        "captioner.claims.precision_held": draws.ratio(precision_counts(heard.ground, heard.held, records), known),
        "captioner.claims.recall_held": draws.ratio(recall_counts(heard.ground, heard.held, records), known),
        "captioner.claims.precision_free": draws.ratio(precision_counts(heard.ground, free, records), known),
        "captioner.hallucination.before": draws.ratio(support[:, ::-1], known),
        "captioner.hallucination.free": draws.ratio(support_counts(heard.ground, free, meant)[:, ::-1], known),
        "captioner.hallucination.held": draws.ratio(chosen[:, ::-1], known),
        "captioner.hallucination.after": draws.ratio(after[:, ::-1], known),
    }


def _controls(heard: Heard, captioner: Captioner, draws: _Draws) -> dict[str, Estimate]:
    """Shuffled images, and captions that no captioner wrote."""
    truth, known, records = heard.samples.truth, draws.known, heard.samples.records
    found = {"shuffled.label_match": draws.mean(heard.shuffled_labels[:, :-1].argmax(1) == truth, known)}
    found |= _ways(heard.classifier.scores(heard.shuffled_masked), truth, draws, "shuffled.masked")
    for name, one in heard.baselines.items():
        found[f"baseline.{name}.label_match"] = draws.mean(one.predicted == truth, known)
        found |= _ways(heard.classifier.scores(one.masked), truth, draws, f"baseline.{name}.masked")
        if name != "template":
            found[f"baseline.{name}.claims.precision"] = draws.ratio(precision_counts(heard.ground, one.named, records), known)
    return found
