"""Commands `evaluate` and `describe`: they parse, call the stage, and print its result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cytoscribe.core import choices
from cytoscribe.core.errors import InputError
from cytoscribe.core.options import Out, Overwrite, Seed, Verify
from cytoscribe.core.preflight import check_captions, check_files, check_folders, check_model, check_out
from cytoscribe.core.tables import read_images
from cytoscribe.eval.cli_captioner import (
    CaptionerOption,
    Decoding,
    Most,
    Struck,
    caption_sections,
    describe_captioner,
    evaluate_captioner,
    model_of,
    refuse_idle,
)

if TYPE_CHECKING:
    from cytoscribe.eval.describer import Described

_CAPTIONS, _MEASURE, _SECTIONS = "What is compared with the images", "How it is measured", "Whole sections"
_BOTH = "Both scales together"

ModelOption = Annotated[Path | None, typer.Option("--model", help="Model folder that train-lora wrote.")]
ClassCaptions = Annotated[
    Path | None,
    typer.Option(
        "--class-captions",
        help="JSON object from region to a list of texts, to name regions in words of your own. Default: the model's own.",
        rich_help_panel=_CAPTIONS,
    ),
]
NameBy = Annotated[
    choices.NameBy,
    typer.Option("--name-by", help="What names an image: captions (of the regions), images (that it was trained on), or both."),
]
EmbeddingsOption = Annotated[
    Path | None,
    typer.Option(
        "--embeddings",
        help="Vectors of the images (.npz, .parquet, .safetensors, keyed by image_path), for a model that was trained with such. "
        "Default: the images are read.",
    ),
]
Normalise = Annotated[
    choices.Normalise,
    typer.Option(
        "--normalise",
        help="source: the images are of one microscope or stain that training did not see: the enlargement and colour gains are used "
        "under which they look most like those of training, found without labels from at least 20 of them. none: as they are.",
    ),
]
Source = Annotated[
    str,
    typer.Option(
        "--source",
        help="Microscope, stain or laboratory of all the images, whose calibration by recalibrate --source judges them. Empty: what a "
        "column 'source' of the table says, else the model's own.",
    ),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.", rich_help_panel=_MEASURE)]


def evaluate(
    images: Annotated[Path, typer.Option("--images", help="Table of images: image_path, region, and split where it has one.")],
    out: Out,
    model: ModelOption = None,
    captioner: CaptionerOption = None,
    images_a_region: Most = 0,
    captions: Annotated[
        Path | None,
        typer.Option(
            "--captions", help="Captions folder for retrieval. Default: the class captions are searched.", rich_help_panel=_CAPTIONS
        ),
    ] = None,
    class_captions: ClassCaptions = None,
    wording: Annotated[
        choices.GalleryWording,
        typer.Option(
            "--wording",
            help="masked: captions without the region's name, so that the name alone finds nothing; named: as published.",
            rich_help_panel=_CAPTIONS,
        ),
    ] = "masked",
    attributes: Annotated[
        str,
        typer.Option(
            "--attributes",
            help="Comma-separated columns of --images: retrieval by captions that state them all. 'auto': those that --captions "
            "speak of; 'none' turns it off.",
            rich_help_panel=_CAPTIONS,
        ),
    ] = "auto",
    second_annotation: Annotated[
        Path | None,
        typer.Option(
            "--second-annotation",
            help="Table of the same images annotated by other people (image_path or img_name, and columns named as in --images): the "
            "human ceiling of attributes. Default: none.",
            rich_help_panel=_CAPTIONS,
        ),
    ] = None,
    regions: Annotated[
        Path | None,
        typer.Option(
            "--regions",
            help="Region table with a column 'parent', for mistakes by parent. Default: left out.",
            rich_help_panel=_MEASURE,
        ),
    ] = None,
    region_column: Annotated[str, typer.Option("--region-column", help="Column of --images that holds the region.")] = "region",
    embeddings: EmbeddingsOption = None,
    split: Annotated[
        str, typer.Option("--split", help="Split of --images to measure; 'all' takes every image. Unseen images always come along.")
    ] = "test",
    scale: Annotated[
        str, typer.Option("--scale", help="Rows of --images with this scale; 'auto': the one the model was trained on; 'all'.")
    ] = "auto",
    bootstrap: Annotated[
        int,
        typer.Option("--bootstrap", min=0, help="Replicates for the 95% intervals; 0 turns them off.", rich_help_panel=_MEASURE),
    ] = 1000,
    normalise: Normalise = "none",
    source: Source = "",
    test_where: Annotated[
        str,
        typer.Option(
            "--test-where",
            help='Rows of --images to measure, by a condition on its columns: "age >= 20 and plane == coronal". Refused where training '
            "saw their subjects. Empty: all.",
            rich_help_panel=_MEASURE,
        ),
    ] = "",
    group_by: Annotated[
        str,
        typer.Option(
            "--group-by",
            help="Comma-separated columns whose groups are measured apart, with their gap, beside age, plane, subject and scale.",
            rich_help_panel=_MEASURE,
        ),
    ] = "",
    few_shot: Annotated[
        str,
        typer.Option(
            "--few-shot",
            help="Comma-separated numbers of training images a region: naming by their means, as 1,2,4,8,16. Empty: left out.",
            rich_help_panel=_MEASURE,
        ),
    ] = "",
    explorer: Annotated[
        int, typer.Option("--explorer", min=0, help="Most images on explorer.html; 0 writes none.", rich_help_panel=_MEASURE)
    ] = 400,
    batch_size: Annotated[
        int,
        typer.Option(
            "--batch-size", min=1, help="Images encoded at a time; lower it where memory is short.", rich_help_panel=_MEASURE
        ),
    ] = 64,
    device: Device = "auto",
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Measure a model: naming, retrieval and rejection of unseen regions, with intervals, and a report to look at.

    Writes metrics.json, report.html, explorer.html (every image, to be filtered), predictions.csv, per_region.csv and confusion.csv.
    """
    folder = model_of(model, captioner)
    if captioner is not None:
        refuse_idle({"--captions": captions, "--class-captions": class_captions, "--regions": regions})
        evaluate_captioner(
            captioner, images, out, region_column, split, images_a_region, bootstrap, seed, device, embeddings, overwrite
        )
        return
    choices.check_device(device)
    check_model(("--model", folder))
    check_captions("--captions", [captions])
    check_files(("--images", images), ("--class-captions", class_captions), ("--regions", regions), ("--embeddings", embeddings))
    check_out(out)
    read_images(images, region_column=region_column)
    from cytoscribe.eval.evaluation import EvaluateSettings
    from cytoscribe.eval.evaluator import evaluate as stage
    from cytoscribe.eval.report.summary import evaluation_lines

    settings = EvaluateSettings(
        model=folder,
        images=images,
        out=out,
        captions=captions,
        class_captions=class_captions,
        regions=regions,
        region_column=region_column,
        split=split,
        scale=scale,
        wording=wording,
        attributes=_columns(attributes),
        bootstrap=bootstrap,
        seed=seed,
        device=device,
        batch_size=batch_size,
        explorer=explorer,
        overwrite=overwrite,
        embeddings=embeddings,
        normalise=normalise,
        second_annotation=second_annotation,
        source=source,
        test_where=test_where,
        group_by=tuple(c.strip() for c in group_by.split(",") if c.strip()),
        few_shot=_shots(few_shot),
    )
    for line in evaluation_lines(stage(settings), out):
        typer.echo(line)


