"""Does the score of a claim say how probable it is that the claim is right?

    uv run benchmarks/claim_score.py [--sets dev dev2] [--picture FILE.png] [--write]

Reads the annotated texts of CYTO_GOLD (default ../shared/gold) and the papers of CYTO_DATA (default ../shared/data), and labels every
claim that mining finds on an annotated sentence: right where the annotation has the same claim (strictly, by the set's own score.py).
Fits the logistic model of literature_mining/claims/score.py to all papers but one and scores the claims of that one, for each paper in
turn; prints how well these scores order the claims and how well they are calibrated, with 95% bootstrap intervals (papers resampled),
and the cut above which four of five claims are right. --write fits to all papers and writes literature_mining/data/claim_score.json.
"""

from __future__ import annotations

import argparse
import collections
import datetime
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mining_gold import Finder, gold_sentences, key_of, load_scorer, regions_of, texts_of
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import cytoscribe.literature_mining
from cytoscribe.core.records import MIN_SCORE
from cytoscribe.literature_mining.claims.document import DocumentReader, record_of
from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.claims.score import MODEL_FILE, ScoreModel, features
from cytoscribe.literature_mining.papers.open import read_document
from cytoscribe.literature_mining.regions.table import read_regions

STRENGTH = 0.03
"""Inverse of the L2 penalty. It was chosen on these figures, where 0.01 and 0.1 have a higher log loss."""
WANTED = 0.8
LEAST_SEEN = 5
BINS = 10


@dataclass(frozen=True)
class Labelled:
    """A claim that mining found on an annotated sentence, and whether the annotation has it."""

    paper: str
    claim: FoundClaim
    right: bool


@dataclass(frozen=True)
class Scored:
    """Claims with their scores: `right` (N,) bool, `score` (N,) in (0, 1), `base` (N,) the share of right claims in the papers that
    the score was fitted to, `paper` (N,) names."""

    right: np.ndarray
    score: np.ndarray
    base: np.ndarray
    paper: np.ndarray

    def take(self, places: np.ndarray) -> Scored:
        """Some of the claims."""
        return Scored(self.right[places], self.score[places], self.base[places], self.paper[places])


