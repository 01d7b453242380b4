"""The faithfulness gate: everything that can be read out of a caption must be among its source claims, or the caption falls."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from captions.gate.partners import find_partners, is_measure, mismeasured, sentence_at
from captions.gate.places import compatible, misplaced, named_layers, place_name, segment_has_layer
from captions.gate.readback import Reading, caption_lexicon, find_layers, read_words
from cytoscribe.records import WHOLE, Claim
from literature_mining.regions.table import RegionTable

if TYPE_CHECKING:
    from literature_mining.claims.rules import FoundClaim


@dataclass(frozen=True)
class Verdict:
    """supported: ids of the source claims that were read back; score: supported statements over all that were read, 1.0 for none
    read; reasons: why the caption is refused, empty where it is faithful."""

    supported: tuple[str, ...]
    score: float
    reasons: tuple[str, ...]

    @property
    def faithful(self) -> bool:
        return not self.reasons


@lru_cache
def rules() -> Mapping[str, Any]:
    """The gate's data file."""
    return json.loads((files("captions") / "data" / "gate.json").read_text(encoding="utf-8"))


class Gate:
    """Reads captions of regions back. table: names of all regions, so that a foreign name is noticed."""

    def __init__(self, table: RegionTable) -> None:
        from literature_mining.claims.rules import RuleExtractor

        self.table = table
        self.extractor = RuleExtractor(table, caption_lexicon())

    def check(self, text: str, region: str, sources: Sequence[Claim]) -> Verdict:
        """The verdict on a caption of `region` that may state `sources` and nothing else."""
        plain = _without_neutral(text)
        reasons = [*self._names(text, region, sources), *_inventions(text, region, self.table, sources), *_layers(plain, sources)]
        anonymous = _without_names(plain, [region, *(o for c in sources for o in c.compared_to)], self.table)
        words = read_words(anonymous, named_layers(sources))
        readings = [r for r in words if not _asked(anonymous, r.start)]
        found = [f for f in self.extractor.read(plain, topic=region) if not _asked(anonymous, f.start)]
        supported: dict[str, None] = {}
        faults = []
        partners = find_partners(plain, {o: _names_of([o], self.table) for c in sources for o in c.compared_to})
        for reading in readings:
            claims, fault = _judge(reading, anonymous, plain, readings, sources, found)
            fault = fault or misplaced(reading, anonymous, claims) or mismeasured(reading, anonymous, readings, claims, partners)
            if fault:
                faults.append(fault)
            else:
                supported.update(dict.fromkeys(c.claim_id for c in claims))
        supported.update(dict.fromkeys(c.claim_id for c in _gone(anonymous, sources)))
        faults += _absences(anonymous, sources)
        faults += _questions(anonymous, words, sources)
        faults += _unread(found, readings, plain, region, sources)
        total = len(readings) or 1
        if not readings and not found and not reasons:
            faults.append("states none of its facts")
        score = max(0.0, 1 - len({*faults, *reasons}) / max(total, len(faults) + len(reasons)))
        return Verdict(tuple(supported), round(score, 3), tuple(dict.fromkeys([*reasons, *faults])))

    def _names(self, text: str, region: str, sources: Sequence[Claim]) -> list[str]:
        """Names of regions that the sources do not hold, and a comparison the wrong way round."""
        allowed = {region, *(o for c in sources for o in c.compared_to)}
        allowed |= {n.name for n in (self.table.find(a) for a in allowed) if n}
        mentions = self.extractor.finder.find(text) if self.extractor.finder else []
        reasons = []
        for mention in mentions:
            names = set(mention.regions)
            if names and not names & allowed:
                reasons.append(f"names {text[mention.start : mention.end]}, which its sources do not")
            if names == {region} and is_measure(text, mention.start) and any(c.compared_to for c in sources):
                reasons.append("compares the wrong way round")
        for other in dict.fromkeys(o for c in sources for o in c.compared_to):
            places = re.finditer(rf"(?<!\w){re.escape(other)}(?!\w)", text)
            if any(_is_subject(text, m.start(), m.end(), region) or _stands_alone(text, m.start(), region) for m in places):
                reasons.append(f"says of {other} what its sources say of {region}")
        return reasons


_SUBJECT = re.compile(r"\s+(?:has|have|shows|show|is|contains|displays|holds|exhibits|features|with|differs|lacks)\b", re.I)


