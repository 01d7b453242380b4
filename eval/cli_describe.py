"""Command `describe`: single images, whole sections, and pieces at both scales."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cytoscribe.core.errors import InputError
from cytoscribe.core.options import command
from cytoscribe.core.preflight import (
    check_captions,
    check_device,
    check_files,
    check_folders,
    check_model,
    check_out,
    check_present,
)
from cytoscribe.eval.cli_captioner import caption_sections, describe_captioner, model_of, refuse_idle
from cytoscribe.eval.settings import DescribeOptions, MapSettings

if TYPE_CHECKING:
    from cytoscribe.eval.captioner.describer import Captioned
    from cytoscribe.eval.describer import Described


def _describe(options: DescribeOptions) -> None:
    options = _with_table(options)
    _check_asked(options)
    _check_inputs(options)
    maps, whole = _map_sections(options) if options.sections else ([], True)
    if options.captioner is None:
        _say(chain.from_iterable(_answers(options)), options.json)
    else:
        _say_captions(options, maps)
    if not whole:
        raise typer.Exit(2)


def _say_captions(options: DescribeOptions, maps: list[tuple[Path, Path]]) -> None:
    if options.captioner is None:
        return
    caption_sections(options.captioner, maps, options.decoding, options.struck, options.single.device)
    if options.single.images:
        _say(describe_captioner(options.captioner, _pictures(options.single.images), options), options.json)


def _with_table(options: DescribeOptions) -> DescribeOptions:
    """With the images of --table among the single ones where it stands alone, and the model's folder."""
    single = replace(options.single, model=model_of(options.single.model, options.captioner, bool(options.sections)))
    if options.region_model is None and options.table is not None:
        single = replace(single, images=(*single.images, *_of_table(options.table, options.split)))
    return replace(options, single=single)


def _check_asked(options: DescribeOptions) -> None:
    """Refuse options that contradict each other, or have nothing to act on."""
    single = options.single
    if options.captioner is not None:
        idle = {"--descriptions": single.descriptions, "--captions": single.captions, "--quotes": single.quotes}
        refuse_idle({"--table": options.table, **idle})
    if options.region_model is not None and options.table is None:
        raise InputError("both scales need a region model and a table", fix="give --region-model DIR and --table images.csv")
    if not single.images and not options.sections and options.table is None:
        raise InputError("no image is given", fix="name image files, or a section with --section FILE --out DIR")
    if options.fusion is not None and options.table is None:
        raise InputError("--fusion weighs two scales", fix="give --region-model and --table too, or leave it out")
    if single.normalise != "none" and not single.images:
        raise InputError("--normalise takes image files, not sections or a table", fix="leave it out")
    if options.sections and options.out is None:
        raise InputError("--section needs a folder for the maps", fix="add --out DIR")


def _check_inputs(options: DescribeOptions) -> None:
    """Find what cannot be used before torch is loaded."""
    single = options.single
    check_device(single.device)
    made = None if options.captioner is not None and not options.sections else single.model
    check_model(("--model", made), ("--region-model", options.region_model))
    check_folders(("--descriptions", single.descriptions), ("--fusion", options.fusion))
    check_captions("--captions", [single.captions])
    check_files(("--class-captions", single.class_captions), ("--embeddings", single.embeddings), ("--table", options.table))
    check_present(*(("--section", path) for path in options.sections))
    check_out(options.out)


def _answers(options: DescribeOptions) -> Iterator[Iterator[Described]]:
    """What is said of pieces at both scales, and of single images."""
    single = options.single
    if options.table is not None and options.region_model is not None:
        from cytoscribe.eval.piece_describer import PieceDescriptionSettings, describe_pieces

        pieces = PieceDescriptionSettings(
            single.model,
            options.region_model,
            options.table,
            options.split,
            descriptions=single.descriptions,
            quotes=single.quotes,
            name_by=single.name_by,
            device=single.device,
            fusion=options.fusion,
        )
        yield describe_pieces(pieces)
    if single.images:
        from cytoscribe.eval.describer import describe as stage

        yield stage(replace(single, images=tuple(_pictures(single.images))))


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


def _say(answers: Iterable[Described | Captioned], as_json: bool) -> None:
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


def _map_sections(options: DescribeOptions) -> tuple[list[tuple[Path, Path]], bool]:
    """Map each section into a folder of its own name; returns each section's file with its folder, and whether all were mapped."""
    from cytoscribe.eval.section_maps import map_sections, pictures_in
    from cytoscribe.training.data.sections import section_name

    single = options.single
    every = [
        MapSettings(
            single.model,
            path,
            (options.out or Path()) / section_name(path),
            options.tile_px,
            options.stride,
            options.tile_um,
            options.pixel_size_um,
            single.class_captions,
            single.device,
            overwrite=options.overwrite,
            verify=options.verify,
            source=single.source,
        )
        for path in pictures_in(options.sections)
    ]
    made = []
    for settings, lines in map_sections(every, options.workers, options.ray):
        for line in lines:
            typer.echo(line)
        made.append((settings.section, settings.out))
    return made, len(made) == len(every)


describe = command(
    DescribeOptions,
    _describe,
    """Say which region an image shows, or "unseen", and what is known of that region and from which papers.

    Images that cannot be read are named on standard error, the rest are described, and the exit code is 2. With --section whole sections are
    mapped: regions, confidence, and tissue unlike anything known. With --region-model both scales answer together.
    """,
)
