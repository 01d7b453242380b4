"""What a language model is worth as a reader of claims: how many answers can be used, how many claims pass the checks, how many are right.

    uv run benchmarks/llm_reader.py --model MODEL [--endpoint URL] [--windows 24] [--seed 0]

Draws windows (the sentences of one question) that hold annotated sentences of CYTO_GOLD/dev2 (default ../shared/gold), puts them to the
model as `mine-descriptions --extractor llm` does, and scores what comes back on the annotated sentences of those windows alone. Strict:
region, layer, attribute, value and polarity, each folded as the gold set's score.py folds them. The claims that the
rules read off the same sentences are scored for comparison. Intervals: 95% bootstrap over sentences.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from mining_gold import Finder, Sentence, gold_sentences, key_of, load_scorer, print_strict

from cytoscribe.core.records import Claim
from cytoscribe.literature_mining.claims.document import DocumentReader
from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.claims.llm.checks import AnswerChecker
from cytoscribe.literature_mining.claims.llm.question import question_of
from cytoscribe.literature_mining.claims.llm.vocabulary import load_vocabulary
from cytoscribe.literature_mining.claims.llm.windows import Source, windows_of
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.model_reader import PlacedWindow, record
from cytoscribe.literature_mining.papers.open import read_document
from cytoscribe.literature_mining.regions.table import read_regions
from cytoscribe.llm.base import Completion, LanguageModel
from cytoscribe.llm.models import BackendSettings, open_model
from cytoscribe.llm.server import ServerSettings


def main() -> int:
    """Draw, ask, check, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="", help="a .gguf file, a folder, or a name on the server")
    parser.add_argument("--endpoint", default="", help="base URL of a server; off by default")
    parser.add_argument("--windows", type=int, default=24, help="questions to ask (default 24)")
    parser.add_argument("--batch-size", type=int, default=4, help="questions at once in transformers (default 4)")
    parser.add_argument("--timeout", type=float, default=900, help="seconds a request may take (default 900)")
    parser.add_argument(
        "--seconds", type=float, default=0, help="end after this many seconds and score what was answered; 0: no limit"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draw (default 0)")
    arguments = parser.parse_args()
    gold = Path(os.environ.get("CYTO_GOLD", "../shared/gold"))
    if not (gold / "dev2").is_dir():
        print(f"no gold claims at {gold} (set CYTO_GOLD)", file=sys.stderr)
        return 2
    scorer = load_scorer(gold / "score.py")
    units = gold_sentences(scorer, gold / "dev2", gold / "dev2" / "texts")
    canon = scorer.aliases(str(gold / "dev2" / "regions.csv"))
    find = Finder(scorer, units, gold / "dev2" / "texts", canon)
    readers = {p.name: _reader(p, gold / "dev2") for p in sorted((gold / "dev2" / "texts").glob("*.md"))}
    windows = [w for name, reader in readers.items() for w in _windows(name, reader, find)]
    drawn = random.Random(arguments.seed).sample(windows, min(arguments.windows, len(windows)))
    server = ServerSettings(arguments.endpoint, concurrency=1, timeout_s=arguments.timeout) if arguments.endpoint else None
    model = open_model(arguments.model, BackendSettings(server=server, engine="transformers", batch_size=arguments.batch_size))
    found, answered = _ask(model, drawn, readers, arguments.seconds)
    model.close()
    sentences = [units[u] for w in answered for u in dict.fromkeys(_units(w, find))]
    _score("rules", [c for r in readers.values() for c in r.read().claims], sentences, find, scorer, canon)
    _score(model.name, found, sentences, find, scorer, canon)
    return 0


def _reader(path: Path, folder: Path) -> DocumentReader:
    table = read_regions(folder / "regions_by_doc" / f"{path.stem}.csv", drop_shared=True)
    return DocumentReader(read_document(path), ClaimReader(table, load_lexicon()))


def _windows(name: str, reader: DocumentReader, find: Finder) -> Iterator[PlacedWindow]:
    document = reader.document
    windows, _ = windows_of(document, reader.regions_in, load_vocabulary(load_lexicon()))
    for window in windows:
        placed = PlacedWindow(Source(document.name, document.doi, document.trust), window, (("", ""),) * len(window.targets))
        if any(_units(placed, find)):
            yield placed


def _units(placed: PlacedWindow, find: Finder) -> list[tuple[Any, ...]]:
    """The annotated sentences among those of the window."""
    blank = Claim("", "", placed.source.document, "", None, "", 0, 0, "", "", "", "", True, (), 1.0)
    units = [find(replace(blank, sentence=t.text, page=t.page)) for t in placed.window.targets]
    return [u for u in units if u is not None]


def _ask(
    model: LanguageModel, drawn: Sequence[PlacedWindow], readers: Mapping[str, DocumentReader], limit: float
) -> tuple[list[Claim], list[PlacedWindow]]:
    """Put the questions; print what became of the answers. Returns the claims and the windows that were answered."""
    vocabulary = load_vocabulary(load_lexicon())
    questions = {question_of(w.window, vocabulary, model.name).key: w for w in drawn}
    asked = [question_of(w.window, vocabulary, model.name) for w in drawn]
    faults: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    claims: dict[str, Claim] = {}
    answered: list[PlacedWindow] = []
    listed, started = 0, time.perf_counter()
    for completion in model.complete(asked):
        assert isinstance(completion, Completion)
        placed = questions[completion.key]
        answered.append(placed)
        answer = AnswerChecker(readers[placed.source.document].table, vocabulary).check(placed.window, completion)
        faults[answer.fault.split(":")[0] or "usable"] += 1
        refused.update(answer.refused)
        listed += len(answer.claims) + len(answer.refused)
        for number, one in answer.claims:
            made = record(placed.source, placed.window.targets[number], one)
            claims.setdefault(made.claim_id, made)
        print(f"  {completion.seconds:6.1f} s {answer.fault or f'{len(answer.claims)} claims kept'}", file=sys.stderr, flush=True)
        if limit and time.perf_counter() - started > limit:
            break
    seconds = time.perf_counter() - started
    print(f"{model.name}: {len(answered)} questions in {seconds:.0f} s; answers: {dict(faults.most_common())}")
    print(f"  claims listed {listed}, passed the checks {len(claims)}, refused by field: {dict(refused.most_common())}")
    return list(claims.values()), answered


def _score(
    name: str, claims: Sequence[Claim], sentences: Sequence[Sentence], find: Finder, scorer: ModuleType, canon: Callable[[str], str]
) -> None:
    mine = {id(s): Sentence(s.document, s.rows, s.gold, set(), s.compared) for s in sentences}
    for claim in claims:
        unit = find(claim)
        sentence = mine.get(id(find.units[unit])) if unit is not None else None
        if sentence is not None and sentence.counts(key := key_of(scorer, canon, claim)):
            sentence.mined.add(key)
    print_strict(name, list(mine.values()))


if __name__ == "__main__":
    sys.exit(main())