def describe(
    images: Annotated[
        list[Path] | None,
        typer.Argument(help="Image files, or folders of them; any format that Pillow reads, 8 or 16 bit.", metavar="IMAGE"),
    ] = None,
    model: ModelOption = None,
    captioner: CaptionerOption = None,
    decoding: Decoding = "label",
    struck: Struck = False,
    descriptions: Annotated[
        Path | None,
        typer.Option(
            "--descriptions",
            help="Folder that mine-descriptions wrote, for each region's description with its papers. Default: the model's captions.",
            rich_help_panel=_CAPTIONS,
        ),
    ] = None,
    class_captions: ClassCaptions = None,
    captions: Annotated[
        Path | None,
        typer.Option(
            "--captions",
            help="Captions folder: the caption of the named region that lies nearest to the image is shown with its sources. "
            "Default: no caption.",
            rich_help_panel=_CAPTIONS,
        ),
    ] = None,
    quotes: Annotated[
        int, typer.Option("--quotes", min=0, help="Most sentences of papers to quote for a region; 0 quotes none.")
    ] = 0,
    name_by: NameBy = "captions",
    embeddings: EmbeddingsOption = None,
    normalise: Normalise = "none",
    source: Source = "",
    regions: Annotated[
        Path | None,
        typer.Option(
            "--regions",
            help="Region table with a column 'parent': where a region is not sure, the closest parent of all plausible ones is named. "
            "Default: always a region.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line instead of text.")] = False,
    region_model: Annotated[
        Path | None,
        typer.Option(
            "--region-model",
            help="Model folder trained with --scale region: answers for the region crops of --table, together with the tiles inside "
            "them, which --model sees. Default: --model alone.",
            rich_help_panel=_BOTH,
        ),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            "--table",
            help="images.csv whose images are described; with --region-model, of cut-tiles with both scales.",
            rich_help_panel=_BOTH,
        ),
    ] = None,
    split: Annotated[
        str, typer.Option("--split", help="Split of --table whose crops are described. Empty: all.", rich_help_panel=_BOTH)
    ] = "",
    fusion: Annotated[
        Path | None,
        typer.Option(
            "--fusion", help="Folder of fuse-scales: how both scales are weighed. Default: both alike.", rich_help_panel=_BOTH
        ),
    ] = None,
    section: Annotated[
        list[Path] | None,
        typer.Option(
            "--section", help="Whole section to map, tile by tile; may be given several times.", rich_help_panel=_SECTIONS
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the maps, one folder a section. Needed with --section.", rich_help_panel=_SECTIONS),
    ] = None,
    tile_px: Annotated[
        int,
        typer.Option(
            "--tile-px", min=8, help="Side of a tile in pixels of the section, as for training.", rich_help_panel=_SECTIONS
        ),
    ] = 96,
    stride: Annotated[
        int, typer.Option("--stride", min=0, help="Pixels from tile to tile; 0 is half a tile.", rich_help_panel=_SECTIONS)
    ] = 0,
    tile_um: Annotated[
        float,
        typer.Option("--tile-um", min=0, help="Side of a tile in micrometres; 0: --tile-px counts.", rich_help_panel=_SECTIONS),
    ] = 0.0,
    pixel_size_um: Annotated[
        float,
        typer.Option("--pixel-size-um", min=0, help="Micrometres a pixel; 0: as the file says.", rich_help_panel=_SECTIONS),
    ] = 0.0,
    device: Device = "auto",
    verify: Verify = False,
    overwrite: Overwrite = False,
) -> None:
    """Say which region an image shows, or "unseen", and what is known of that region and from which papers.

    Images that cannot be read are named on standard error, the rest go on, and the exit code is 2. With --section whole sections are
    mapped: regions, confidence, and tissue that is like nothing known. With --region-model both scales answer together.
    """
    folder = model_of(model, captioner, bool(section))
    if captioner is not None:
        refuse_idle({"--table": table, "--descriptions": descriptions, "--captions": captions, "--quotes": quotes})
    if region_model is not None and table is None:
        raise InputError("both scales need a region model and a table", fix="give --region-model DIR and --table images.csv")
    if region_model is None and table is not None:
        images = [*(images or []), *_of_table(table, split)]
    if not images and not section and table is None:
        raise InputError("no image is given", fix="name image files, or a section with --section FILE --out DIR")
    if fusion is not None and table is None:
        raise InputError("--fusion weighs two scales", fix="give --region-model and --table too, or leave it out")
    if normalise != "none" and not images:
        raise InputError("--normalise takes image files, not sections or a table", fix="leave it out")
    choices.check_device(device)
    check_model(("--model", model), ("--region-model", region_model))
    check_folders(("--descriptions", descriptions), ("--fusion", fusion))
    check_captions("--captions", [captions])
    check_files(("--class-captions", class_captions), ("--embeddings", embeddings), ("--table", table))
    check_files(*(("--section", path) for path in section or ()))
    check_out(out)
    if section:
        layout = (tile_px, stride, tile_um, pixel_size_um)
        maps = _map_sections(folder, section, out, layout, class_captions, device, overwrite, source, verify)
        if captioner is not None:
            caption_sections(captioner, maps, decoding, struck, device)
    if captioner is not None:
        if images:
            describe_captioner(captioner, _pictures(images), decoding, struck, embeddings, device, json)
        return
    answers: list[Iterator[Described]] = []
    if table is not None and region_model is not None:
        from cytoscribe.eval.piece_describer import PieceSettings, describe_pieces

        pieces = PieceSettings(folder, region_model, table, split, "region", descriptions, quotes, name_by, device, fusion)
        answers.append(describe_pieces(pieces))
    if images:
        from cytoscribe.eval.describer import DescribeSettings
        from cytoscribe.eval.describer import describe as stage

        single = DescribeSettings(
            folder,
            tuple(_pictures(images)),
            descriptions,
            class_captions,
            captions,
            quotes,
            device,
            name_by,
            embeddings,
            normalise,
            source,
            regions,
        )
        answers.append(stage(single))
    _say(chain.from_iterable(answers), json)


