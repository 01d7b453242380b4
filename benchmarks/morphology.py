"""Measured morphology against annotation: blood cells' attributes, nuclei of another microscope, cells of a Nissl section.

    CYTO_DATA=DATA uv run benchmarks/morphology.py --work /tmp/morphology --split test --sample 1000

DATA holds blood_cells/cells.csv, blood_cells_lisc/cells.csv and rat_nissl/patch_N.tif with patch_N_mask.tif. Nothing is trained. Limits
and constants were chosen on the split `train` of blood_cells, on LISC and on the three Nissl patches themselves (some hundred settings
were compared there), so the last two figures are those of development and too bright. Measures of the nucleus leave out cells whose
nucleus granules may hide, most basophils: on 900 training cells the ratio reached 0.888 with these and 0.973 without basophils. Second
annotators are measured on all of 998 other cells and by a yes or no, so they stand beside the figures, not against them. Intervals are 95% percentiles of a bootstrap over images (cells for the Nissl patches). The same
command resumes.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import tifffile
from figures import Row, print_table
from phantom_layers import phantom_figures
from sklearn.metrics import roc_auc_score

from cytoscribe.captions.morphology.cell_table import density_by_depth, read_cells, read_piece
from cytoscribe.captions.morphology.instanseg import instanseg_cells
from cytoscribe.captions.morphology.stage import MEASURES, MeasureSettings, measure
from cytoscribe.captions.morphology.tissue_segmentation import segment_tissue
from cytoscribe.core.tables import read_csv, write_csv

ATTRIBUTES: tuple[tuple[str, Callable[[str], bool], str, float, str], ...] = (
    ("nuclear_cytoplasmic_ratio", lambda v: v == "high", "nucleus_to_cell_ratio", 1, "second annotators 0.968"),
    ("cell_size", lambda v: v == "big", "cell_area_px2", 1, "second annotators 0.897"),
    ("granularity", lambda v: v == "yes", "granule_contrast", 1, "second annotators 0.999"),
    ("granularity", lambda v: v == "yes", "cytoplasm_basophilia_od", -1, "second annotators 0.999"),
    ("cytoplasm_vacuole", lambda v: v == "yes", "vacuole_share", 1, "second annotators 0.953"),
    ("nucleus_shape", lambda v: v.startswith("segmented"), "nucleus_constriction", 1, "second annotators 0.945"),
    ("cell_shape", lambda v: v == "round", "cell_solidity", 1, ""),
    ("chromatin_density", lambda v: v == "densely", "chromatin_density_od", 1, ""),
)
"""Column of the annotation, what counts as positive, the measure, its sign, and how well a second annotator tells the first one's."""
DRAWS = 1000
S1HL_PIXEL_UM = 0.346
"""Micrometres a pixel of the outlines, as the patches of the same scanner state it."""


def main() -> None:
    """Measure, compare and print one table a data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the measures")
    parser.add_argument("--split", default="test", help="split of blood_cells (default test)")
    parser.add_argument("--sample", type=int, default=0, help="images of it, drawn with seed 0; 0: all (default 0)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--only", default="blood,lisc,nissl,depth,phantom", help="which tables (default all)")
    parser.add_argument("--instanseg", type=Path, default=None, help="InstanSeg model file, measured beside (default: none)")
    options = parser.parse_args()
    data = Path(os.environ["CYTO_DATA"])
    options.work.mkdir(parents=True, exist_ok=True)
    wanted = options.only.split(",")
    if "blood" in wanted:
        blood_cells(data / "blood_cells" / "cells.csv", options)
    if "lisc" in wanted:
        other_microscope(data / "blood_cells_lisc" / "cells.csv", options)
    if "nissl" in wanted:
        nissl(data / "rat_nissl", segment_tissue, "training-free")
        if options.instanseg:
            nissl(data / "rat_nissl", partial(instanseg_cells, pixel_size_um=S1HL_PIXEL_UM, model=options.instanseg), "InstanSeg")
    if "phantom" in wanted:
        phantom_figures(interval)
    if "depth" in wanted:
        by_depth(data / "rat_nissl")


def by_depth(folder: Path) -> None:
    """Density and cell size by cortical depth of one section's S1HL, to be looked at."""
    piece = read_piece(folder / "s1hl_outlines.geojson", S1HL_PIXEL_UM)
    points, areas = read_cells(folder / "s1hl_cells.tsv")
    print(f"\n### S1HL by depth, {len(points)} cells\n\n| depth % | cells | per mm2 | median area um2 |\n|---|---|---|---|")
    for row in density_by_depth(points, areas, piece, 20):
        print("| {depth_percent:.1f} | {cells:.0f} | {cell_density_per_mm2:.0f} | {median_cell_area_um2:.0f} |".format(**row))


