"""The mining stage: regions and papers in; claims, descriptions and a report out."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cytoscribe.errors import CytoscribeError, InputError
from cytoscribe.progress import bar, say
from cytoscribe.records import Claim, Description, Document
from cytoscribe.runs import RunFolder, file_digest
from cytoscribe.tables import write_records
from literature_mining.claims import RuleExtractor
from literature_mining.consensus import describe_regions
from literature_mining.discourse import read_claims
from literature_mining.documents import find_papers, read_document
from literature_mining.lexicon import load_lexicon
from literature_mining.regions import RegionTable, read_regions, write_regions
from literature_mining.report import Paper, Surroundings, write_report

_AROUND = 240
"""Characters of context that the report shows on either side of a sentence."""


@dataclass(frozen=True)
class MineSettings:
    """Settings of one mining run. `workers`: processes that read papers; 1 reads in this one."""

    regions: Path
    papers: tuple[Path, ...]
    out: Path
    lexicon: Path | None = None
    workers: int = 1
    seed: int = 0
    overwrite: bool = False
    drop_shared: bool = False


@dataclass(frozen=True)
class MineResult:
    """What a run found; `unread` are papers that could not be read, each with the reason."""

    claims: tuple[Claim, ...]
    descriptions: tuple[Description, ...]
    papers: tuple[Paper, ...]
    unread: tuple[Paper, ...] = ()
    around: Surroundings = field(default_factory=dict, repr=False)


def mine(settings: MineSettings) -> MineResult:
    """Mine claims, write `claims.parquet`, `descriptions.parquet`, `report.html` and `regions.csv` into `settings.out`.

    A paper that cannot be read is reported and passed over. Raises InputError where the table or the lexicon is at fault,
    or no paper at all can be read.
    """
    table = read_regions(settings.regions, drop_shared=settings.drop_shared)
    for note in table.notes:
        say(f"note: {note}")
    load_lexicon(settings.lexicon)
    papers = _digested(find_papers(settings.papers))
    with RunFolder(
        settings.out, "mine-descriptions", _fixed(settings), _inputs(settings, papers), overwrite=settings.overwrite
    ) as run:
        _read_all(run, papers, settings, table)
        result = _gather(run, papers)
        _write(run, table, result)
        run.finish({"papers": len(result.papers), "unread": len(result.unread), "claims": len(result.claims)})
    return result


def _digested(papers: Sequence[Path]) -> dict[Path, str]:
    digests: dict[Path, str] = {}
    for paper in papers:
        try:
            digests[paper] = file_digest(paper)
        except OSError as error:
            digests[paper] = f"unreadable {paper} {error.errno}"
    return digests


def _fixed(settings: MineSettings) -> dict[str, Any]:
    return {"drop_shared": settings.drop_shared, "seed": settings.seed}


def _inputs(settings: MineSettings, papers: dict[Path, str]) -> dict[str, Any]:
    return {
        "regions": file_digest(settings.regions),
        "lexicon": file_digest(settings.lexicon) if settings.lexicon else None,
        "papers": sorted([p.name, digest] for p, digest in papers.items()),
    }


def _key(paper: Path, digest: str) -> str:
    return f"{paper.name}\n{digest}"


def _read_all(run: RunFolder, papers: dict[Path, str], settings: MineSettings, table: RegionTable) -> None:
    left = [p for p, digest in papers.items() if not run.has_shard(_key(p, digest))]
    with bar("reading papers", len(papers), "papers", done=len(papers) - len(left)) as progress:
        for paper, rows in _each(left, settings, table):
            run.write_shard(_key(paper, papers[paper]), rows)
            progress.advance()


def _each(papers: Sequence[Path], settings: MineSettings, table: RegionTable) -> Iterable[tuple[Path, list[Any]]]:
    if settings.workers <= 1 or len(papers) < 2:
        reader = _Reader(table, settings.lexicon)
        for paper in papers:
            yield paper, reader.read(paper)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(settings.workers, len(papers)), context, _start_worker, (table, settings.lexicon)) as pool:
        yield from zip(papers, pool.map(_work, papers), strict=True)


_worker: list[_Reader] = []


def _start_worker(table: RegionTable, lexicon: Path | None) -> None:
    _worker[:] = [_Reader(table, lexicon)]


def _work(paper: Path) -> list[Any]:
    return _worker[0].read(paper)


class _Reader:
    def __init__(self, table: RegionTable, lexicon: Path | None) -> None:
        self.extractor = RuleExtractor(table, load_lexicon(lexicon))

    def read(self, path: Path) -> list[Any]:
        """First row: the paper; the rest: its claims."""
        try:
            document = read_document(path)
            claims = read_claims(document, self.extractor)
        except CytoscribeError as error:
            fault = error.what if isinstance(error, InputError) else str(error)
            return [asdict(Paper(path.name, readable=False, problems=(fault,)))]
        except Exception as error:  # one paper's fault must not stop the others
            return [asdict(Paper(path.name, readable=False, problems=(f"{type(error).__name__}: {error}",)))]
        paper = Paper(
            path.name, document.title, document.authors, document.year, document.doi, document.licence, True, document.problems
        )
        return [asdict(paper), *({**asdict(c), **_around(document, c)} for c in claims)]


def _around(document: Document, claim: Claim) -> dict[str, str]:
    """Some text before and after the sentence, for the report."""
    before = document.text[max(0, claim.sentence_start - _AROUND) : claim.sentence_start]
    after = document.text[claim.sentence_end : claim.sentence_end + _AROUND]
    return {"before": before.partition(" ")[2], "after": after.rpartition(" ")[0]}


def _gather(run: RunFolder, papers: dict[Path, str]) -> MineResult:
    read: list[Paper] = []
    unread: list[Paper] = []
    claims: dict[str, Claim] = {}
    around: dict[str, tuple[str, str]] = {}
    for path, digest in papers.items():
        first, *rows = run.read_shard(_key(path, digest))
        paper = Paper(**{**first, "authors": tuple(first["authors"]), "problems": tuple(first["problems"])})
        (read if paper.readable else unread).append(paper)
        for row in rows:
            before, after = row.pop("before"), row.pop("after")
            claim = Claim(**{**row, "compared_to": tuple(row["compared_to"])})
            claims.setdefault(claim.claim_id, claim)
            around.setdefault(claim.claim_id, (before, after))
    for paper in unread:
        say(f"skipped {paper.name}: {'; '.join(paper.problems)}")
    if not read:
        raise InputError(
            f"none of the {len(unread)} papers can be read ({unread[0].name}: {unread[0].problems[0]})",
            where="--papers",
            fix="give others",
        )
    ordered = tuple(claims.values())
    return MineResult(ordered, tuple(describe_regions(ordered)), tuple(read), tuple(unread), around)


def _write(run: RunFolder, table: RegionTable, result: MineResult) -> None:
    write_regions(run.path / "regions.csv", table.regions)
    write_records(run.path / "claims.parquet", Claim, result.claims)
    write_records(run.path / "descriptions.parquet", Description, result.descriptions)
    write_report(
        run.path / "report.html", table, result.claims, result.descriptions, [*result.papers, *result.unread], result.around
    )
