"""The figures of one evaluation under their names in metrics.json."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cytoscribe.eval.metrics.bootstrap import Estimate

MEANING: dict[str, str] = {
    "zero_shot.macro_f1": "mean F1 over the regions that have images; region with the nearest class captions",
    "zero_shot.accuracy": "share of known images given their own region",
    "hierarchy.parent_accuracy": "share of known images given a region of the right parent",
    "hierarchy.near_mistakes": "share of the mistakes that stay within the parent",
    "hierarchy.near_mistakes_by_chance": "that share, did mistakes fall evenly on all other regions",
    "calibration.ece": "mean distance between the probability stated for a name and the share that is right (15 bins); resampling "
    "raises it, so its interval lies high",
    "calibration.aurc": "mean share of wrong names over all shares of images answered, surest first; lower is better",
    "label_sets.coverage": "share of known images whose set of plausible regions holds the true one; 1 - alpha is what was promised",
    "label_sets.size": "mean number of plausible regions of a known image",
    "label_sets.single": "share of known images with exactly one plausible region",
    "label_sets.unseen_empty": "share of unseen images for which no known region is plausible",
    "retrieval.i2t": "image to text: one of the first k captions is of the image's region",
    "retrieval.t2i": "text to image: one of the first k images is of the caption's region",
    "retrieval.i2t_fit": "image to text: one of the first k captions is of its region and says nothing untrue of this very image",
    "retrieval.t2i_fit": "text to image: everything that the caption says is true of one of the first k images",
    "retrieval.i2t_exact": "image to text, one caption for each set of attributes: the image's own is among the first k",
    "retrieval.t2i_exact": "text to image: one of the first k images has all the attributes that the caption states",
    "retrieval.i2i": "image to image, leave-one-out: same region",
    "retrieval.i2i_apart": "image to image, only images of other sections (or subjects) answer: same region",
    "attributes": "mean F1 over an attribute's values; the value that captions of the sets of attributes seen in training speak for, "
    "each caption weighing by its nearness to the image",
    "attributes.mean_macro_f1": "mean of that over the attributes",
    "attributes.twice": "the same on the images that have a second annotation",
    "attributes.second": "a second annotator against the first, by the same measure: the human ceiling",
    "attributes.second.all_alike": "share of images of which both annotators say the same in every attribute: the ceiling of exact captions",
    "captions.label_match": "share of known images accepted whose nearest masked caption is of their region",
    "captions.masked_8way": "region read back from the masked words of each image's nearest caption, among eight",
    "captions.text_8way": "region of a masked caption, from text alone, among eight: what the words can tell at best",
    "fusion.region": "crops alone, by the region model",
    "fusion.tile": "the tiles inside the same crops, by the tile model",
    "fusion.both": "crop and tiles together",
    "fusion.gain": "both less the better single scale, on the same replicates",
    "open_set.auroc": "probability that an unseen image scores above a known one",
    "open_set.fpr95": "share of unseen images accepted when 95% of the known ones are",
    "open_set.aupr": "average precision of finding unseen images",
    "open_set.oscr": "area under accepted-and-rightly-named known over accepted unseen (Dhamija et al. 2018)",
    "open_set.known_rejected": "share of known images rejected at the model's own threshold; alpha is what was promised",
    "open_set.unseen_rejected": "share of unseen images rejected at the model's own threshold",
    "source": "known images of one source alone: known_rejected, share rejected by its calibration; auroc, against all unseen images "
    "(full-spectrum open set); unseen_rejected, where the source has unseen images",
    "reasons": "share of images of known regions, or of unseen ones, that were given this reason",
    "groups": "macro-F1 of the best group less that of the worst",
    "few_shot": "macro-F1 of naming by the nearest mean of k training images of each region, mean of ten draws",
}
"""What each figure, or family of figures, says, in one line."""


FAMILIES = (
    ("Naming known regions", "zero_shot."),
    ("Mistakes by parent region", "hierarchy."),
    ("Calibration", "calibration."),
    ("Retrieval", "retrieval."),
    ("Attributes of single images", "attributes."),
    ("Captions", "captions."),
    ("Two scales together", "fusion."),
    ("Saying “unseen”", "open_set."),
    ("Sets of plausible regions", "label_sets."),
    ("Other microscopes", "source."),
    ("Reasons", "reasons."),
    ("Groups", "groups."),
    ("Naming by a few images", "few_shot."),
)
"""Titles of the families of figures, and how their names begin."""

LOWER_IS_BETTER = frozenset({"open_set.fpr95", "label_sets.size", "calibration.ece", "calibration.aurc"})
NEITHER = frozenset({"open_set.known_rejected", "label_sets.coverage", "hierarchy.near_mistakes_by_chance"})
"""Neither more nor less is better: it ought to be near alpha."""


def meaning(name: str) -> str:
    """The line of MEANING whose name is the figure's, or its longest beginning; empty where there is none."""
    fitting = [k for k in MEANING if name == k or name.startswith(k + ".")]
    return MEANING[max(fitting, key=len)] if fitting else ""


def flat(figures: Mapping[str, Estimate], facts: Mapping[str, Any]) -> dict[str, Any]:
    """metrics.json: for each figure `name`, `name.ci95` ([low, high] or null) and `name.n`; then plain facts as they are.

    A figure that could not be computed (NaN) is left out: JSON has no NaN, and a missing figure is plainer than a null one.
    """
    told: dict[str, Any] = {}
    for name, figure in figures.items():
        if math.isfinite(figure.value):
            told[name] = round(figure.value, 6)
            told[f"{name}.ci95"] = [round(x, 6) for x in figure.ci95] if figure.ci95 else None
            told[f"{name}.n"] = figure.n
    return {**told, **facts}
