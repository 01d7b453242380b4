"""A cross-encoder for natural language inference as judge: do the claims entail each sentence of the caption?"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.captions.gate.judge import Case, Opinion
from cytoscribe.core.digests import fingerprint
from cytoscribe.core.errors import InputError
from cytoscribe.llm.base import Completion
from cytoscribe.llm.store import CompletionStore

THRESHOLD = 0.5
"""Least probability of entailment that lets a statement pass."""
_BATCH = 32
_LENGTH = 512
"""Most tokens of premise and hypothesis together; a longer premise is cut."""


class NliJudge:
    """Every statement of a caption must be entailed by its claims, or by the papers' sentences behind them, whichever fits better."""

    def __init__(self, model: str) -> None:
        self.name = f"nli:{Path(model).name if Path(model).exists() else model}"
        self._tokenizer, self._model = _load(model)
        self._entails, self._contradicts = _labels(self._model.config.id2label, model)

    def opinions(self, cases: Sequence[Case], store: CompletionStore) -> list[Opinion]:
        """One opinion a case; its score is the entailment of the weakest statement, 1.0 where the caption states nothing."""
        keys = [self._key(c) for c in cases]
        missing = {k: c for k, c in zip(keys, cases, strict=True) if store.get(k) is None}
        for key, scores in zip(missing, self._scores(list(missing.values())), strict=True):
            store.put(Completion(key, json.dumps(scores)))
        return [self._opinion(case, store, key) for case, key in zip(cases, keys, strict=True)]

    def _key(self, case: Case) -> str:
        return fingerprint({"judge": self.name, "premises": premises(case), "statements": statements(case.caption.caption)})

    def _scores(self, cases: Sequence[Case]) -> list[list[tuple[float, float]]]:
        """(entailment, contradiction) of every statement of every case, from the premise that entails it best."""
        pairs = [(p, s) for case in cases for s in statements(case.caption.caption) for p in premises(case)]
        probabilities = iter(self._probabilities(pairs))
        scores = []
        for case in cases:
            told = []
            for _ in statements(case.caption.caption):
                rows = [next(probabilities) for _ in premises(case)]
                best = max(rows, key=lambda r: r[self._entails])
                told.append((round(float(best[self._entails]), 4), round(float(best[self._contradicts]), 4)))
            scores.append(told)
        return scores

    def _probabilities(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """(pairs, labels), softmax over the labels; read in order of length so that little padding is computed."""
        import torch

        out = np.zeros((len(pairs), self._model.config.num_labels))
        order = sorted(range(len(pairs)), key=lambda i: sum(map(len, pairs[i])))
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            inputs = self._tokenizer(
                [pairs[i][0] for i in chosen],
                [pairs[i][1] for i in chosen],
                truncation="only_first",
                max_length=min(_LENGTH, self._tokenizer.model_max_length),
                padding=True,
                return_tensors="pt",
            ).to(self._model.device)
            with torch.inference_mode():
                out[chosen] = torch.softmax(self._model(**inputs).logits.float(), dim=-1).cpu().numpy()  # (B, labels)
        return out

    def _opinion(self, case: Case, store: CompletionStore, key: str) -> Opinion:
        kept = store.get(key)
        assert kept is not None
        scores = [(float(e), float(c)) for e, c in json.loads(kept.text)]
        weak = [(s, e, c) for s, (e, c) in zip(statements(case.caption.caption), scores, strict=True) if e < THRESHOLD]
        reason = ""
        if weak:
            said, entailed, contradicted = min(weak, key=lambda w: w[1])
            what = "contradicts its sources" if contradicted > max(entailed, THRESHOLD) else "does not follow from its sources"
            reason = f"'{said}' {what} (entailment {entailed:.2f}, contradiction {contradicted:.2f})"
        least = min((e for e, _ in scores), default=1.0)
        caption = case.caption
        return Opinion(caption.caption_id, caption.region, caption.caption, self.name, not weak, least, reason)


def statements(caption: str) -> list[str]:
    """Sentences and parts between semicolons; questions state nothing."""
    parts = re.split(r"(?<=[.?!;])\s+", caption)
    return [p.rstrip(";") for p in parts if not p.endswith("?") and re.search(r"\w", p)]


def premises(case: Case) -> list[str]:
    """The claims in plain words, and the papers' own sentences where there are any."""
    claims = ". ".join(fact[:1].upper() + fact[1:] for fact in case.facts) + "."
    sentences = " ".join(dict.fromkeys(c.sentence for c in case.claims if c.sentence))
    return [claims, sentences] if sentences else [claims]


def _load(source: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        model = AutoModelForSequenceClassification.from_pretrained(source, use_safetensors=True)
    except (OSError, ValueError, KeyError, ImportError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            f"the cross-encoder cannot be loaded ({first})", where=source, fix="give nli:FOLDER or nli:HUB_ID of one in safetensors"
        ) from error
    return tokenizer, model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def _labels(names: dict[int, str], source: str) -> tuple[int, int]:
    """Places of entailment and contradiction among the labels of the model's config."""
    lower = {i: n.lower() for i, n in names.items()}
    entails = next((i for i, n in lower.items() if n.startswith("entail")), None)
    contradicts = next((i for i, n in lower.items() if n.startswith(("contradict", "not_entail"))), None)
    if entails is None or contradicts is None:
        raise InputError(
            f"no labels for entailment and contradiction (found: {', '.join(names.values())})",
            where=source,
            fix="name them in id2label of its config.json, or take a model trained for natural language inference",
        )
    return entails, contradicts
