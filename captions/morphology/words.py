"""Words of numbers: the field's terms for measures, from a file of limits that anybody can edit."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from skimage.filters import threshold_otsu

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json

_UNITS = ("", "_um2", "_px2", "_um", "_px")
_FEWEST = 10
"""Fewer training rows with a number teach no limit."""
_FORM = "write it like captions/data/morphology.json"


@dataclass(frozen=True)
class Bin:
    """One entry of a binning file. Exactly one of limits (numbers), quantiles and valley (learnt) is given; margin: see the file;
    where: words that earlier columns must have for this entry to speak (the colour of granules, where there are granules)."""

    column: str
    measure: str
    values: tuple[str, ...]
    limits: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    valley: bool = False
    margin: float = 0.0
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def applies(self, words: Mapping[str, str | None]) -> bool:
        """Whether this entry may speak of a row with these words."""
        return all(words.get(column) in allowed for column, allowed in self.where)


@dataclass(frozen=True)
class Gap:
    """Values between low and high are too near a limit for a word."""

    low: float
    high: float


@dataclass(frozen=True)
class Worded:
    """columns: in the order of the file; rows: column to word for each row of measures; learnt: the bins with their gaps."""

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    learnt: tuple[tuple[Bin, tuple[Gap, ...]], ...]


def read_bins(profile: str, path: str | Path | None = None) -> tuple[Bin, ...]:
    """The bins of a profile from the file at `path`, else from the one that ships. Raises InputError where an entry is unusable."""
    shipped = Path(str(files("cytoscribe.captions") / "data" / "morphology.json"))
    where = Path(path) if path else shipped
    raw = read_json(where)
    entries = raw.get(profile) if isinstance(raw, dict) else None
    if not isinstance(entries, list) or not entries:
        raise InputError(f"no list of bins for the profile '{profile}'", where=where, fix=_FORM)
    return tuple(_bin(entry, number, where) for number, entry in enumerate(entries, start=1))


def _bin(entry: Any, number: int, where: Path) -> Bin:
    try:
        limits = entry["limits"]
        learnt = limits if isinstance(limits, dict) else {}
        made = Bin(
            str(entry["column"]),
            str(entry["measure"]),
            tuple(str(v) for v in entry["values"]),
            () if learnt else tuple(float(x) for x in limits),
            tuple(float(q) for q in learnt.get("quantiles", ())),
            bool(learnt.get("valley")),
            float(entry.get("margin", 0.0)),
            tuple((str(column), _words(words)) for column, words in entry.get("where", {}).items()),
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"bin {number} lacks a part ({error})", where=where, fix=_FORM) from error
    cuts = made.limits or made.quantiles
    count = 1 if made.valley else len(cuts)
    if not count or len(made.values) != count + 1 or list(cuts) != sorted(cuts) or not 0 <= made.margin < 1:
        raise InputError(
            f"bin {number} ('{made.column}') needs rising limits, one value more than limits, and a margin from 0 to 1",
            where=where,
            fix=_FORM,
        )
    if any(not 0 < q < 1 for q in made.quantiles):
        raise InputError(f"bin {number} ('{made.column}') has a quantile outside 0 to 1", where=where, fix=_FORM)
    return made


def _words(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def worded(measures: Sequence[Mapping[str, float]], teach: Sequence[bool], bins: Sequence[Bin]) -> Worded:
    """Words of every row; teach: the rows that limits may be learnt on.

    A number that is missing, or nearer to a limit than the margin, gives no word: saying nothing is better than a coin's toss.
    """
    learnt = []
    names = list(dict.fromkeys(n for m in measures for n in m))
    rows: list[dict[str, str | None]] = [{} for _ in measures]
    for entry in (_named(b, names) for b in bins):
        values = [_value(m, entry.measure) if entry.applies(row) else math.nan for m, row in zip(measures, rows, strict=True)]
        known = np.asarray([v for v, use in zip(values, teach, strict=True) if use and math.isfinite(v)])
        if (gaps := _gaps(entry, known)) is None:
            continue
        learnt.append((entry, gaps))
        for row, value in zip(rows, values, strict=True):
            if row.get(entry.column, "") == "" and entry.applies(row):  # None: near a limit, and no later entry may speak for it
                row[entry.column] = _word(value, entry, gaps)
    said = tuple({column: word for column, word in row.items() if word} for row in rows)
    return Worded(tuple(dict.fromkeys(b.column for b in bins)), said, tuple(learnt))


def as_file(profile: str, worded: Worded) -> str:
    """The learnt limits as a binning file: images measured later get the words that these would have had."""
    entries = [
        {"column": b.column, "measure": b.measure, "limits": [_middle(g) for g in gaps], "values": b.values, "margin": _share(gaps)}
        | ({"where": dict(b.where)} if b.where else {})
        for b, gaps in worded.learnt
    ]
    return json.dumps({profile: entries}, indent=2, ensure_ascii=False) + "\n"


def _middle(gap: Gap) -> float:
    return float(f"{(gap.low + gap.high) / 2:.6g}")


def _share(gaps: Sequence[Gap]) -> float:
    """The widest margin of the gaps, as a share of the limit, which is how fixed limits give theirs."""
    shares = [(g.high - g.low) / 2 / abs(_middle(g)) for g in gaps if _middle(g)]
    return float(f"{min(max(shares, default=0.0), 0.99):.4g}")


def _named(entry: Bin, names: Sequence[str]) -> Bin:
    """The entry with the measure's unit, so that limits in pixels are never held against micrometres."""
    return replace(entry, measure=next((entry.measure + u for u in _UNITS if entry.measure + u in names), entry.measure))


def _value(row: Mapping[str, float], measure: str) -> float:
    value = row.get(measure)
    return math.nan if value is None else float(value)


def _gaps(entry: Bin, known: np.ndarray) -> tuple[Gap, ...] | None:
    """The gap around each limit; None where too few training rows have the number."""
    if entry.limits:
        return tuple(Gap(x - entry.margin * abs(x), x + entry.margin * abs(x)) for x in entry.limits)
    if known.size < _FEWEST or np.ptp(known) == 0:
        return None
    if entry.valley:
        high = known > threshold_otsu(known)
        means = float(known[~high].mean()), float(known[high].mean())
        limit, reach = sum(means) / 2, entry.margin * (means[1] - means[0])
        return (Gap(limit - reach, limit + reach),)
    ends = ((max(q - entry.margin, 0.0), min(q + entry.margin, 1.0)) for q in entry.quantiles)
    return tuple(Gap(float(np.quantile(known, low)), float(np.quantile(known, high))) for low, high in ends)


def _word(value: float, entry: Bin, gaps: Sequence[Gap]) -> str | None:
    """The word of a value, "" where the file gives it none, None where it is missing or near a limit."""
    if not math.isfinite(value) or any(g.low < value < g.high for g in gaps):
        return None
    return entry.values[sum(value >= g.high for g in gaps)]