def blood_cells(table: Path, options: argparse.Namespace) -> None:
    """AUROC of each measure for the attribute that it should tell."""
    rows = [r for _, r in read_csv(table, ["image_path", "label", "split"]) if r["split"] == options.split]
    if options.sample:
        rows = [rows[i] for i in sorted(np.random.default_rng(0).permutation(len(rows))[: options.sample])]
    measured = measures(table.parent, rows, options.work / f"blood_{options.split}_{len(rows)}", options.workers)
    figures: dict[str, object] = {}
    shown = []
    for column, positive, name, sign, beside in ATTRIBUTES:
        known = [(positive(r[column]), sign * float(m[name])) for r, m in zip(rows, measured, strict=True) if m.get(name)]
        key = f"{column}.{name}"
        truth, score = (np.asarray(x) for x in zip(*known, strict=True))
        figures[key] = roc_auc_score(truth, score)
        figures[f"{key}.ci95"] = interval(lambda i, t=truth, s=score: float(roc_auc_score(t[i], s[i])), len(known))
        figures[f"{key}.n"] = f"{len(known)} of {len(rows)}, {int(truth.sum())} positive"
        shown.append(Row(key, f"{name} for {column}, AUROC", beside))
    print_table(f"blood_cells, split {options.split}", shown, figures)


def other_microscope(table: Path, options: argparse.Namespace) -> None:
    """Share of cells whose nucleus is found without a doubt; whether it is the right one has to be looked at on the sheet."""
    rows = [r for _, r in read_csv(table, ["image_path", "region"])]
    measured = measures(table.parent, rows, options.work / "lisc", options.workers, label="region")
    found = np.asarray([bool(m) and not m["doubt"] for m in measured], dtype=float)
    figures = {"found": found.mean(), "found.ci95": interval(lambda i: found[i].mean(), len(found)), "found.n": len(found)}
    print_table("LISC", [Row("found", "nucleus and cell outlined without a doubt", "0.95 wanted")], figures)


def nissl(folder: Path, outline: Callable[[np.ndarray], np.ndarray], name: str) -> None:
    """Cells found at an intersection over union of 0.5, their number and their median area, in all patches together.

    outline: (H, W, 3) uint8 to labels (H, W); name: of the outliner.
    """
    hits, counts, areas = [], np.zeros(2), ([], [])
    began = time.perf_counter()
    patches = sorted(p for p in folder.glob("patch_*.tif") if "mask" not in p.name)
    for path in patches:
        truth, found = tifffile.imread(path.with_name(f"{path.stem}_mask.tif")), outline(tifffile.imread(path)[..., :3])
        matched = matches(truth, found)
        hits.append(matched)
        for i, labels in enumerate((truth, found)):
            sizes = np.unique(labels[labels > 0], return_counts=True)[1]
            counts[i] += sizes.size
            areas[i].extend(sizes.tolist())
    seconds = (time.perf_counter() - began) / len(patches)
    cells = np.concatenate(hits)
    ratio = counts[1] / counts[0]
    figures = {
        "f1": 2 * cells.sum() / counts.sum(),
        "f1.ci95": interval(lambda i: 2 * cells[i].mean() / (1 + ratio), cells.size),
        "f1.n": f"{int(counts[0])} true cells",
        "count": ratio,
        "area": float(np.median(areas[1]) / np.median(areas[0])),
    }
    rows = [
        Row("f1", "F1 at IoU 0.5", "cellpose cyto2 0.39, tuned by the data's owners 0.74 (six patches); 0.60 wanted"),
        Row("count", "cells found over true cells", "0.9 to 1.1 wanted"),
        Row("area", "median area over the true one", "0.85 to 1.15 wanted"),
    ]
    print_table(f"rat_nissl, {name}, {seconds:.1f} s a patch", rows, figures)


def matches(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """For each true cell 1.0 where some found one shares more than half of their union, else 0.0."""
    true, one = (np.unique(x, return_inverse=True)[1].reshape(x.shape) for x in (truth, found))
    common = np.zeros((true.max() + 1, one.max() + 1))
    np.add.at(common, (true.ravel(), one.ravel()), 1)
    union = common.sum(axis=1, keepdims=True) + common.sum(axis=0, keepdims=True) - common
    return (common[1:, 1:] > 0.5 * union[1:, 1:]).any(axis=1).astype(float)


def measures(folder: Path, rows: Sequence[dict[str, str]], out: Path, workers: int, label: str = "label") -> list[dict[str, str]]:
    """One row of measures an image, empty where it was skipped; doubtful images keep their doubt and count as not measured."""
    table = out.with_suffix(".csv")
    lines = [((folder / r["image_path"]).resolve(), r[label], "train") for r in rows]
    if not table.exists():
        write_csv(table, ("image_path", "region", "split"), lines)
    began = time.perf_counter()
    summary = measure(MeasureSettings(table, out, "cell", workers=workers))
    seconds = time.perf_counter() - began
    print(
        f"{out.name}: {summary.measured} measured, {len(summary.doubtful)} doubtful, {len(summary.skipped)} skipped, {seconds:.0f} s"
    )
    by_name = {Path(m["image_path"]).name: m for _, m in read_csv(out / MEASURES, ["image_path"])}
    found = [by_name.get(path.name, {}) for path, _, _ in lines]
    return [m if not m.get("doubt") else {"doubt": m["doubt"]} for m in found]


def interval(figure: Callable[[np.ndarray], float], n: int) -> tuple[float, float]:
    """95% percentile interval of a figure of row numbers, over DRAWS resamples of n rows; draws of one class alone are left out."""
    rng = np.random.default_rng(0)
    values = []
    for _ in range(DRAWS):
        value = figure(rng.integers(0, n, n))
        if np.isfinite(value):
            values.append(value)
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


if __name__ == "__main__":
    main()
