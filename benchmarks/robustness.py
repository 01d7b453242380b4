"""What each part of training for other microscopes is worth: on LISC, on simulated microscopes, and at home.

    CYTO_DATA=DATA CYTO_WEIGHTS=WEIGHTS uv run benchmarks/robustness.py --work /tmp/robustness --json robustness.json

One training a row, on smaller images, fewer of them and for fewer epochs than benchmarks/blood_cells.py: rows are to be compared with each
other, not with the figures there. LISC and the written microscopes show which parts to keep, so their figures are tuned on; those drawn at
random (images of `test`) and the figures at home chose nothing. Figures: macro-F1 with 95% bootstrap intervals, as
benchmarks/other_microscopes.py has them. The same command resumes; --only names the rows to run.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from blood_cells import cells_table, settings_of, write_captions
from other_microscopes import mean, measure, sources

from cytoscribe.core.tables import read_csv, write_csv

FORMER = {"close": 0.0, "other": 0.0, "balanced": False}


@dataclass(frozen=True)
class Arm:
    """One row; strengths: what is changed of the augmentation `strong`."""

    name: str
    strengths: Mapping[str, Any] = field(default_factory=dict)


ARMS = (
    Arm("strong, as it is now"),
    Arm("as it was: stains, tint and light a little off", FORMER),
    Arm("+ cells that fill more of the picture", {**FORMER, "close": 0.55}),
    Arm("+ a background made white", {**FORMER, "close": 0.55, "balanced": True}),
    Arm("all but the background made white", {"balanced": False}),
    Arm("all but other stains and backgrounds", {"other": 0.0}),
    Arm("a third of the images grey", {"grey": 0.33}),
    Arm("colours turned by any angle", {"hue": 180.0}),
)


def main() -> None:
    """Run the rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for captions, models and images")
    parser.add_argument("--images", type=int, default=3000, help="training images (default 3000)")
    parser.add_argument("--epochs", type=int, default=3, help="passes over them (default 3)")
    parser.add_argument("--image-px", type=int, default=128, help="side of the images (default 128)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="rows to run, numbered from 0 and joined by commas (default all)")
    parser.add_argument("--json", type=Path, help="file for the figures (default none)")
    options = parser.parse_args()
    numbers = [int(i) for i in options.only.split(",") if i] or range(len(ARMS))
    table = part_of(cells_table(), options.images, options.work / f"cells-{options.images}.csv")
    captions = write_captions(table, options.work / f"captions-{options.images}")
    shown = sources(options.work, 6, 80)
    print(f"| training | {' | '.join(f'{kind}: {how}' for kind in shown for how in ('as it is', 'normalised'))} |")
    print("|---" * (2 * len(shown) + 1) + "|")
    found = []
    for number in numbers:
        model = trained(ARMS[number], number, table, captions, options)
        rows = [mean(kind, [measure(model, name, records) for name, records in own]) for kind, own in shown.items()]
        found.append({"training": ARMS[number].name, "sources": rows})
        values = (f"{v:.3f} [{low:.3f}, {high:.3f}]" for row in rows for v, low, high in row["f1"][:2])
        print(f"| {ARMS[number].name} | {' | '.join(values)} |", flush=True)
    print(f"\nn = {', '.join(str(row['n']) for row in found[0]['sources'])} images")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def part_of(table: Path, most: int, out: Path) -> Path:
    """A table with `most` of the training images, drawn with seed 0, and 400 of those that validate."""
    rows = [row for _, row in read_csv(table, ["image_path"])]
    rng = np.random.default_rng(0)
    kept = []
    for split, limit in (("train", most), ("val", 400)):
        own = [row for row in rows if row["split"] == split]
        kept += [own[i] for i in sorted(rng.permutation(len(own))[:limit])]
    full = [{**row, "image_path": str((table.parent / row["image_path"]).resolve())} for row in kept]
    out.parent.mkdir(parents=True, exist_ok=True)
    write_csv(out, list(full[0]), [list(row.values()) for row in full])
    return out


def trained(arm: Arm, number: int, table: Path, captions: Path, options: argparse.Namespace) -> Any:
    """The model of one row. The strengths are put in the place of the preset for as long as it trains."""
    from cytoscribe.training.clip_fit import train
    from cytoscribe.training.data.augmentation import PRESETS
    from cytoscribe.training.losses import Objective
    from cytoscribe.training.model.model_folder import TrainedModel

    out = options.work / f"model-{number}-{options.images}-{options.epochs}-{options.image_px}-{options.seed}"
    asked = {"tune": "lora", "towers": "both", "epochs": options.epochs, "image_px": options.image_px, "seed": options.seed}
    usual = PRESETS["strong"]
    PRESETS["strong"] = replace(usual, **arm.strengths)
    try:
        train(settings_of(table, captions, out, views=2, objective=Objective(hard_weight=0.0), **asked))
    finally:
        PRESETS["strong"] = usual
    return TrainedModel.load(out)


if __name__ == "__main__":
    main()
