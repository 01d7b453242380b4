"""`generate-captions`: captions from mined descriptions or from the attributes of images."""

from __future__ import annotations

import typer

from cytoscribe.captions.settings import GenerateOptions
from cytoscribe.core.options import command


def _generate(options: GenerateOptions) -> None:
    from cytoscribe.captions.generation import generate
    from cytoscribe.captions.quality.preview import preview, report

    settings = options.run
    typer.echo(preview(settings) if options.dry_run else report(generate(settings), settings.out))


generate_captions = command(GenerateOptions, _generate, "Write diverse captions that state only what their sources claim.")
