"""Plain English for merged claims: sentences composed from the claims' vocabulary alone, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cytoscribe.core.records import WHOLE

if TYPE_CHECKING:
    from cytoscribe.literature_mining.report.consensus import MergedClaim

_STATES = {
    "cell_density": {
        "high": ("densely packed", "more densely packed"),
        "low": ("sparsely populated", "less densely packed"),
        "medium": ("moderately populated", "moderately populated"),
        "low-medium": ("of low to moderate cell density", "of lower cell density"),
    },
    "layer_thickness": {
        "thin": ("thin", "thinner"),
        "broad": ("broad", "broader"),
        "medium": ("of medium width", "of medium width"),
    },
    "layer_visibility": {
        "absent": ("absent", "absent"),
        "inconspicuous": ("inconspicuous", "less prominent"),
        "visible": ("visible", "better visible"),
        "prominent": ("prominent", "more prominent"),
    },
    "staining": {"dark": ("dark", "darker"), "pale": ("pale", "paler")},
}
"""What a layer (or a region) is: outright, and compared with another region."""
_LARGER = {"small": "smaller", "large": "larger", "giant": "larger", "medium": "medium-sized"}
_SHARPER = {"sharp": "sharper", "blurred": "less sharp"}
_CLEARER = {"clear": "clearer", "poor": "poorer"}
_ARRANGED = {"stripes": "horizontal stripes", "bands": "bands of cells", "rows": "cells in rows", "clustered": "cells in clusters"}


def describe(region: str, merged: Sequence[MergedClaim]) -> str:
    """Sentences about one region, in the order of its merged claims; empty where there are none."""
    sentences: list[str] = []
    for layer in dict.fromkeys(m.layer for m in merged):
        sentences += _layer(region, layer, [m for m in merged if m.layer == layer])
    return " ".join(sentences)


def _layer(region: str, layer: str, merged: Sequence[MergedClaim]) -> list[str]:
    subject = region if layer == WHOLE else f"{name_layer(layer)} of {region}"
    inner = [m for m in merged if m.attribute != "border"]
    states = [_state(m) for m in inner if m.attribute in _STATES and not m.compared_to]
    parts = [f"{_be(layer)} {joined(states)}"] if states else []
    parts += _statements([m for m in inner if m.attribute not in _STATES and not m.compared_to])
    sentences = [_sentence(f"{subject} {joined(parts)}")] if parts else []
    sentences += [_sentence(f"{subject} {_comparison(m)}") for m in inner if m.compared_to]
    return sentences + [_border(region, m) for m in merged if m.attribute == "border"]


def name_layer(layer: str) -> str:
    """A layer as prose names it: `layer IV`, `layers II-III`, `the granular layer`."""
    if layer == "VI-WM":
        return "the border to the white matter"
    if layer[0] in "IV" and layer.replace("-", "").strip("IVabc") == "":
        return f"{'layers' if '-' in layer else 'layer'} {layer}"
    return layer if layer.startswith(("stratum", "lamina", "sublayer")) else f"the {layer}"


def joined(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _be(layer: str) -> str:
    return "are" if layer.endswith("layers") or ("-" in layer and layer[0] in "IV") else "is"


def _state(merged: MergedClaim) -> str:
    phrase = _STATES[merged.attribute].get(merged.value, (merged.value, merged.value))[0]
    return phrase if merged.polarity else f"not {phrase}"


def _statements(merged: Sequence[MergedClaim]) -> list[str]:
    """Predicates; everything that the layer contains goes into one."""
    sizes = {"medium": "medium-sized"}
    held = [m for m in merged if m.attribute in {"cell_size", "cell_type"} and m.polarity]
    others = [_statement(m) for m in merged if m not in held]
    return [f"contains {joined([sizes.get(m.value, m.value) for m in held])} cells", *others] if held else others


def _statement(merged: MergedClaim) -> str:
    """Predicate of an attribute that is not a plain adjective."""
    value, yes = merged.value, merged.polarity
    if merged.attribute in {"cell_size", "cell_type"}:
        return f"{'contains' if yes else 'lacks'} {value if value != 'medium' else 'medium-sized'} cells"
    if merged.attribute == "cortical_type":
        return f"is {'' if yes else 'not '}{with_article(value) if value.endswith('cortex') else value}"
    if merged.attribute == "lamination":
        layered = value in {"poor", "moderate", "clear"}
        noun = f"{with_article(value) if yes else value} lamination"
        return f"{'has' if yes else 'has no'} {noun}" if layered else f"is {'' if yes else 'not '}{value}"
    if merged.attribute == "arrangement":
        return _arranged(value, yes)
    if merged.attribute == "size_gradient":
        return f"has cells whose size {value}" if yes else "shows no gradient of cell size"
    return f"{'shows' if yes else 'does not show'} {merged.attribute.replace('_', ' ')} {value}"


def _arranged(value: str, yes: bool) -> str:
    if value == "interrupted":
        return f"is {'' if yes else 'not '}interrupted"
    if value in _ARRANGED:
        return f"{'shows' if yes else 'shows no'} {_ARRANGED[value]}"
    return f"shows {with_article(value) if yes else f'no {value}'} arrangement of cells"


def _comparison(merged: MergedClaim) -> str:
    others, yes, value = joined(list(merged.compared_to)), merged.polarity, merged.value
    if merged.attribute in _STATES:
        word = _STATES[merged.attribute].get(value, (value, f"more {value}"))[1]
        return f"{_be(merged.layer)} {'' if yes else 'not '}{word} than in {others}"
    if merged.attribute == "cell_size":
        if not yes:
            return f"lacks the {value} cells of {others}"
        return f"contains {_LARGER.get(value, value)} cells than in {others}"
    if merged.attribute == "lamination" and value in _CLEARER:
        return f"{'has' if yes else 'does not have'} a {_CLEARER[value]} lamination than in {others}"
    if merged.attribute == "arrangement" and yes:
        degree = value if value.startswith("less ") else f"more clearly {value}"
        return f"shows a {degree} arrangement of cells than in {others}"
    return f"{_statement(merged)}, unlike {others}"


def _border(region: str, merged: MergedClaim) -> str:
    one, many = "is", "are"
    if merged.layer == WHOLE:
        subject, verb = f"the borders between the layers of {region}", many
    elif merged.layer == "VI-WM":
        subject, verb = f"the border of {region} to the white matter", one
    elif "-" in merged.layer:
        upper, lower = merged.layer.split("-", 1)
        subject, verb = f"the border between layers {upper} and {lower} of {region}", one
    else:
        subject, verb = f"the border of {name_layer(merged.layer)} of {region}", one
    word = _SHARPER.get(merged.value, merged.value) if merged.compared_to else merged.value
    than = f" than in {joined(list(merged.compared_to))}" if merged.compared_to else ""
    return _sentence(f"{subject} {verb} {'' if merged.polarity else 'not '}{word}{than}")


def with_article(words: str) -> str:
    """`a clear`, `an agranular`."""
    return f"{'an' if words[:1].lower() in 'aeiou' else 'a'} {words}"


def _sentence(text: str) -> str:
    """A full stop, and a capital unless the sentence begins with a region's own name."""
    ours = text.startswith(("layer", "the ", "stratum", "lamina", "sublayer"))
    return f"{text[0].upper() if ours else text[0]}{text[1:]}."