def _pictures(given: Iterable[Path]) -> Iterator[Path]:
    """Files as they are given, and the pictures right inside folders. Raises InputError where a folder holds none."""
    from cytoscribe.training.data.slides import PICTURE_SUFFIXES

    for path in given:
        if not path.is_dir():
            yield path
            continue
        found = [p for p in sorted(path.iterdir()) if p.suffix.lower() in PICTURE_SUFFIXES and not p.name.startswith(".")]
        if not found:
            raise InputError(
                "no picture in this folder", where=path, fix=f"give files or folders with {', '.join(PICTURE_SUFFIXES)}"
            )
        yield from found


def _say(answers: Iterable[Described], as_json: bool) -> None:
    """Print answers as they come; exit code 2 where an image could not be read."""
    failed = 0
    for answer in answers:
        failed += answer.problem is not None
        typer.echo(answer.json_line() if as_json else answer.text(), err=answer.problem is not None and not as_json)
    if failed:
        raise typer.Exit(2)


def _of_table(table: Path, split: str) -> list[Path]:
    """The images of a table, of one split where one is given; raises InputError where it has none."""
    from cytoscribe.core.tables import read_images

    found = [r.path for r in read_images(table) if split in ("", r.split)]
    if not found:
        raise InputError(f"no image of split '{split}'", where=table, fix="give --split '' for all, or another one")
    return list(dict.fromkeys(found))


