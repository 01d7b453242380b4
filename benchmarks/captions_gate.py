"""How well the faithfulness gate tells true captions from corrupted ones.

True captions: written by hand for claim sets of well-known areas (data/gate_captions.json), captions of the template backend for the
same sets, and captions that Qwen2.5-Coder-1.5B-Instruct wrote from mined claims, each read and labelled by hand (data/gate_llm.json).
Corrupted ones: what that model got wrong of its own, and one edit of each true caption: a layer swapped, a value flipped, a negation
dropped, the region swapped, a trait invented. The gate was mended on the "dev" half; the captions of the "test" half were written and
labelled after that, without its verdicts in sight, and have chosen nothing since. Intervals are 95% bootstrap over regions.

    python benchmarks/captions_gate.py [--show 10]
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cytoscribe.captions.backends.template import TemplateBackend
from cytoscribe.captions.gate.region import Gate, GateVerdict
from cytoscribe.captions.plan import Recipe, plan
from cytoscribe.captions.quality.intervals import over_regions
from cytoscribe.captions.units import Unit
from cytoscribe.captions.wording.image_attributes import PhraseBook, Subject
from cytoscribe.captions.wording.scene import Scene
from cytoscribe.core.records import Claim, Region
from cytoscribe.literature_mining.regions.table import RegionTable
from cytoscribe.prompts.loader import load_prompts

DATA = Path(__file__).parent / "data" / "gate_captions.json"
WRITTEN = Path(__file__).parent / "data" / "gate_llm.json"
FLIPS = {
    "densely": "sparsely", "dense": "sparse", "tightly": "loosely", "sparsely": "densely", "sparse": "dense", "low": "high", "high": "low",
    "thin": "broad", "narrow": "wide", "broad": "thin", "wide": "narrow", "thick": "thin", "slim": "thick", "large": "small", "big": "small",
    "small": "large", "giant": "small", "sharp": "blurred", "blurred": "sharp", "clear-cut": "blurred", "prominent": "inconspicuous",
    "conspicuous": "inconspicuous", "inconspicuous": "prominent", "agranular": "granular", "granular": "agranular", "dysgranular": "granular",
    "koniocortex": "allocortex", "lower": "higher", "less": "more", "thinner": "broader", "narrower": "wider", "broader": "thinner",
    "wider": "narrower", "larger": "smaller", "smaller": "larger", "bigger": "smaller", "poorly": "clearly", "clearly": "poorly",
    "columns": "clusters", "columnar": "clustered", "clusters": "columns", "darkly": "palely", "ill": "well", "few": "many",
    "crowded": "sparse", "closely": "loosely", "loosely": "densely", "medium-sized": "large", "gradual": "sharp", "rich": "poor",
}  # fmt: skip
NEGATIONS = (
    (r"\bno (?=Betz|columnar|distinct|increase|layer)", ""), (r"\bnot (?=sharp|found)", ""), (r"\blacks\b", "has"), (r"\bwithout\b", "with"),
    (r"\bWithout\b", "With"), (r"\bNo (?=Betz)", ""), (r"\bhas no\b", "has a"),
)  # fmt: skip
INVENTED = (
    "Layer I holds conspicuous stellate cells.", "The human temporal lobe shows the same.", "Layer {free} is cell dense.",
    "About 40% of the cells are darkly stained.", "It has dense myelinated fibres.", "Spindle cells are found in layer V.",
    "Layer {free} is prominent.", "The area is responsible for movement.", "The cells in layer {free} are arranged in clusters.",
)  # fmt: skip
LAYERS = ("II", "III", "IV", "V", "VI")


@dataclass(frozen=True)
class Case:
    """A caption with its sources; `kind` is "true ..." or the kind of corruption; source: who wrote it, or what it was made from."""

    half: str
    kind: str
    source: str
    region: str
    claims: tuple[Claim, ...]
    text: str

    @property
    def is_true(self) -> bool:
        """Whether its sources bear it out."""
        return self.kind.startswith("true")


def main() -> None:
    """Print acceptance of true captions and rejection of corrupted ones, by kind and half."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", type=int, default=0, help="print this many wrong decisions of the development half")
    arguments = parser.parse_args()
    cases = list(read_cases())
    table = RegionTable(tuple(Region(n) for n in _regions()))
    gate = Gate(table)
    results = [(case, gate.check(case.text, case.region, case.claims)) for case in cases]
    for half in ("dev", "test"):
        print(f"{half} half")
        mine = [(c, v) for c, v in results if c.half == half]
        for kind in dict.fromkeys(c.kind for c, _ in mine):
            _print(kind, [(c, v) for c, v in mine if c.kind == kind])
        for source in dict.fromkeys(c.source for c, _ in mine):
            for name, true in (("kept", True), ("rejected", False)):
                said = f"{'true' if true else 'corrupted'} {source}, {name}"
                _print(said, [(c, v) for c, v in mine if c.source == source and c.is_true == true])
        _print("ALL TRUE, KEPT", [(c, v) for c, v in mine if c.is_true])
        _print("ALL CORRUPTED, REJECTED", [(c, v) for c, v in mine if not c.is_true])
    wrong = [(c, v) for c, v in results if c.half == "dev" and v.faithful != c.is_true]
    for case, verdict in wrong[: arguments.show]:
        print(f"\n{case.kind} | {case.region} | {case.text}\n   {verdict.reasons}")


