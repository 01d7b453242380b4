"""Accept a completion as a caption, or refuse it with a reason that a person and a model can act on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from captions.backends.base import Completion, Prompt
from captions.masking import Mask, mask_for
from captions.scene import Scene
from captions.tokens import count_tokens
from cytoscribe.records import Caption
from cytoscribe.runs import fingerprint

LONG_STYLES = ("paragraph",)
"""Styles whose captions may pass the token limit; they go to the `long` config then."""


@dataclass(frozen=True)
class Refusal:
    """Why a caption is refused: a short `reason` to count by, and the `detail` that a model is told."""

    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class Acceptance:
    """The checks of one run, in order; holds what was accepted, to find repetitions within a region."""

    def __init__(self, scene: Scene, max_tokens: int) -> None:
        self.scene, self.max_tokens = scene, max_tokens
        self._seen: set[tuple[str, str]] = set()
        self._masks: dict[str, Mask] = {}

    def judge(self, prompt: Prompt, completion: Completion | None, model: str) -> Caption | Refusal:
        """The caption, or the refusal."""
        if completion is None or completion.error:
            return Refusal("failed", completion.error if completion else "no answer came back")
        text = clean(completion.text)
        if not text:
            return Refusal("empty", "the answer held no text")
        repeated = (prompt.region, normal_form(text))
        if repeated in self._seen:
            return Refusal("duplicate", "the same caption was accepted before; use other words")
        tokens = count_tokens(text)
        if self.max_tokens and tokens > self.max_tokens and prompt.style not in LONG_STYLES:
            return Refusal("too long", f"{tokens} tokens where at most {self.max_tokens} fit; write fewer words")
        mask = self._mask(prompt.region)
        masked = mask.apply(text)
        if leaks := mask.leaks(masked):
            return Refusal("leak", f"the masked caption still names {leaks[0]}")
        self._seen.add(repeated)
        return self._caption(prompt, text, masked, tokens, model)

    def _caption(self, prompt: Prompt, text: str, masked: str, tokens: int, model: str) -> Caption:
        return Caption(
            caption_id=fingerprint([prompt.region, text]),
            region=prompt.region,
            caption=text,
            masked_caption=masked,
            style=prompt.style,
            template=prompt.template,
            model=model,
            claim_ids=tuple(dict.fromkeys(c.claim_id for c in prompt.claims)),
            n_tokens=tokens,
            faithfulness=1.0,
        )

    def _mask(self, region: str) -> Mask:
        if region not in self._masks:
            subject = self.scene.subject if self.scene.image else None
            self._masks[region] = mask_for(region, self.scene.regions.values(), subject)
        return self._masks[region]


def clean(text: str) -> str:
    """The caption alone: without reasoning marks, a leading "Caption:", quotation marks, bullets and line breaks."""
    text = re.sub(r"<think>.*?(</think>|$)", " ", text, flags=re.S)
    text = " ".join(re.sub(r"^\s*[-*•]\s+", "", text, flags=re.M).split())
    text = re.sub(r"^(?:here is (?:the|a) caption|caption)\s*:\s*", "", text, flags=re.I)
    if len(text) > 1 and text[0] in "\"'“‘`" and text[-1] in "\"'”’`":
        text = text[1:-1].strip()
    return text


def normal_form(text: str) -> str:
    """Letters and digits in lower case: captions that differ only in case or punctuation count as one."""
    return re.sub(r"[\W_]+", " ", text).casefold().strip()
