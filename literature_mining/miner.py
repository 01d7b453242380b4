"""The mining stage: regions and papers in; claims, descriptions, figures and a report out."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cytoscribe.core.digests import file_digest, fingerprint, is_file
from cytoscribe.core.errors import InputError
from cytoscribe.core.plain_text import counted, some
from cytoscribe.core.progress import bar, say
from cytoscribe.core.records import Claim, Description
from cytoscribe.core.runs import SHARDS, RunFolder
from cytoscribe.core.tables import write_records
from cytoscribe.literature_mining.claims.kept_words import Words, keep_words
from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.claims.vocabulary import CORTEX, read_toml
from cytoscribe.literature_mining.model_reader import ModelReader, PlacedWindow
from cytoscribe.literature_mining.papers.figures import FOLDER, FigureRecord, write_figures
from cytoscribe.literature_mining.papers.open import find_papers, find_unread
from cytoscribe.literature_mining.pool import each
from cytoscribe.literature_mining.read_paper import Job, Row
from cytoscribe.literature_mining.regions.table import RegionTable, read_regions, write_regions
from cytoscribe.literature_mining.report.consensus import describe_regions
from cytoscribe.literature_mining.report.html import Paper, Surroundings, write_report
from cytoscribe.literature_mining.report.related import RelatedSentence, load_ranker, rank
from cytoscribe.literature_mining.settings import MineSettings
from cytoscribe.llm.store import CompletionStore

if TYPE_CHECKING:
    import pandas as pd

_EMPTY = hashlib.sha256().hexdigest()
_OFTEN = 3
"""Times that a spelling must occur to be more than a slip of the printer."""


@dataclass(frozen=True)
class MineResult:
    """What a run found; `unread` are papers that could not be read, each with the reason, `skipped` files of formats that are not
    read; `spellings` are names in the papers that differ from a region's in case, spaces or hyphens alone, with how often they occur."""

    claims: tuple[Claim, ...]
    descriptions: tuple[Description, ...]
    papers: tuple[Paper, ...]
    unread: tuple[Paper, ...] = ()
    skipped: tuple[Paper, ...] = ()
    figures: tuple[FigureRecord, ...] = ()
    others: tuple[Row, ...] = ()
    around: Surroundings = field(default_factory=dict, repr=False)
    windows: tuple[PlacedWindow, ...] = field(default=(), repr=False)
    spellings: Mapping[str, Counter[str]] = field(default_factory=dict, repr=False)
    names: tuple[str, ...] = ()

    @property
    def silent(self) -> tuple[str, ...]:
        """Regions of the list (`names`) about which no paper claims anything."""
        described = {d.region for d in self.descriptions}
        return tuple(name for name in self.names if name not in described)

    def table(self) -> pd.DataFrame:
        """One row a claim, with the columns of claims.parquet."""
        import pandas as pd

        return pd.DataFrame([asdict(claim) for claim in self.claims], columns=[f.name for f in fields(Claim)])


def mine(settings: MineSettings) -> MineResult:
    """Mine claims; write claims, descriptions, papers and figures (.parquet), report.html and regions.csv into `settings.out`.

    A paper that cannot be read is reported and skipped, and tried again by a resumed run. Raises InputError where the table
    or the lexicon is at fault, or no paper at all can be read.
    """
    table = read_regions(settings.regions, drop_shared=settings.drop_shared)
    for note in table.notes:
        say(f"note: {note}")
    lexicon = load_lexicon(settings.lexicon, settings.vocabulary)
    model = ModelReader(settings.model, table, lexicon) if settings.model else None  # before the papers: is it there at all?
    ranker = load_ranker(settings.relevance) if settings.relevance else None
    papers = _each_once(_digested(find_papers(settings.papers)))
    unread = find_unread(settings.papers)
    _say_unread(unread)
    with RunFolder(
        settings.out, "mine-descriptions", _fixed(settings, model), _inputs(settings, papers), overwrite=settings.overwrite
    ) as run:
        if not run.resumed:
            shutil.rmtree(run.path / FOLDER, ignore_errors=True)  # images of an earlier run with other settings
        _read_all(run, papers, settings)
        result = replace(_gather(run, papers), skipped=tuple(_skipped(p) for p in unread), names=table.names)
        _check_any_read(run, result)
        if model:
            result = _read_by(model, run, result)
        _report_lost(result)
        _say_unnamed(table, result)
        _say_respelled(result)
        related = rank(result.others, ranker) if ranker else []
        _write(run, table, result, related)
        keep_words(run.path, Words(settings.vocabulary, settings.lexicon))
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


