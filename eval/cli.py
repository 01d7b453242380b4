"""Commands `evaluate`, `compare` and `fuse-scales`: they call the stage and print its result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cytoscribe.core.options import Out, Overwrite, Seed, command
from cytoscribe.core.preflight import check_captions, check_device, check_files, check_folders, check_model, check_out
from cytoscribe.core.tables import read_images
from cytoscribe.eval.cli_captioner import evaluate_captioner, model_of, refuse_idle
from cytoscribe.eval.settings import EvaluateOptions, EvaluateSettings

Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")]
NameBy = Annotated[
    Literal["captions", "images", "both"],
    typer.Option("--name-by", help="What a name is based on: captions (of the regions), images (of the training), or both."),
]


def _evaluate(options: EvaluateOptions) -> None:
    settings = options.run
    model_of(settings.model, options.captioner)
    if options.captioner is not None:
        idle = {"--captions": settings.captions, "--class-captions": settings.class_captions, "--regions": settings.regions}
        refuse_idle(idle)
        evaluate_captioner(options.captioner, settings, options.images_a_region)
        return
    _check(settings)
    from cytoscribe.eval.evaluator import evaluate as stage
    from cytoscribe.eval.report.summary import evaluation_lines

    for line in evaluation_lines(stage(settings), settings.out):
        typer.echo(line)


def _check(settings: EvaluateSettings) -> None:
    """Find what cannot be used before torch is loaded."""
    check_device(settings.device)
    check_model(("--model", settings.model))
    check_captions("--captions", [settings.captions])
    files = {"--images": settings.images, "--class-captions": settings.class_captions, "--regions": settings.regions}
    check_files(*files.items(), ("--embeddings", settings.embeddings), ("--second-annotation", settings.second_annotation))
    check_out(settings.out)
    read_images(settings.images, region_column=settings.region_column)


evaluate = command(
    EvaluateOptions,
    _evaluate,
    """Measure a model: naming, retrieval and rejection of unseen regions, with intervals, and a report to look at.

    Writes metrics.json, report.html, explorer.html (every image, to be filtered), predictions.csv, per_region.csv and confusion.csv.
    """,
)


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Folders of evaluate; the first is what the others are compared with.", metavar="RUN...")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for compare.html and compare.json. Default: nothing is written.")
    ] = None,
    name: Annotated[list[str] | None, typer.Option("--name", help="What to call each run, in order. Default: its folder.")] = None,
    bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=0, help="Replicates for the intervals of differences; 0 turns them off.")
    ] = 1000,
    seed: Seed = 0,
) -> None:
    """Put evaluations side by side, with paired intervals for what differs on the images that they share."""
    check_folders(*(("RUN", run) for run in runs))
    check_out(out)
    from cytoscribe.eval.compare import CompareSettings
    from cytoscribe.eval.compare import compare as stage
    from cytoscribe.eval.report.compare_page import comparison_lines, write_comparison

    found = stage(CompareSettings(tuple(runs), tuple(name or ()), bootstrap, seed))
    for line in comparison_lines(found):
        typer.echo(line)
    if out is not None:
        write_comparison(out, found)
        typer.echo(f"report: {out / 'compare.html'}")


def fuse_scales(
    regions: Annotated[Path, typer.Option("--region-model", help="Model folder trained with --scale region.")],
    tiles: Annotated[Path, typer.Option("--tile-model", help="Model folder trained with --scale tile.")],
    images: Annotated[Path, typer.Option("--images", help="images.csv of cut-tiles with both scales.")],
    out: Out,
    region_column: Annotated[str, typer.Option("--region-column", help="Column of --images that holds the region.")] = "region",
    split: Annotated[str, typer.Option("--split", help="Split to measure; unseen images always come along.")] = "test",
    bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=0, help="Replicates for the 95% intervals; 0 turns them off.")
    ] = 1000,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Images encoded at a time.")] = 64,
    device: Device = "auto",
    name_by: NameBy = "captions",
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Measure a region model and a tile model on the same crops, alone and fused. Writes metrics.json, fused.csv, pool.json."""
    check_device(device)
    check_model(("--region-model", regions), ("--tile-model", tiles))
    check_files(("--images", images))
    check_out(out)
    read_images(images, region_column=region_column)
    from cytoscribe.eval.fusion_stage import FuseSettings
    from cytoscribe.eval.fusion_stage import fuse_scales as stage

    settings = FuseSettings(
        regions, tiles, images, out, region_column, split, bootstrap, seed, device, batch_size, overwrite, name_by
    )
    for line in stage(settings).lines():
        typer.echo(line)
