"""The mining stage: regions and papers in; claims, descriptions, figures and a report out."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cytoscribe.errors import InputError
from cytoscribe.progress import bar, say
from cytoscribe.records import Claim, Description
from cytoscribe.runs import RunFolder, file_digest, is_file
from cytoscribe.tables import write_records
from literature_mining.claims.lexicon import load_lexicon
from literature_mining.claims.llm import bears_schema
from literature_mining.papers.figures import FOLDER, FigureRecord, write_figures
from literature_mining.papers.open import find_papers
from literature_mining.pool import each
from literature_mining.read_paper import Asked, Job, Row
from literature_mining.regions.table import RegionTable, read_regions, write_regions
from literature_mining.report.consensus import describe_regions
from literature_mining.report.html import Paper, Surroundings, write_report
from literature_mining.report.related import RelatedSentence, load_ranker, rank


@dataclass(frozen=True)
class MineSettings:
    """Settings of one mining run. `workers`: processes that read papers; `seconds` a paper may take beside a model's answers, 0 reads
    without a limit and in this process; `ray`: address of a Ray cluster ("" for none); `asked`: a language model beside the rules;
    `strict`: end at the first paper that cannot be read;
    `relevance`: a sentence-transformers model ("" for none)."""

    regions: Path
    papers: tuple[Path, ...]
    out: Path
    lexicon: Path | None = None
    workers: int = 1
    seconds: float = 120
    seed: int = 0
    overwrite: bool = False
    drop_shared: bool = False
    figures: bool = True
    relevance: str = ""
    ray: str = ""
    asked: Asked | None = None
    strict: bool = False


@dataclass(frozen=True)
class MineResult:
    """What a run found; `unread` are papers that could not be read, each with the reason."""

    claims: tuple[Claim, ...]
    descriptions: tuple[Description, ...]
    papers: tuple[Paper, ...]
    unread: tuple[Paper, ...] = ()
    figures: tuple[FigureRecord, ...] = ()
    others: tuple[Row, ...] = ()
    around: Surroundings = field(default_factory=dict, repr=False)


def mine(settings: MineSettings) -> MineResult:
    """Mine claims; write claims, descriptions, papers and figures (.parquet), report.html and regions.csv into `settings.out`.

    A paper that cannot be read is reported and passed over, and tried again by a run that goes on. Raises InputError where the table
    or the lexicon is at fault, or no paper at all can be read.
    """
    table = read_regions(settings.regions, drop_shared=settings.drop_shared)
    for note in table.notes:
        say(f"note: {note}")
    load_lexicon(settings.lexicon)
    if settings.asked:  # before the first paper: a silent server must not spoil the shards
        settings = replace(settings, asked=replace(settings.asked, formed=bears_schema(settings.asked.model_there())))
    ranker = load_ranker(settings.relevance) if settings.relevance else None
    papers = _digested(find_papers(settings.papers))
    with RunFolder(
        settings.out, "mine-descriptions", _fixed(settings), _inputs(settings, papers), overwrite=settings.overwrite
    ) as run:
        if not run.resumed:
            shutil.rmtree(run.path / FOLDER, ignore_errors=True)  # images of an earlier run with other settings
        _read_all(run, papers, settings)
        result = _gather(run, papers)
        related = rank(result.others, ranker) if ranker else []
        _write(run, table, result, related)
        run.finish({"papers": len(result.papers), "unread": len(result.unread), "claims": len(result.claims)})
    return result


def _digested(papers: Sequence[Path]) -> dict[Path, str]:
    digests: dict[Path, str] = {}
    for paper in papers:
        try:
            digests[paper] = file_digest(paper) if is_file(paper) else f"no file {paper}"
        except OSError as error:
            digests[paper] = f"unreadable {paper} {error.errno}"
    return digests


def _fixed(settings: MineSettings) -> dict[str, Any]:
    return {
        "drop_shared": settings.drop_shared,
        "seed": settings.seed,
        "figures": settings.figures,
        "relevance": settings.relevance,
        "asked": {k: getattr(settings.asked, k) for k in ("server", "model", "alone")} if settings.asked else None,
    }


def _inputs(settings: MineSettings, papers: dict[Path, str]) -> dict[str, Any]:
    return {
        "regions": file_digest(settings.regions),
        "lexicon": file_digest(settings.lexicon) if settings.lexicon else None,
        "papers": sorted([p.name, digest] for p, digest in papers.items()),
    }


def _key(paper: Path, digest: str) -> str:
    return f"{paper.name}\n{digest}"


def _read_all(run: RunFolder, papers: dict[Path, str], settings: MineSettings) -> None:
    left = [p for p, digest in papers.items() if not _is_read(run, _key(p, digest))]
    jobs = [
        Job(
            paper,
            settings.regions,
            settings.drop_shared,
            settings.lexicon,
            run.path if settings.figures else None,
            bool(settings.relevance),
            settings.asked,
        )
        for paper in left
    ]
    with bar("reading papers", len(papers), "papers", done=len(papers) - len(left)) as progress:
        for job, rows in each(jobs, settings.workers, settings.seconds, settings.ray):
            run.write_shard(_key(job.paper, papers[job.paper]), rows)
            if settings.strict:
                _refuse_unread(job.paper, rows)
            progress.advance()


def _refuse_unread(paper: Path, rows: Sequence[Row]) -> None:
    """Raise InputError where a paper could not be read."""
    if not rows[0].get("readable", True):
        raise InputError("; ".join(rows[0]["problems"]), where=paper, fix="remove it, or leave --strict out to pass over it")


def _is_read(run: RunFolder, key: str) -> bool:
    """False for papers not yet tried, and for those that failed: more time, or a server that is back, may help them."""
    return run.has_shard(key) and all(row.get("readable", True) for row in run.read_shard(key))


def _gather(run: RunFolder, papers: dict[Path, str]) -> MineResult:
    read: list[Paper] = []
    lost: list[Paper] = []
    claims: dict[str, Claim] = {}
    around: dict[str, tuple[str, str]] = {}
    figures: dict[str, FigureRecord] = {}
    others: list[Row] = []
    for path, digest in papers.items():
        for row in run.read_shard(_key(path, digest)):
            kind = row.pop("kind")
            if kind == "paper":
                paper = Paper(**{**row, "authors": tuple(row["authors"]), "problems": tuple(row["problems"])})
                (read if paper.readable else lost).append(paper)
            elif kind == "claim":
                context = row.pop("before"), row.pop("after")
                claim = Claim(**{**row, "compared_to": tuple(row["compared_to"])})
                claims.setdefault(claim.claim_id, claim)
                around.setdefault(claim.claim_id, context)
            elif kind == "figure":
                figures.setdefault(row["figure_id"], FigureRecord(**{**row, "regions": tuple(row["regions"])}))
            else:
                others.append(row)
    _report_lost(lost, bool(read))
    found = tuple(claims.values())
    return MineResult(
        found, tuple(describe_regions(found)), tuple(read), tuple(lost), tuple(figures.values()), tuple(others), around
    )


def _report_lost(lost: Sequence[Paper], any_read: bool) -> None:
    for paper in lost:
        say(f"skipped {paper.name}: {'; '.join(paper.problems)}")
    if not any_read:
        first = f"{lost[0].name}: {'; '.join(lost[0].problems)}"
        raise InputError(
            f"none of the {len(lost)} papers can be read ({first})",
            where="--papers",
            fix="mend that, or give papers that hold text",
        )


def _write(run: RunFolder, table: RegionTable, result: MineResult, related: Sequence[RelatedSentence]) -> None:
    write_regions(run.path / "regions.csv", table.regions)
    write_records(run.path / "claims.parquet", Claim, result.claims)
    write_records(run.path / "descriptions.parquet", Description, result.descriptions)
    write_figures(run.path, result.figures)
    if related:
        write_records(run.path / "related.parquet", RelatedSentence, related)
    papers = [*result.papers, *result.unread]
    write_records(run.path / "papers.parquet", Paper, papers)
    write_report(run.path / "report.html", table, result.claims, result.descriptions, papers, result.around)