def _print(name: str, decided: list[tuple[Case, GateVerdict]]) -> None:
    if not decided:
        return
    right = [v.faithful == c.is_true for c, v in decided]
    low, high = over_regions(right, [c.region for c, _ in decided])
    print(f"  {name:38s} {sum(right):4d} of {len(right):4d}  {sum(right) / len(right):.3f} [{low:.3f}, {high:.3f}]")


@lru_cache
def _regions() -> list[str]:
    sets = [*json.loads(DATA.read_text(encoding="utf-8")), *json.loads(WRITTEN.read_text(encoding="utf-8"))]
    return list(dict.fromkeys([s["region"] for s in sets] + [o for s in sets for c in s["claims"] for o in c[4]]))


def read_cases() -> Iterator[Case]:
    """All cases, in a fixed order."""
    yield from _composed()
    yield from _written()


def _composed() -> Iterator[Case]:
    for number, entry in enumerate(json.loads(DATA.read_text(encoding="utf-8"))):
        claims = tuple(_claim(entry["region"], i, row) for i, row in enumerate(entry["claims"]))
        rng = random.Random(number)
        texts = [(t, "by hand") for t in entry["true"]] + [(t, "by template") for t in _template(entry["region"], claims)]
        for text, source in texts:
            yield Case(entry["half"], f"true {source}", source, entry["region"], claims, text)
            for corruption, wrong in _corrupt(text, entry["region"], claims, _regions(), rng):
                yield Case(entry["half"], corruption, source, entry["region"], claims, wrong)


def _written() -> Iterator[Case]:
    source = "by a language model"
    for number, entry in enumerate(json.loads(WRITTEN.read_text(encoding="utf-8"))):
        claims = tuple(_claim(entry["region"], i, row) for i, row in enumerate(entry["claims"]))
        kind = f"true {source}" if entry["true"] else "wrong by a language model's own fault"
        yield Case(entry["half"], kind, source, entry["region"], claims, entry["text"])
        if entry["true"]:
            for corruption, wrong in _corrupt(entry["text"], entry["region"], claims, _regions(), random.Random(number)):
                yield Case(entry["half"], corruption, source, entry["region"], claims, wrong)


def _claim(region: str, number: int, row: list) -> Claim:
    layer, attribute, value, polarity, compared = row
    return Claim(f"{region}-{number}", region, "", "", None, "", 0, 0, "", layer, attribute, value, polarity, tuple(compared), 1.0)


def _template(region: str, claims: tuple[Claim, ...]) -> list[str]:
    scene = Scene({}, Subject(), PhraseBook(Subject(), {}), image=False)
    recipe = Recipe(("textbook", "microscope", "layers", "short", "comparison"), seed=7)
    prompts = load_prompts()
    planned = [plan(Unit(region, region, claims, 4, 4), slot, 0, recipe, scene, prompts, "template", "") for slot in range(4)]
    return [c.text for c in TemplateBackend().complete(planned)]


def _corrupt(
    text: str, region: str, claims: tuple[Claim, ...], regions: list[str], rng: random.Random
) -> Iterator[tuple[str, str]]:
    """Each kind of corruption that applies, once."""
    swapped = _swap_layer(text, claims, rng)
    if swapped != text:
        yield "layer swapped", swapped
    flips = [m for m in re.finditer(r"\b[a-z]+(?:-[a-z]+)?\b", text) if m[0] in FLIPS]
    if flips:
        hit = rng.choice(flips)
        yield "value flipped", text[: hit.start()] + FLIPS[hit[0]] + text[hit.end() :]
    for pattern, instead in NEGATIONS:
        if re.search(pattern, text):
            yield "negation dropped", re.sub(pattern, instead, text, count=1)
            break
    if re.search(rf"(?<!\w){re.escape(region)}(?!\w)", text):
        other = rng.choice([r for r in regions if r != region and region not in r])
        yield "region swapped", re.sub(rf"(?<!\w){re.escape(region)}(?!\w)", other, text)
    held = {p.rstrip("abc") for c in claims for p in c.layer.split("-")}
    free = rng.choice([x for x in LAYERS if x not in held] or ["I"])
    yield "trait invented", f"{text} {rng.choice(INVENTED).format(free=free)}"


def _swap_layer(text: str, claims: tuple[Claim, ...], rng: random.Random) -> str:
    """One layer of the text exchanged for another for which no source states the same."""
    places = list(re.finditer(r"(?<=layer )(VI|IV|V|I{1,3})(?=[a-c]?\b)", text))
    if not places:
        return text
    place = rng.choice(places)
    others = [x for x in LAYERS if x != place[0] and not _states_same(claims, place[0], x)]
    return text[: place.start()] + rng.choice(others) + text[place.end() :] if others else text


def _states_same(claims: tuple[Claim, ...], one: str, other: str) -> bool:
    def traits(layer: str) -> set[tuple[str, str]]:
        return {(c.attribute, c.value) for c in claims if layer in {p.rstrip("abc") for p in c.layer.split("-")}}

    return bool(traits(one) & traits(other))


if __name__ == "__main__":
    main()
