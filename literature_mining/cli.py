"""The command `mine-descriptions`."""

from __future__ import annotations

from dataclasses import replace

import typer

from cytoscribe.core.options import command
from cytoscribe.core.preflight import check_files, check_out, check_present
from cytoscribe.literature_mining.settings import MineOptions, MineSettings


def _mine(options: MineOptions) -> None:
    settings = _settings(options)
    aliases = settings.model.backend.aliases if settings.model else None
    check_files(("--regions", settings.regions), ("--lexicon", settings.lexicon), ("--aliases", aliases))
    check_present(*(("--papers", path) for path in settings.papers))
    check_out(settings.out)
    from cytoscribe.literature_mining.miner import mine

    result = mine(settings)
    report = settings.out / "report.html"
    typer.echo(f"{len(result.claims)} claims about {len(result.descriptions)} regions from {len(result.papers)} papers")
    if result.unread:
        typer.echo(f"{len(result.unread)} papers could not be read; {report} names them, and the same command tries them again")
    typer.echo(f"look at {report}")


def _settings(options: MineOptions) -> MineSettings:
    run = options.run
    model = run.model and replace(run.model, alone=options.extractor == "llm")
    return replace(run, papers=(*run.papers, *options.more_papers), model=model)


mine_descriptions = command(
    MineOptions, _mine, "Mine what papers say of each region's cytoarchitecture, each claim with the sentence that states it."
)