def _is_subject(text: str, start: int, end: int, region: str) -> bool:
    """A region of comparison that governs a verb in a sentence which does not name the caption's own region."""
    opening = max(text.rfind(mark, 0, start) for mark in ".;?!") + 1
    closing = min((i for i in (text.find(mark, end) for mark in ".;?!") if i >= 0), default=len(text))
    own = re.search(rf"(?<!\w){re.escape(region)}(?!\w)", text[opening:closing])
    return own is None and bool(_SUBJECT.match(text[end:])) and not is_measure(text, start)


def _stands_alone(text: str, start: int, region: str) -> bool:
    """A region of comparison in a caption that states nothing of its own by name, at a place that measures nothing."""
    own = any(not _asked(text, m.start()) for m in re.finditer(rf"(?<!\w){re.escape(region)}(?!\w)", text))
    return not own and not is_measure(text, start) and not re.search(r"\b(?:or|and)\s+(?:the )?(?:area )?$", text[:start], re.I)


def _without_neutral(text: str) -> str:
    """The text with turns of phrase that claim nothing blanked out, so that offsets stay."""
    return _neutral_phrases().sub(lambda m: " " * len(m[0]), text)


def _asked(text: str, at: int) -> bool:
    """True inside a question, which states nothing."""
    end = min((i for i in (text.find(mark, at) for mark in ".?!") if i >= 0), default=-1)
    return end >= 0 and text[end] == "?"


def _names_of(regions: Sequence[str], table: RegionTable) -> list[str]:
    rows = [table.find(r) for r in regions]
    names = [*regions, *(n for row in rows if row for n in row.names)]
    return sorted(dict.fromkeys(names), key=len, reverse=True)


def _without_names(text: str, regions: Sequence[str], table: RegionTable) -> str:
    """The text with these regions' names blanked out, offsets kept: words inside a name claim nothing."""
    return _any_of(tuple(_names_of(regions, table))).sub(lambda m: "X" + " " * (len(m[0]) - 1), text)


@lru_cache(maxsize=512)
def _any_of(names: tuple[str, ...]) -> re.Pattern[str]:
    forms = (re.escape(n) if len(n) > 3 else f"(?-i:{re.escape(n)})" for n in names)
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)", re.I)


@lru_cache
def _invented_words() -> tuple[re.Pattern[str], Mapping[str, str]]:
    kinds = {w: kind for kind, words in rules()["invented"].items() for w in words}
    return re.compile(rf"\b(?:{'|'.join(sorted(kinds, key=len, reverse=True))})\b", re.I), kinds


@lru_cache
def _neutral_phrases() -> re.Pattern[str]:
    phrases = sorted(rules()["neutral"], key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(re.escape(p) for p in phrases)})\b", re.I)


def _inventions(text: str, region: str, table: RegionTable, sources: Sequence[Claim]) -> list[str]:
    regions = [region, *(o for c in sources for o in c.compared_to)]
    held = " ".join([*_names_of(regions, table), *(f"{c.layer} {c.value}" for c in sources)]).lower()
    bare = _without_names(text, regions, table)
    reasons = []
    pattern, kinds = _invented_words()
    for match in pattern.finditer(bare):
        word = match[0].lower()
        if not re.search(rf"\b{word}\b", held):
            reasons.append(f"speaks of {word} ({kinds[word]}), which its sources do not")
    for match in re.finditer(r"(?<![\w.-])\d+(?:[.,]\d+)?\s*(?:%|µm|um|mm|percent)?", bare):
        if not re.search(r"(?:layers?|laminae?|sublayers?|and|to|,|-)\s*$", bare[: match.start()], re.I):
            reasons.append(f"gives the number {match[0].strip()}, which its sources do not")
    return reasons[:3]


def _layers(text: str, sources: Sequence[Claim]) -> list[str]:
    held = [c.layer for c in sources]
    reasons = []
    if stray := re.search(rules()["strays"], text, re.I):
        reasons.append(f"says '{stray[0].strip()}', which its sources do not")
    if re.search(r"\bthan\s+(?:in\s+|that\s+(?:in|of)\s+|those\s+(?:in|of)\s+|the\s+)*(?:sub)?layers?\b", text, re.I):
        reasons.append("compares layers with each other, which its sources do not")
    single = [x.replace("+", "-") if x.count("+") == 1 else x for x in (f.name for f in find_layers(text, named_layers(sources)))]
    for name in (n for x in single for n in x.split("+")):
        parts = [name, *name.split("-")]
        if not any(compatible(name, h) for h in held) and (
            "WM" in parts[1:] or not all(any(compatible(p, part) for h in held for part in h.split("-")) for p in parts[1:])
        ):
            reasons.append(f"speaks of layer {name}, which its sources do not")
    return reasons


