"""A promise monitor: evidence, image by image, that a stream is no longer drawn like the images of the calibration.

A conformal test martingale (Vovk, Nouretdinov and Gammerman 2003) bets against the p-values being uniform. While images are exchangeable
with those of the calibration, its capital passes c at any time with a probability of at most 1 / c (Ville 1939).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ALARM = 100.0
"""Capital from which on the promise is said to hold no longer: at most one false alarm in a hundred streams, however long."""
JUMP = 0.01
RATES = (-1.0, 0.0, 1.0)


@dataclass(frozen=True)
class Watch:
    """p_values (N,) and log10 of the capital (N,) after each; alarm: index of the first at which it passed ALARM, None for none; start:
    where the evidence began to gather, the lowest capital before the alarm."""

    p_values: np.ndarray
    log_capital: np.ndarray
    alarm: int | None
    start: int | None


def watch(scores: np.ndarray, reference: np.ndarray, seed: int = 0, alarm: float = ALARM) -> Watch:
    """Watch scores (N,) in their order, against those of the calibration (M,)."""
    p_values = online_p_values(scores, reference, seed)
    capital = simple_jumper(p_values)
    over = np.flatnonzero(capital >= np.log10(alarm))
    if not over.size:
        return Watch(p_values, capital, None, None)
    first = int(over[0])
    before = np.concatenate([[0.0], capital[:first]])
    return Watch(p_values, capital, first, int(len(before) - 1 - np.argmin(before[::-1])))


def online_p_values(scores: np.ndarray, reference: np.ndarray, seed: int = 0) -> np.ndarray:
    """(N,) p-values, each among the calibration scores (M,) and the scores before it, ties broken at random: independent and uniform
    where all are exchangeable (Vovk et al. 2005, proposition 2.4), which p-values against a fixed calibration are not."""
    from bisect import bisect_left, bisect_right, insort

    bag, rng = sorted(float(r) for r in reference), np.random.default_rng(seed)
    found = np.empty(len(scores))
    for i, score in enumerate(float(s) for s in scores):
        low, high = bisect_left(bag, score), bisect_right(bag, score)
        found[i] = (len(bag) - high + rng.random() * (high - low + 1)) / (len(bag) + 1)
        insort(bag, score)
    return found


def simple_jumper(p_values: np.ndarray, jump: float = JUMP, rates: tuple[float, ...] = RATES) -> np.ndarray:
    """(N,) log10 of the capital of the simple jumper (Vovk et al. 2021, algorithm 1): it bets at several rates, and moves a share
    `jump` of its capital evenly to all of them before each p-value."""
    rate = np.asarray(rates)
    share, log_capital = np.full(len(rate), 1 / len(rate)), 0.0
    found = np.empty(len(p_values))
    for i, p in enumerate(p_values):
        share = ((1 - jump) * share + jump / len(rate)) * (1 + rate * (p - 0.5))
        total = float(share.sum())
        log_capital += np.log10(total)
        share = share / total
        found[i] = log_capital
    return found
