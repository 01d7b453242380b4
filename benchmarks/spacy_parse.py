"""What does a dependency parse give where the reader of claims uses its own clause grammar?

    uv run benchmarks/spacy_parse.py [-n 2000] [--weights FOLDER]

A simple reader over spaCy's parse (en_core_web_md, in --weights or CYTO_WEIGHTS/en_core_web_md) and the project's reader read the same
generated sentences (benchmarks/sentences) and the same annotated sentences (CYTO_GOLD, one sentence at a time, with the region of the
annotation as topic where the sentence names none). The parse reader knows the same words: tokens, layers, areas and traits come
from the project; only what belongs to what is read off the tree. Names are one plain word each before the parse, since codes such as
"hOc4d" or "IIIb" break it. Prints precision, recall and F1 of claims with 95% bootstrap intervals (sentences resampled).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import spacy
from mining_gold import load_scorer
from sentences.frames import load_frames
from sentences.generate import generate
from sentences.reading import folded, project_reader
from sentences.words import load_words
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.claims.model import Trait
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.claims.senses import meaning_of
from cytoscribe.literature_mining.claims.tokens import UNKNOWN, Token, tokenize
from cytoscribe.literature_mining.regions.table import RegionTable, read_regions

Said = tuple[str, str, str, str, bool]
"""Region, layer, attribute, value, polarity."""
Reading = tuple[frozenset, frozenset]
"""Claims wanted and claims found of one sentence."""


def main() -> int:
    """Read both ways, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--n", type=int, default=2000, help="generated sentences (default 2000)")
    parser.add_argument("--weights", type=Path, help="folder of the pipeline (default CYTO_WEIGHTS/en_core_web_md)")
    options = parser.parse_args()
    weights = options.weights or Path(os.environ.get("CYTO_WEIGHTS", "weights")) / "en_core_web_md"
    gold = Path(os.environ.get("CYTO_GOLD", "../shared/gold"))
    if not weights.is_dir() or not (gold / "score.py").is_file():
        print(f"no pipeline at {weights} or no gold claims at {gold} (set CYTO_WEIGHTS and CYTO_GOLD)", file=sys.stderr)
        return 2
    nlp = spacy.load(weights, exclude=["ner", "lemmatizer"])
    print("| sentences | reader | precision | recall | F1 |\n|---|---|---|---|---|")
    for name, pairs in (("generated", on_generated(nlp, options.n)), *((s, on_gold(nlp, gold, s)) for s in ("dev", "dev2"))):
        for reader, readings in zip(("own grammar", "dependency parse"), pairs, strict=True):
            print(f"| {name}, {len(readings)} | {reader} | " + " | ".join(figures(readings)) + " |")
    return 0


# ---------------------------------------------------------------- the reader over the parse


class ParseReader:
    """Binds each trait to the nearest noun, layer and area of the dependency tree; negation by a `neg` child."""

    def __init__(self, nlp: Callable[[Doc], Doc], vocabulary: Vocab, table: RegionTable) -> None:
        self.nlp, self.vocabulary, self.lexicon = nlp, vocabulary, load_lexicon()
        self.finder = ClaimReader(table).finder

    def read(self, text: str, topic: str | None = None) -> frozenset[Said]:
        """Claims of one sentence; `topic` where it names no area."""
        tokens = tokenize(text, self.finder.find(text) if self.finder else [], self.lexicon)
        words = [plain(t) for t in tokens]
        tree = self.nlp(Doc(self.vocabulary, words=words))
        found = (claim for i, t in enumerate(tokens) if t.is_("trait") for claim in self._claims(tokens, tree, i, topic))
        return frozenset(found)

    def _claims(self, tokens: Sequence[Token], tree: Doc, at: int, topic: str | None) -> Iterable[Said]:
        bearer = next((i for i in path_of(tree, at) if noun_of(tokens[i])), None)
        if bearer is None:
            return
        noun = noun_of(tokens[bearer])
        more = "more" if any(w.compares for w in tokens[at].words) else ""
        needs = {noun_of(t) for t in tokens} | ({"cells"} if any(t.is_("type") for t in tokens) else set())
        meaning = meaning_of(Trait(tokens[at], tokens[at].start, more), noun, needs, self.lexicon)
        if meaning is None:
            return
        denied = any(
            c.dep_ == "neg" or c.lower_ in ("no", "without")
            for i in (at, bearer)
            for c in (*tree[i].children, *tree[i].head.children)
        )
        layers = self._nearest(tokens, tree, bearer, "layer") or ("all",)
        for region in self._nearest(tokens, tree, bearer, "region") or ((topic,) if topic else ()):
            for layer in layers:
                if region != UNKNOWN:
                    yield region, layer, meaning.attribute, meaning.value, meaning.polarity != denied

    def _nearest(self, tokens: Sequence[Token], tree: Doc, start: int, kind: str) -> tuple[str, ...]:
        """Names of the nearest layer or area: the noun itself, below it, then along its ancestors and their subjects and places."""
        if tokens[start].is_(kind):
            return tokens[start].names
        seen: set[int] = set()
        for ancestor in (tree[start], *tree[start].ancestors):
            for word in sorted(ancestor.subtree, key=lambda w: abs(w.i - start)):
                if word.i not in seen and tokens[word.i].is_(kind) and tokens[word.i].names:
                    return tokens[word.i].names
                seen.add(word.i)
        return ()