_GONE = re.compile(r"\b(?:no|lacks?|without|lacking|(?:absence|devoid|free) of)\s+(?:visible\s+|distinct\s+|an?\s+)?$", re.I)


def _gone(text: str, sources: Sequence[Claim]) -> list[Claim]:
    """Claims of missing layers that the caption states ("lacks layer IV", "devoid of layer IV")."""
    gone = [x.name for x in find_layers(text, named_layers(sources)) if _GONE.search(text[: x.start])]
    return [c for c in sources if _states_absence(c) and any(compatible(name, c.layer) for name in gone)]


def _states_absence(claim: Claim) -> bool:
    """Absent, or not visible; a layer that is not prominent is there."""
    told = (claim.value, claim.polarity) in {("absent", True), ("visible", False)}
    return claim.attribute == "layer_visibility" and not claim.compared_to and told


def _absences(text: str, sources: Sequence[Claim]) -> list[str]:
    """A layer that is absent must be called absent, and a layer is called absent only where a source says so."""
    absent = [c.layer for c in sources if _states_absence(c)]
    other = [c.layer for c in sources if c.attribute != "layer_visibility" or c.layer not in absent]
    faults = []
    for layer in find_layers(text, named_layers(sources)):
        start = max(text.rfind(mark, 0, layer.start) for mark in ".;?!") + 1
        end = min((i for i in (text.find(mark, layer.end) for mark in ".;?!") if i >= 0), default=len(text))
        gone = bool(_GONE.search(text[: layer.start]))
        denied = gone or re.search(rules()["denials"], text[start:end], re.I)
        if layer.name in absent and layer.name not in other and not denied:
            faults.append(f"speaks of layer {layer.name} as present, where its sources say that it is not")
        if gone and not any(compatible(layer.name, a) for a in absent):
            faults.append(f"says that layer {layer.name} is absent, which its sources do not")
    return faults


def _judge(
    reading: Reading, anonymous: str, text: str, readings: Sequence[Reading], sources: Sequence[Claim], found: Sequence[FoundClaim]
) -> tuple[list[Claim], str]:
    """(the sources that the word states, "" or what is wrong with it)."""
    said = text[reading.start : reading.end]
    sense = [c for c in sources if _says(reading, c)]
    place = _placed(reading.layer, sense, sources)
    if not place and not segment_has_layer(text, reading):
        place = [c for c in sense if c.layer == WHOLE]
    if not place and not re.match(r"\s+(?:sub)?layer", text[reading.end :]):
        place = [c for c in sense if c.layer == WHOLE and c.attribute in ("cortical_type", "lamination")]
    if not place and reading.stated and _is_faint(reading, sources):
        return [], ""
    if not place and sense:
        confirmed = [
            c
            for c in sense
            for f in found
            if not reading.sure
            and c.attribute != "border"
            and _backs(f, reading, text)
            and _equal(f, c)
            and _fits(f.layer, c, sources)
        ]
        if not confirmed:
            return [], f"says '{said}' of {place_name(reading.layer)}, where its sources do not"
        place = confirmed
    if not place:
        spoken = {a for a, _ in reading.senses}
        confirmed = [
            c
            for c in sources
            for f in found
            if f.attribute in spoken and _backs(f, reading, text) and _equal(f, c) and _fits(f.layer, c, sources)
        ]
        if confirmed:
            return confirmed, ""
        denial = "" if reading.stated else "not "
        return [], f"says '{denial}{said}', which its sources do not"
    if not reading.compares and not any(c.compared_to for c in place) and _in_comparison(anonymous, reading, readings):
        return [], f"states '{said}' as a comparison"
    compared = [c for c in place if bool(c.compared_to) == reading.compares]
    if not compared:
        wrong = "drops the comparison of" if place[0].compared_to else "invents a comparison for"
        return [], f"{wrong} '{said}'"
    return compared, ""


def _questions(text: str, words: Sequence[Reading], sources: Sequence[Claim]) -> list[str]:
    """A question after a trait of which no source speaks, and so nothing can answer it."""
    held = {c.attribute for c in sources}
    asked = [r for r in words if _asked(text, r.start) and not held & {a for a, _ in r.senses}]
    faults = [f"asks '{text[r.start : r.end]}', of which its sources do not speak" for r in asked]
    for noun, attributes in rules()["asks"].items():
        for match in re.finditer(rf"\b(?:{noun})\b", text, re.I):
            if _asked(text, match.start()) and not held & set(attributes):
                faults.append(f"asks for the {match[0]}, of which its sources do not speak")
    return faults[:1]