def _each_once(papers: Mapping[Path, str]) -> dict[Path, str]:
    """The papers without copies of a file, which would count as papers that agree; what is left out is said."""
    kept: dict[str, Path] = {}
    copies: list[tuple[Path, Path]] = []
    for paper, digest in papers.items():
        if digest == _EMPTY:
            continue
        first = kept.setdefault(digest, paper)
        if first is not paper:
            kept[digest], copy = sorted((first, paper), key=lambda p: len(p.name))
            copies.append((copy, kept[digest]))
    if copies:
        say(f"left out, the same file again: {some([f'{c.name} is {k.name}' for c, k in copies])}")
    left_out = {copy for copy, _ in copies}
    return {paper: digest for paper, digest in papers.items() if paper not in left_out}


def _fixed(settings: MineSettings, model: ModelReader | None) -> dict[str, Any]:
    return {
        "drop_shared": settings.drop_shared,
        "seed": settings.seed,
        "figures": settings.figures,
        "relevance": settings.relevance,
        "model": {"name": model.name, "alone": settings.model.alone} if model and settings.model else None,
    }


def _inputs(settings: MineSettings, papers: dict[Path, str]) -> dict[str, Any]:
    return {
        "regions": file_digest(settings.regions),
        "lexicon": file_digest(settings.lexicon) if settings.lexicon else None,
        **({} if settings.vocabulary == CORTEX else {"vocabulary": fingerprint(read_toml(settings.vocabulary))}),
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
            settings.model is not None,
            settings.vocabulary,
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
        raise InputError("; ".join(rows[0]["problems"]), where=paper, fix="remove it, or leave out --strict to skip it")


def _is_read(run: RunFolder, key: str) -> bool:
    """False for papers not yet tried, and for those that failed: more time, or a server that is back, may help them."""
    return run.has_shard(key) and all(row.get("readable", True) for row in run.read_shard(key))


def _gather(run: RunFolder, papers: dict[Path, str]) -> MineResult:
    read: list[Paper] = []
    lost: list[Paper] = []
    claims: dict[str, Claim] = {}
    around: dict[str, tuple[str, str]] = {}
    figures: dict[str, FigureRecord] = {}
    windows: list[PlacedWindow] = []
    others: list[Row] = []
    spellings: dict[str, Counter[str]] = {}
    for path, digest in papers.items():
        for row in run.read_shard(_key(path, digest)):
            kind = row.pop("kind")
            if kind == "paper":
                paper = Paper(**{**row, "authors": tuple(row["authors"]), "problems": tuple(row["problems"])})
                (read if paper.readable else lost).append(paper)
            elif kind == "claim":
                context = row.pop("before"), row.pop("after")
                lists = {k: tuple(row[k]) for k in ("compared_to", "supported_by")}
                claim = Claim(**{**row, **lists})
                claims.setdefault(claim.claim_id, claim)
                around.setdefault(claim.claim_id, context)
            elif kind == "figure":
                figures.setdefault(row["figure_id"], FigureRecord(**{**row, "regions": tuple(row["regions"])}))
            elif kind == "spelling":
                spellings.setdefault(row["region"], Counter()).update(row["written"])
            elif kind == "window":
                windows.append(PlacedWindow.from_row(row))
            elif kind == "problem":
                read[-1] = replace(read[-1], problems=(*read[-1].problems, row["problem"]))
            else:
                others.append(row)
    found = tuple(claims.values())
    return MineResult(
        found,
        tuple(describe_regions(found)),
        tuple(read),
        tuple(lost),
        figures=tuple(figures.values()),
        others=tuple(others),
        around=around,
        windows=tuple(windows),
        spellings=spellings,
    )


def _read_by(model: ModelReader, run: RunFolder, result: MineResult) -> MineResult:
    """The result with what the language model reads; its answers lie beside the shards."""
    store = CompletionStore(run.path / SHARDS / "completions.jsonl")
    try:
        reading = model.read(result.windows, result.claims, store)
        store.compact()
    finally:
        store.close()
        model.close()
    say(f"{model.name}: {reading.summary}")
    place = {p.name: n for n, p in enumerate(result.papers)}
    claims = tuple(sorted(reading.claims, key=lambda c: (place[c.document], c.sentence_start)))
    papers = tuple(replace(p, problems=(*p.problems, *reading.problems(p.name, model.name))) for p in result.papers)
    around = {**reading.around, **result.around}
    return replace(result, claims=claims, descriptions=tuple(describe_regions(claims)), papers=papers, around=around)


def _report_lost(result: MineResult) -> None:
    """Name what could not be read, papers and parts of papers."""
    for paper in result.unread:
        say(f"skipped {paper.name}: {'; '.join(paper.problems)}")
    for paper in result.papers:
        for problem in paper.problems:
            say(f"note: {paper.name}: {problem}")


def _check_any_read(run: RunFolder, result: MineResult) -> None:
    """Raise InputError where no paper can be read; then nothing of the run is kept."""
    if not result.papers:
        run.forget()
        first = f"{result.unread[0].name}: {'; '.join(result.unread[0].problems)}"
        raise InputError(
            f"{_none_read(len(result.unread))} ({first})",
            where="--papers",
            fix="fix that, or give papers that contain text",
        )


def _none_read(papers: int) -> str:
    return "the only paper cannot be read" if papers == 1 else f"none of the {papers} papers can be read"


def _say_unread(unread: Sequence[Path]) -> None:
    """One line on the files of the folders that are in formats which are not read."""
    if unread:
        names, files = some([p.name for p in unread], 8), counted(len(unread), "file")
        say(f"not read, {files} in formats that no reader knows: {names}; save as PDF, HTML, Markdown or text")


def _skipped(file: Path) -> Paper:
    return Paper(file.name, readable=False, problems=(f"'{file.suffix}' files are not read",))


def _say_unnamed(table: RegionTable, result: MineResult) -> None:
    """One line where no paper names a region: then the table's names are others than the papers'."""
    if not any(p.names_regions for p in result.papers):
        example = ", ".join(table.names[:3])
        say(
            f"no name of the list occurs in any of the {len(result.papers)} papers (looked for {example}{', ...' if len(table.names) > 3 else ''}): "
            "give the papers' own names in the column `aliases` of the region table, `;` between them"
        )


def _say_respelled(result: MineResult) -> None:
    """One line on regions without a claim whose names the papers spell in another way."""
    hints = _respelled(result)
    if hints:
        told = some([f"{name} (the papers write {written})" for name, written in hints.items()])
        say(f"no claim under the name as the list spells it: {told}; correct the names, or add the papers' spellings to `aliases`")


def _respelled(result: MineResult) -> dict[str, str]:
    """Region without a claim to the papers' most frequent spelling of its name."""
    most = {name: result.spellings[name].most_common(1)[0] for name in result.silent if name in result.spellings}
    return {name: written for name, (written, count) in most.items() if count >= _OFTEN}


def _write(run: RunFolder, table: RegionTable, result: MineResult, related: Sequence[RelatedSentence]) -> None:
    write_regions(run.path / "regions.csv", table.regions)
    write_records(run.path / "claims.parquet", Claim, result.claims)
    write_records(run.path / "descriptions.parquet", Description, result.descriptions)
    write_figures(run.path, result.figures)
    if related:
        write_records(run.path / "related.parquet", RelatedSentence, related)
    papers = [*result.papers, *result.unread, *result.skipped]
    write_records(run.path / "papers.parquet", Paper, papers)
    write_report(
        run.path / "report.html",
        table,
        result.claims,
        result.descriptions,
        papers,
        result.around,
        result.figures,
        _respelled(result),
    )
