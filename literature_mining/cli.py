"""The command `mine-descriptions`."""

from __future__ import annotations

from dataclasses import replace

import typer

from cytoscribe.core.options import command
from cytoscribe.core.plain_text import counted, some
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
    regions = f"{len(result.names) - len(result.silent)} of {counted(len(result.names), 'region')}"
    none = f"; none about {some(result.silent)}" if result.silent else ""
    typer.echo(f"{counted(len(result.claims), 'claim')} about {regions} from {counted(len(result.papers), 'paper')}{none}")
    if result.unread:
        unread = counted(len(result.unread), "paper")
        typer.echo(f"{unread} could not be read; {report} gives the reason, and the same command tries again")
    typer.echo(f"look at {report}")


def _settings(options: MineOptions) -> MineSettings:
    run = options.run
    model = run.model and replace(run.model, alone=options.extractor == "llm")
    return replace(run, papers=(*run.papers, *options.more_papers), model=model)


mine_descriptions = command(
    MineOptions, _mine, "Mine what papers say of each region's cytoarchitecture, each claim with the sentence that states it."
)