def _placed(layer: str, sense: Sequence[Claim], sources: Sequence[Claim]) -> list[Claim]:
    """Claims that hold at the layer; at every one of "III+V", or at a border named by its two layers."""
    if not layer:
        return list(sense)
    parts = layer.split("+")
    borders = [c for c in sense if c.attribute == "border" and _fits(layer.replace("+", "-"), c, sources)]
    held = [[c for c in sense if _fits(part, c, sources)] for part in parts]
    return borders or ([c for part in held for c in part] if all(held) else [])


def _fits(layer: str, claim: Claim, sources: Sequence[Claim]) -> bool:
    """Whether a statement about `layer` can rest on the claim: a part of it or the whole, unless a source speaks of just that layer."""
    if layer == claim.layer:
        return True
    if claim.attribute == "border" and "-" in layer and "-" in claim.layer:
        ends = zip(layer.split("-", 1), claim.layer.split("-", 1), strict=True)  # "IIIc-IV" may stand for "III-IV", "II-IV" may not
        return all(one == other or compatible(one, other) for one, other in ends)
    exact = any(c.layer == layer and c.attribute == claim.attribute and c.compared_to == claim.compared_to for c in sources)
    return compatible(layer, claim.layer) and not exact


def _is_faint(reading: Reading, sources: Sequence[Claim]) -> bool:
    """ "Present", "visible", "recognised": no claim of its own, unless a source says that the layer is not there."""
    if ("layer_visibility", "visible") not in reading.senses or reading.compares:
        return False
    return not any(
        c.attribute == "layer_visibility" and (c.value in ("absent", "inconspicuous") or not c.polarity)
        for c in sources
        if not reading.layer or compatible(reading.layer, c.layer)
    )


def _in_comparison(text: str, reading: Reading, readings: Sequence[Reading]) -> bool:
    """Whether "compared with", "in contrast to" speaks of this word: it opens the sentence, or no other describing word stands
    between the two ("a prominent layer V and a higher density compared with X" compares the density alone)."""
    start, end = sentence_at(text, reading.start)
    for mark in re.finditer(rules()["compares"], text[start:end], re.I):
        before = [r for r in readings if start <= r.start < start + mark.start()]
        if not before or before[-1] is reading or not before[-1].compares:
            return True
    return False


def bears_out(claim: Claim, attribute: str, value: str, stated: bool) -> bool:
    """Whether the claim's attribute, value and polarity bear out that the value is stated, or denied; synonyms of denied values
    count, and weaker values. Its layer and its comparison are not looked at."""
    if attribute != claim.attribute:
        return False
    same, weaker = rules()["same"], rules()["weaker"]
    if value in {claim.value, *weaker.get(attribute, {}).get(claim.value, [])} and stated == claim.polarity:
        return True
    return same.get(attribute, {}).get(claim.value) == value and stated != claim.polarity


def _says(reading: Reading, claim: Claim) -> bool:
    """Whether the word, with its denial, can state the claim."""
    return any(bears_out(claim, attribute, value, reading.stated) for attribute, value in reading.senses)


def _overlaps(found: FoundClaim, reading: Reading) -> bool:
    return found.start < reading.end and reading.start < found.end


_NO_SUBJECT = re.compile(r"\b(?:no|neither|none of the)\s+(?:[\w-]+\s+){1,3}(?:is|are)\s+(?:an?\s+)?$", re.I)


def _backs(found: FoundClaim, reading: Reading, text: str) -> bool:
    """Whether the extractor read the same words, and their sentence does not deny them by its subject ("no cortex is agranular")."""
    return _overlaps(found, reading) and not _NO_SUBJECT.search(text[: reading.start])


def _equal(found: FoundClaim, claim: Claim) -> bool:
    if found.attribute != claim.attribute or not compatible(found.layer, claim.layer):
        return False
    if found.value == claim.value and found.polarity == claim.polarity:
        return True
    return rules()["same"].get(claim.attribute, {}).get(claim.value) == found.value and found.polarity != claim.polarity


def _unread(
    found: Sequence[FoundClaim], readings: Sequence[Reading], text: str, region: str, sources: Sequence[Claim]
) -> list[str]:
    """What the extractor reads where the word reader saw nothing (a missing layer, a gradient)."""
    faults = []
    for claim in found:
        if any(_overlaps(claim, r) for r in readings) or any(_equal(claim, c) for c in sources):
            continue
        if not any(c.attribute == claim.attribute and c.value == claim.value for c in sources):
            faults.append(f"says '{text[claim.start : claim.end]}', which its sources do not")
    return faults