def plain(token: Token) -> str:
    """One plain word for each name, so that a code never breaks the parse; several words of the lexicon by their last."""
    if token.is_("region"):
        return "Paris"
    if token.is_("layer"):
        return "layer"
    return token.text.replace(" ", "-") if token.is_("trait") else token.text.split()[-1]


def path_of(tree: Doc, at: int) -> Iterable[int]:
    """Where a trait's noun can be: what it stands before, the subject of its verb, then its ancestors and theirs."""
    for word in (tree[at], *tree[at].ancestors):
        yield from (c.i for c in word.children if c.dep_ in ("nsubj", "nsubjpass"))
        if word.i != at:
            yield word.i


def noun_of(token: Token) -> str:
    """Kind of noun that a trait can be said of, "" where none."""
    return "layer" if token.is_("layer") else "area" if token.is_("region") else "" if token.is_("trait") else token.noun


# ---------------------------------------------------------------- sentences


def on_generated(nlp: Language, n: int) -> tuple[list[Reading], list[Reading]]:
    """Readings of generated sentences by both readers; comparisons' partners are left out of the score."""
    readers = {f.codes: ParseReader(nlp, nlp.vocab, f.table) for f in load_words().families}
    own, parsed, read = [], [], project_reader()
    for sentence in generate(n, 0, load_frames()):
        wanted = bare(sentence.claims)
        own.append((wanted, bare(read(sentence))))
        claims = readers[sentence.binding.family.codes].read(sentence.text, sentence.topic)
        parsed.append((wanted, bare((*c, frozenset()) for c in claims)))
    return own, parsed


def bare(claims: Iterable) -> frozenset:
    """Folded claims without the areas that they compare with."""
    return frozenset(c[:5] for c in folded(claims))


@dataclass(frozen=True)
class GoldReaders:
    """Both readers over the areas of one annotated text."""

    own: ClaimReader
    parse: ParseReader


def on_gold(nlp: Language, gold: Path, name: str) -> tuple[list[Reading], list[Reading]]:
    """Readings of annotated sentences by both readers, each sentence by itself."""
    scorer = load_scorer(gold / "score.py")
    canon = scorer.aliases(str(gold / name / "regions.csv"))
    sentences: dict[tuple[str, str], list[dict]] = {}
    for line in (gold / name / "claims.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        sentences.setdefault((row["doc"], row["sentence"]), []).append(row)
    readers: dict[str, GoldReaders] = {}
    own, parsed = [], []
    for (paper, text), rows in sentences.items():
        file = gold / name / "regions_by_doc" / f"{paper}.csv"
        table = str(file if file.is_file() else gold / name / "regions.csv")
        if table not in readers:
            regions = read_regions(Path(table))
            readers[table] = GoldReaders(ClaimReader(regions), ParseReader(nlp, nlp.vocab, regions))
        stated = [r for r in rows if r["kind"] == "claim"]
        wanted = frozenset(scorer.key(canon(r["region"]), r) for r in stated)
        topic = next((r["region"] for r in stated if r["anaphora"]), None)
        said = ((c.region, c.layer, c.attribute, c.value, c.polarity) for c in readers[table].own.read(text, topic))
        own.append((wanted, keys(scorer, canon, said)))
        parsed.append((wanted, keys(scorer, canon, readers[table].parse.read(text, topic))))
    return own, parsed


def keys(scorer: object, canon: Callable[[str], str], claims: Iterable[Said]) -> frozenset:
    """Claims as the scorer compares them."""
    names = ("layer", "attribute", "value", "polarity")
    return frozenset(scorer.key(canon(c[0]), dict(zip(names, c[1:], strict=True))) for c in claims)  # type: ignore[attr-defined]


# ---------------------------------------------------------------- figures


def figures(readings: Sequence[Reading]) -> list[str]:
    """Precision, recall and F1, each with its 95% bootstrap interval over sentences."""
    counts = np.array([[len(w & f), len(f), len(w)] for w, f in readings])
    random = np.random.default_rng(0)
    draws = np.array([rates(counts[random.integers(0, len(counts), len(counts))].sum(0)) for _ in range(500)])
    low, high = np.nanquantile(draws, [0.025, 0.975], axis=0)
    return [f"{value:.3f} [{a:.3f}, {b:.3f}]" for value, a, b in zip(rates(counts.sum(0)), low, high, strict=True)]


def rates(sums: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall, F1 of (right, found, wanted)."""
    right, found, wanted = (float(x) for x in sums)
    return right / max(found, 1), right / max(wanted, 1), 2 * right / max(found + wanted, 1)


if __name__ == "__main__":
    sys.exit(main())
