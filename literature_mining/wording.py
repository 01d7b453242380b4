"""Plain English for merged claims: one sentence a layer, composed from the claims' vocabulary alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cytoscribe.records import WHOLE

if TYPE_CHECKING:
    from literature_mining.consensus import MergedClaim

_PHRASES = {
    "cell_density": {
        "high": "densely packed",
        "low": "sparsely populated",
        "medium": "moderately populated",
        "low-medium": "of low to moderate cell density",
    },
    "layer_thickness": {"thin": "thin", "broad": "broad", "medium": "of medium width"},
    "layer_visibility": {"absent": "absent", "inconspicuous": "inconspicuous", "visible": "visible", "prominent": "prominent"},
    "staining": {"dark": "dark", "pale": "pale"},
}
_COMPARED = {
    "cell_density": {"high": "more densely packed", "low": "less densely packed"},
    "layer_thickness": {"thin": "thinner", "broad": "broader"},
    "layer_visibility": {"inconspicuous": "less prominent", "prominent": "more prominent"},
    "staining": {"dark": "darker", "pale": "paler"},
    "cell_size": {"small": "smaller", "large": "larger", "giant": "much larger"},
    "border": {"sharp": "sharper", "blurred": "less sharp"},
    "lamination": {"clear": "clearer", "poor": "poorer"},
}


def describe(region: str, merged: Sequence[MergedClaim]) -> str:
    """Sentences about one region, in the order of its merged claims; empty where there are none."""
    sentences = []
    for layer in dict.fromkeys(m.layer for m in merged):
        sentences += _layer(region, layer, [m for m in merged if m.layer == layer])
    return " ".join(sentences)


def _layer(region: str, layer: str, merged: Sequence[MergedClaim]) -> list[str]:
    sentences = [_border(region, m) for m in merged if m.attribute == "border"]
    subject = region if layer == WHOLE else name_layer(layer)
    in_region = "" if layer == WHOLE else f" of {region}"
    plain = [m for m in merged if m.attribute != "border" and not m.compared_to]
    compared = [m for m in merged if m.attribute != "border" and m.compared_to]
    adjectives = [_state(m) for m in plain if m.attribute in _PHRASES]
    others = [_statement(m) for m in plain if m.attribute not in _PHRASES]
    parts = []
    if adjectives:
        parts.append(f"{_verb(layer)} {_joined(adjectives)}")
    parts += others
    result = []
    if parts:
        result.append(_sentence(f"{subject}{in_region} {_joined(parts)}"))
    result += [_sentence(f"{subject}{in_region} {_comparison(m)}") for m in compared]
    return result + sentences


def name_layer(layer: str) -> str:
    """A layer as prose names it: `layer IV`, `layers II-III`, `the granular layer`."""
    if layer == "VI-WM":
        return "the border to the white matter"
    if layer[0] in "IV" and layer.replace("-", "").strip("IVabc") == "":
        return f"{'layers' if '-' in layer else 'layer'} {layer}"
    return layer if layer.startswith(("stratum", "lamina", "sublayer")) else f"the {layer}"


def _verb(layer: str) -> str:
    return "are" if layer.startswith(("layers",)) or layer.endswith("layers") or ("-" in layer and layer[0] in "IV") else "is"


def _state(merged: MergedClaim) -> str:
    phrase = _PHRASES[merged.attribute].get(merged.value, merged.value)
    return phrase if merged.polarity else f"not {phrase}"


def _statement(merged: MergedClaim) -> str:
    value, yes = merged.value, merged.polarity
    article = "an" if value[:1] in "aeiou" else "a"
    statements = {
        "cell_size": f"{'contains' if yes else 'lacks'} {value} cells",
        "cell_type": f"{'contains' if yes else 'lacks'} {value} cells",
        "cortical_type": f"is {'' if yes else 'not '}{value if value.endswith(('ar', 'al')) else _noun(value)}",
        "lamination": f"{'has' if yes else 'does not have'} {article} {value} lamination"
        if value in {"poor", "moderate", "clear"}
        else f"is {'' if yes else 'not '}{value}",
        "arrangement": f"{'shows' if yes else 'does not show'} {article} {value} arrangement of cells",
        "size_gradient": f"{'has' if yes else 'does not have'} cells whose size {value}",
    }
    return statements.get(merged.attribute, f"{'shows' if yes else 'does not show'} {merged.attribute.replace('_', ' ')}: {value}")


def _noun(value: str) -> str:
    return f"{'an' if value[:1] in 'aeiou' else 'a'} {value}" if value.endswith("cortex") else value


def _comparison(merged: MergedClaim) -> str:
    than = f"than in {_joined(list(merged.compared_to))}"
    word = _COMPARED.get(merged.attribute, {}).get(merged.value)
    no = "" if merged.polarity else "not "
    if merged.attribute == "cell_size" and word:
        return f"{'contains' if merged.polarity else 'does not contain'} {word} cells {than}"
    if merged.attribute == "lamination" and word:
        return f"{'has' if merged.polarity else 'does not have'} a {word} lamination {than}"
    if word:
        return f"{_verb(merged.layer)} {no}{word} {than}"
    return f"{_statement(merged)}, compared with {_joined(list(merged.compared_to))}"


def _border(region: str, merged: MergedClaim) -> str:
    if merged.layer == WHOLE:
        subject = f"The borders between the layers of {region} are"
    elif merged.layer == "VI-WM":
        subject = f"The border of {region} to the white matter is"
    elif "-" in merged.layer:
        upper, lower = merged.layer.split("-", 1)
        subject = f"The border between layers {upper} and {lower} of {region} is"
    else:
        subject = f"The border of {name_layer(merged.layer)} of {region} is"
    word = _COMPARED["border"].get(merged.value, merged.value) if merged.compared_to else merged.value
    than = f" than in {_joined(list(merged.compared_to))}" if merged.compared_to else ""
    return _sentence(f"{subject} {'' if merged.polarity else 'not '}{word}{than}")


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _sentence(text: str) -> str:
    first = (
        text
        if text[:1].isupper() or not text.startswith(("layer", "the ", "stratum", "lamina", "sublayer"))
        else text[0].upper() + text[1:]
    )
    return f"{first}."
