"""`generate-captions`: captions from mined descriptions or from the attributes of images."""

from __future__ import annotations

import typer

from cytoscribe.captions.settings import GenerateOptions
from cytoscribe.core.options import command
from cytoscribe.core.preflight import check_files, check_folders, check_out


def _generate(options: GenerateOptions) -> None:
    settings, table = options.run, options.run.attributes
    check_folders(("--descriptions", settings.descriptions), ("--prompts", settings.prompts))
    check_files(("--aliases", settings.backend.aliases))
    check_files(("--attributes", table and table.table), ("--phrases", table and table.phrases))
    check_out(settings.out)
    from cytoscribe.captions.generation import generate
    from cytoscribe.captions.quality.preview import preview, report

    typer.echo(preview(settings) if options.dry_run else report(generate(settings), settings.out))


generate_captions = command(GenerateOptions, _generate, "Write diverse captions that state only what their sources claim.")