def _map_sections(
    model: Path,
    sections: list[Path],
    out: Path | None,
    layout: tuple[int, int, float, float],
    class_captions: Path | None,
    device: str,
    overwrite: bool,
    source: str,
    verify: bool,
) -> list[tuple[Path, Path]]:
    """Map each section into a folder of its own name under `out`; layout: tile px, stride px, tile um, pixel size um.

    Returns each section's file with its folder.
    """
    from cytoscribe.eval.section_map import MapSettings, map_section
    from cytoscribe.training.data.sections import section_name

    if out is None:
        raise InputError("--section needs a folder for the maps", fix="add --out DIR")
    made = []
    for path in sections:
        settings = MapSettings(
            model,
            path,
            out / section_name(path),
            *layout,
            class_captions,
            device,
            overwrite=overwrite,
            source=source,
            verify=verify,
        )
        for line in map_section(settings).lines():
            typer.echo(line)
        made.append((path, settings.out))
    return made


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
    choices.check_device(device)
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


def _shots(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() and 0 < int(part) <= 10_000 for part in parts):
        raise InputError(f"--few-shot '{text}' is not a list of numbers of images", fix="write 1,2,4,8,16")
    return tuple(dict.fromkeys(int(part) for part in parts))


def _columns(text: str) -> tuple[str, ...] | None:
    if text == "auto":
        return None
    return () if text == "none" else tuple(c.strip() for c in text.split(",") if c.strip())
