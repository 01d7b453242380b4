"""Does the reader find exactly the claims of sentences whose claims are known by construction?

    uv run benchmarks/generated_sentences.py [-n 10000] [--seed 0] [--relations 2000] [--show] [--tag TAG]

Fills the frames of benchmarks/sentences and reads them. Prints the share of sentences read exactly (every region, layer, attribute,
value, polarity and comparison, and nothing else) on open frames and on the third that is kept aside, precision and recall of claims,
and the share of metamorphic relations that hold, each with n and its 95% Wilson interval; then the frames read worst. Sentences come
from few frames, so the intervals say how sure the figure is for these frames, not for others.
"""

from __future__ import annotations

import argparse
import collections
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from reading_gold import interval
from sentences.frames import load_frames
from sentences.generate import Sentence, generate
from sentences.reading import Reader, folded, project_reader
from sentences.relations import RELATIONS, Changed


@dataclass(frozen=True)
class Judged:
    """A sentence with its claims and what was read, both folded."""

    sentence: Sentence
    wanted: frozenset
    found: frozenset

    @property
    def exact(self) -> bool:
        return self.wanted == self.found


def main() -> int:
    """Generate, read, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--n", type=int, default=10_000, help="sentences (default 10000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the drawing (default 0)")
    parser.add_argument("--relations", type=int, default=2_000, help="sentences that the relations are tried on (default 2000)")
    parser.add_argument("--show", action="store_true", help="print the 20 open frames read worst, each with an example")
    parser.add_argument("--tag", help="only frames of this kind")
    arguments = parser.parse_args()
    frames = [f for f in load_frames() if arguments.tag in (None, f.tag)]
    begun = time.perf_counter()
    sentences = list(generate(arguments.n, arguments.seed, frames))
    made = time.perf_counter() - begun
    reader = project_reader()
    judged = [Judged(s, folded(s.claims), folded(reader(s))) for s in sentences]
    spent = time.perf_counter() - begun - made
    print(f"{len(frames)} frames ({sum(f.held_out for f in frames)} kept aside), {len(sentences)} sentences,")
    print(f"made at {len(sentences) / made:.0f} a second, read at {len(sentences) / spent:.0f} a second\n")
    report_exact(judged)
    report_relations(judged[: arguments.relations], reader, Random(arguments.seed))
    report_tags(judged)
    if arguments.show:
        show_worst(judged)
    return 0


def report_exact(judged: Sequence[Judged]) -> None:
    """Exact sentences, precision and recall, for open frames and those kept aside."""
    print("| frames | sentences read exactly | precision of claims | recall of claims |\n|---|---|---|---|")
    for name, held_out in (("open", False), ("kept aside", True)):
        kept = [j for j in judged if j.sentence.frame.held_out == held_out]
        right = sum(len(j.wanted & j.found) for j in kept)
        shares = (
            (sum(j.exact for j in kept), len(kept)),
            (right, sum(len(j.found) for j in kept)),
            (right, sum(len(j.wanted) for j in kept)),
        )
        print(f"| {name} | {' | '.join(told(*share) for share in shares)} |")


def report_relations(judged: Sequence[Judged], reader: Reader, random: Random) -> None:
    """The share of relations that hold, among sentences in which something was read before or after the change."""
    print("\n| relation | holds |\n|---|---|")
    total = [0, 0]
    for name, relation in RELATIONS.items():
        pairs = (relation(j.sentence, random) for j in judged if j.sentence.claims)
        held = [holds(pair, reader) for pair in pairs if pair]
        counted = [h for h in held if h is not None]
        total = [total[0] + sum(counted), total[1] + len(counted)]
        print(f"| {name} | {told(sum(counted), len(counted))} |")
    print(f"| all | {told(*total)} |")


def holds(pair: Changed, reader: Reader) -> bool | None:
    """True where the two readings are related as they must be; None where both readings are empty, which says nothing."""
    before, after = reader(pair.before), reader(pair.after)
    if not before and not after:
        return None
    wanted = folded(pair.expected(before))
    return wanted == frozenset(c for c in folded(after) if c[1] not in pair.added or c in wanted)


def report_tags(judged: Sequence[Judged]) -> None:
    """Exact sentences by kind of construction."""
    print("\n| kind | open frames | kept aside |\n|---|---|---|")
    for tag in dict.fromkeys(j.sentence.frame.tag for j in judged):
        cells = []
        for held_out in (False, True):
            kept = [j.exact for j in judged if j.sentence.frame.tag == tag and j.sentence.frame.held_out == held_out]
            cells.append(f"{sum(kept)} of {len(kept)}")
        print(f"| {tag} | {' | '.join(cells)} |")


def show_worst(judged: Iterable[Judged], count: int = 20) -> None:
    """The open frames read worst, each with a sentence, the claims missed and those made too much."""
    frames: dict = collections.defaultdict(list)
    for j in judged:
        if not j.sentence.frame.held_out:
            frames[j.sentence.frame].append(j)
    worst = sorted(frames.items(), key=lambda item: sum(j.exact for j in item[1]) / len(item[1]))
    for frame, filled in worst[:count]:
        example = next((j for j in filled if not j.exact), None)
        if example:
            print(f"\n[{frame.tag}] {sum(j.exact for j in filled)} of {len(filled)}: {frame.text}")
            print(f"  {example.sentence.text}" + (f" (context: {example.sentence.topic})" if example.sentence.topic else ""))
            for word, claims in (("missed", example.wanted - example.found), ("too much", example.found - example.wanted)):
                for c in sorted(claims, key=str):
                    print(
                        f"  {word}: {' '.join(c[:4])}{'' if c[4] else ' denied'}{' than ' + ', '.join(sorted(c[5])) if c[5] else ''}"
                    )


def told(hits: int, n: int) -> str:
    """Share with its 95% Wilson interval and n."""
    return f"{interval(hits, n)} (n {n})" if n else "- (n 0)"


if __name__ == "__main__":
    sys.exit(main())
