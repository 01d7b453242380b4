"""Words for the slots: traits with their forms, layers in several notations, regions of several tables."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from cytoscribe.core.records import Region
from cytoscribe.literature_mining.regions.table import RegionTable

WORDS = Path(__file__).with_name("words.toml")
MAIN = ("I", "II", "III", "IV", "V", "VI")
SUBLAYERS = ("IIIa", "IIIb", "IIIc", "Va", "Vb", "VIa", "VIb")
_ORDINAL: dict[str, str] = dict(zip(MAIN, ("first", "second", "third", "fourth", "fifth", "sixth"), strict=True))
_ORDINAL_ROMAN: dict[str, str] = dict(zip(MAIN, ("Ist", "IInd", "IIIrd", "IVth", "Vth", "VIth"), strict=True))
_NAMED = {
    "I": "molecular layer",
    "II": "external granular layer",
    "III": "external pyramidal layer",
    "IV": "internal granular layer",
    "V": "internal pyramidal layer",
    "VI": "multiform layer",
}
_ARABIC: dict[str, str] = {name: str(at) for at, name in enumerate(MAIN, 1)}
STRATA = ("pyramidal layer", "molecular layer", "polymorphic layer", "granular layer")
STYLES = ("layer",) * 13 + ("lamina", "arabic", "arabic", "ordinal", "roman ordinal", "named", "named with number", "glued")
"""How one sentence names its layers; plain numerals are the most common."""


@dataclass(frozen=True)
class Trait:
    """One value of one attribute with the word forms that say it."""

    attribute: str
    value: str
    opposite: str = ""
    forms: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False, compare=False)


@dataclass(frozen=True)
class Family:
    """Regions that one paper would speak of, and areas of the same look that its table lacks.

    `named`: other names of a region, with their article. `bare`: a code may stand without "area". `groups`: parents with children.
    """

    tissue: str
    codes: tuple[str, ...]
    named: dict[str, tuple[str, ...]]
    bare: bool
    strangers: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]
    table: RegionTable


@dataclass(frozen=True)
class Words:
    """Everything that fills slots. `pools` lists the traits that a slot may draw, `strangers` the subjects that no table lists."""

    traits: dict[str, Trait]
    pools: dict[str, tuple[Trait, ...]]
    nouns: dict[str, tuple[str, ...]]
    families: tuple[Family, ...]
    strangers: dict[str, tuple[str, ...]]


@cache
def load_words(path: Path = WORDS) -> Words:
    """The words of a file."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    traits = [_trait(t) for t in raw["trait"]]
    by_value = {t.value: t for t in traits}
    return Words(
        {f"{t.attribute}={t.value}": t for t in traits},
        {name: tuple(by_value[v] for v in values) for name, values in raw["pools"].items()},
        {name: tuple(words) for name, words in raw["nouns"].items()},
        tuple(_family(f) for f in raw["family"]),
        {name: tuple(words) for name, words in raw["strangers"].items()},
    )


def _trait(raw: dict) -> Trait:
    attribute, _, value = raw["is"].partition(" = ")
    return Trait(attribute, value, raw.get("opposite", ""), {k: tuple(v) for k, v in raw.items() if isinstance(v, list)})


def _family(raw: dict) -> Family:
    named = {code: tuple(names) for code, names in raw.get("named", {}).items()}
    tissue, groups = raw.get("tissue", "cortex"), {parent: tuple(children) for parent, children in raw.get("groups", {}).items()}
    parents = {child: parent for parent, children in groups.items() for child in children}
    table = RegionTable(tuple(Region(c, _aliases(c, tissue, named.get(c, ())), parents.get(c, "")) for c in raw["codes"]))
    return Family(tissue, tuple(raw["codes"]), named, raw.get("bare", True), tuple(raw["strangers"]), groups, table)


def _aliases(code: str, tissue: str, names: tuple[str, ...]) -> tuple[str, ...]:
    area = {"cortex": (f"area {code}",), "hippocampus": (f"field {code}",)}.get(tissue, ())
    return (*area, *(n.removeprefix("the ") for n in names))


def layer_styles(layers: tuple[str, ...]) -> tuple[str, ...]:
    """Styles that can name these layers: sublayers have neither ordinals nor names."""
    return STYLES if all(name in MAIN for name in layers) else STYLES[:-5] + STYLES[-1:]


def layer_words(layer: str, style: str, article: bool, random: Random) -> str:
    """One layer in one style, `article`: where a noun phrase would need "the" it has it."""
    the = "the " if article else ""
    match style:
        case "lamina":
            return f"lamina {layer}"
        case "arabic":
            return f"layer {arabic(layer)}"
        case "ordinal":
            return f"{the}{_ORDINAL[layer]} layer"
        case "roman ordinal":
            return f"{the}{_ORDINAL_ROMAN[layer]} layer"
        case "named":
            return f"{the}{_NAMED[layer]}"
        case "named with number":
            return f"{the}{_NAMED[layer]} ({layer})"
        case "glued":
            return f"L{layer}" if article else f"layer {layer}"
    return f"{random.choice(('layer', 'layer', 'sublayer'))} {layer}" if layer not in MAIN else f"layer {layer}"


def arabic(layer: str) -> str:
    """`IIIc` as `3c`."""
    main = layer.rstrip("abc")
    return _ARABIC[main] + layer[len(main) :]