def main() -> int:
    """Read, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=["dev", "dev2"], help="folders below the gold folder (default dev dev2)")
    parser.add_argument("--picture", type=Path, help="write a picture of reliability to this PNG file")
    parser.add_argument("--write", action="store_true", help="fit to all papers and write the model that mining uses")
    options = parser.parse_args()
    gold = Path(os.environ.get("CYTO_GOLD", "../shared/gold"))
    papers = Path(os.environ.get("CYTO_DATA", "../shared/data")) / "literature"
    if not (gold / "score.py").is_file() or not papers.is_dir():
        print(f"no gold claims at {gold} or no papers at {papers} (set CYTO_GOLD and CYTO_DATA)", file=sys.stderr)
        return 2
    by_set = {name: labelled_claims(gold, gold / name, papers) for name in options.sets}
    claims = [c for found in by_set.values() for c in found]
    sets = np.repeat(list(by_set), [len(found) for found in by_set.values()])
    scored = out_of_fold(claims, np.array([c.paper for c in claims]))
    report(scored)
    if len(by_set) > 1:
        report_sets(scored, out_of_fold(claims, sets), sets)
    if options.picture:
        draw(scored, options.picture)
    if options.write:
        write_model(claims)
    return 0


# ---------------------------------------------------------------- claims and their labels


def labelled_claims(gold: Path, folder: Path, papers: Path) -> list[Labelled]:
    """Claims found on the annotated sentences of one set, each claim of a sentence once."""
    texts = texts_of(folder, papers)
    scorer = load_scorer(gold / "score.py")
    canon = scorer.aliases(str(folder / "regions.csv"))
    units = gold_sentences(scorer, folder, texts)
    find = Finder(scorer, units, texts, canon)
    found: dict[object, Labelled] = {}
    for path in sorted(p for p in texts.rglob("*") if p.name in {u[0] for u in units}):
        document = read_document(path)
        reader = DocumentReader(document, ClaimReader(read_regions(regions_of(folder, path))))
        for sentence, _, claims in reader.sentences():
            for claim in claims:
                record = record_of(document, sentence, claim)
                unit, key = find(record), key_of(scorer, canon, record)
                if unit is not None and units[unit].counts(key):
                    found.setdefault((unit, key), Labelled(path.stem, claim, key in units[unit].gold))
    return list(found.values())


# ---------------------------------------------------------------- fitting


def out_of_fold(claims: Sequence[Labelled], groups: np.ndarray) -> Scored:
    """Scores of every claim by a model that saw no claim of its group, `groups` (N,); 0.5 where there is nothing to fit to."""
    right = np.array([c.right for c in claims])
    score, base = np.full(len(claims), 0.5), np.full(len(claims), 0.5)
    for name in np.unique(groups):
        rest, own = np.flatnonzero(groups != name), np.flatnonzero(groups == name)
        if not 0 < right[rest].sum() < len(rest):
            continue
        model = ScoreModel(*fit([claims[i] for i in rest]))
        score[own] = [model.probability(claims[i].claim) for i in own]
        base[own] = right[rest].mean()
    return Scored(right, score, base, np.array([c.paper for c in claims]))


def fit(claims: Sequence[Labelled]) -> tuple[float, dict[str, float]]:
    """Intercept and weights of a penalised logistic regression; a feature of few claims gets no weight."""
    counts = collections.Counter(f for c in claims for f in features(c.claim))
    names = sorted(f for f, n in counts.items() if LEAST_SEEN <= n < len(claims))
    model = LogisticRegression(C=STRENGTH, max_iter=1000).fit(design(claims, names), [c.right for c in claims])
    return float(model.intercept_[0]), dict(zip(names, model.coef_[0].tolist(), strict=True))


def design(claims: Sequence[Labelled], names: Sequence[str]) -> np.ndarray:
    """(N, F) ones where a claim has a feature."""
    return np.array([[name in held for name in names] for held in (frozenset(features(c.claim)) for c in claims)], dtype=float)


# ---------------------------------------------------------------- figures


def report(scored: Scored) -> None:
    """Print the figures and the table of reliability. Resampling papers adds to the calibration error: its interval lies high."""
    cut = four_of_five(scored)
    papers = len(np.unique(scored.paper))
    print(f"\n{len(scored.right)} claims on annotated sentences of {papers} papers; every score is out of fold by paper")
    print("values [95% interval]\n\n| figure | value |\n|---|---|")
    for name, figure in FIGURES.items():
        print(f"| {name} | {with_interval(scored, figure)} |")
    print(f"| cut above which four of five claims are right | {with_interval(scored, four_of_five)} |")
    print(f"| right claims, share of those kept at {cut:.2f} | {with_interval(scored, lambda s: precision(s, cut))} |")
    print(f"| right claims that are kept at {cut:.2f} | {with_interval(scored, lambda s: recall(s, cut))} |")
    print(f"| the same at MIN_SCORE, {MIN_SCORE:g} | {precision(scored, MIN_SCORE):.3f}, {recall(scored, MIN_SCORE):.3f} |")
    print("\n| scores | claims | mean score | right |\n|---|---|---|---|")
    for places in bins(scored):
        own = scored.take(places)
        print(
            f"| {own.score.min():.2f} to {own.score.max():.2f} | {len(places)} | {own.score.mean():.3f} | {own.right.mean():.3f} |"
        )


def report_sets(by_paper: Scored, by_set: Scored, sets: np.ndarray) -> None:
    """Print each set apart: scored out of fold by paper, and by a model that was fitted to the other sets alone."""
    cut = four_of_five(by_paper)
    print(
        f"\n| set | claims | right | right of those kept at {cut:.2f} | fitted to other sets: mean score | AUC | the same share |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in dict.fromkeys(sets):
        places = np.flatnonzero(sets == name)
        own, far = by_paper.take(places), by_set.take(places)
        figures = [own.right.mean(), precision(own, cut), far.score.mean(), auc(far), precision(far, cut)]
        print(f"| {name} | {len(places)} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |")


def brier(scored: Scored) -> float:
    """Mean squared difference of score and truth."""
    return float(np.mean((scored.score - scored.right) ** 2))


def base_brier(scored: Scored) -> float:
    """The same where every claim gets the share of right claims in the other papers."""
    return float(np.mean((scored.base - scored.right) ** 2))


def calibration_error(scored: Scored) -> float:
    """Expected calibration error over bins of equally many claims."""
    gaps = [len(p) * abs(scored.score[p].mean() - scored.right[p].mean()) for p in bins(scored)]
    return float(sum(gaps) / len(scored.right))


def bins(scored: Scored) -> list[np.ndarray]:
    """Places of the claims in bins of equally many, from the lowest scores to the highest."""
    return np.array_split(np.argsort(scored.score, kind="stable"), BINS)


def auc(scored: Scored) -> float:
    """Chance that a right claim has a higher score than a wrong one; NaN where all are right or all wrong."""
    return float(roc_auc_score(scored.right, scored.score)) if 0 < scored.right.sum() < len(scored.right) else float("nan")


FIGURES: dict[str, Callable[[Scored], float]] = {
    "right claims": lambda s: float(s.right.mean()),
    "AUC": auc,
    "Brier score": brier,
    "Brier score of the base rate": base_brier,
    "gain on the base rate": lambda s: base_brier(s) - brier(s),
    f"expected calibration error, {BINS} bins": calibration_error,
}


def precision(scored: Scored, cut: float) -> float:
    """Share of right claims among those with at least this score; NaN where there are none."""
    kept = scored.right[scored.score >= cut]
    return float(kept.mean()) if len(kept) else float("nan")


def recall(scored: Scored, cut: float) -> float:
    """Share of the right claims that have at least this score."""
    return float((scored.score[scored.right] >= cut).mean())


def four_of_five(scored: Scored) -> float:
    """The least cut, in hundredths, above which four of five claims are right; 1.0 where no cut does it."""
    return next((cut / 100 for cut in range(100) if precision(scored, cut / 100) >= WANTED), 1.0)


def with_interval(scored: Scored, figure: Callable[[Scored], float], draws: int = 500) -> str:
    """A figure with its bootstrap interval, papers resampled."""
    random = np.random.default_rng(0)
    groups = [np.flatnonzero(scored.paper == name) for name in np.unique(scored.paper)]
    samples = [
        figure(scored.take(np.concatenate([groups[i] for i in random.integers(0, len(groups), len(groups))]))) for _ in range(draws)
    ]
    low, high = np.nanquantile(samples, [0.025, 0.975])
    return f"{figure(scored):.3f} [{low:.3f}, {high:.3f}]"


def draw(scored: Scored, path: Path) -> None:
    """A reliability picture: share of right claims by mean score of each bin, with 95% Wilson intervals, above a histogram."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 6), layout="constrained")
    top, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    means = [scored.score[p].mean() for p in bins(scored)]
    shares = [scored.right[p].mean() for p in bins(scored)]
    spans = [binomtest(int(scored.right[p].sum()), len(p)).proportion_ci(method="wilson") for p in bins(scored)]
    errors = [[max(0.0, s - low) for s, (low, _) in zip(shares, spans, strict=True)]]
    errors.append([max(0.0, high - s) for s, (_, high) in zip(shares, spans, strict=True)])
    top.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    top.errorbar(means, shares, yerr=errors, fmt="o", color="#3c3f9e", capsize=2)
    top.axvline(MIN_SCORE, color="#b3261e", linewidth=1, linestyle="--", label=f"MIN_SCORE {MIN_SCORE:g}")
    top.set(ylabel="share of right claims", ylim=(0, 1), title=f"{len(scored.right)} claims, scored out of fold by paper")
    top.legend(loc="lower right", frameon=False)
    below.hist(scored.score, bins=np.linspace(0, 1, 41).tolist(), color="#3c3f9e")
    below.set(xlabel="score", ylabel="claims", xlim=(0, 1))
    figure.savefig(path, dpi=150)


# ---------------------------------------------------------------- the model that mining uses


def write_model(claims: Sequence[Labelled]) -> None:
    """Fit to all claims and write the package's model; weights that round to nothing are left out."""
    intercept, weights = fit(claims)
    papers = len({c.paper for c in claims})
    note = (
        f"Log odds that a claim is right. Fitted by benchmarks/claim_score.py to {len(claims)} claims found on annotated sentences of "
        f"{papers} texts, {sum(c.right for c in claims)} of them right: papers on human cortex, and texts by other authors on monkey "
        "cortex, hippocampus, cerebellum, nuclei and blood."
    )
    model = {
        "note": note,
        "fitted": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "intercept": round(intercept, 3),
        "weights": {name: round(weight, 3) for name, weight in weights.items() if round(weight, 3)},
    }
    path = Path(cytoscribe.literature_mining.__file__).parent / MODEL_FILE
    path.write_text(json.dumps(model, indent=2) + "\n", encoding="utf-8")
    print(f"\nwrote {path}")


if __name__ == "__main__":
    sys.exit(main())
