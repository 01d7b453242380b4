"""Accept a completion as a caption, or refuse it with a reason that a person and a model can act on."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass

from cytoscribe.captions.backends.base import Prompt
from cytoscribe.captions.backends.template import TemplateBackend
from cytoscribe.captions.gate.gate import open_gate
from cytoscribe.captions.masking import Mask, mask_for
from cytoscribe.captions.plan import Content, content_of
from cytoscribe.captions.quality.diversity import near_duplicate
from cytoscribe.captions.tokens import count_tokens
from cytoscribe.captions.wording.compose import STYLES
from cytoscribe.captions.wording.scene import Scene
from cytoscribe.core.digests import fingerprint
from cytoscribe.core.records import Caption
from cytoscribe.llm.base import Completion

LONG_STYLES = ("paragraph",)
"""Styles whose captions may pass the token limit; they go to the `long` config then."""
_LABEL = re.compile(
    rf"(?:^|(?<=[.?!])\s+)\W*(?:style|{'|'.join(s for s in STYLES if s != 'question')}|caption|description|summary|output|title)"
    r"(?: style| caption| description)?\W{0,2}:[*_]{0,2}\s*",
    re.I,
)
"""Labels that a language model leaves in: the name of a style, "Caption:", with or without asterisks."""


@dataclass(frozen=True)
class Refusal:
    """Why a caption is refused: a short `reason` to count by, and the `detail` that a model is given."""

    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class Acceptance:
    """The checks of one run, in order; holds what was accepted, to find repetitions.

    Two captions of a region never state the same set of facts, and two regions never share a masked caption, for such a text would
    be a wrong label for one of them. Captions of images may do both.
    """

    def __init__(self, scene: Scene, max_tokens: int) -> None:
        self.scene, self.max_tokens = scene, max_tokens
        self._seen: set[tuple[str, str]] = set()
        self._said: dict[tuple[str, frozenset[str]], list[str]] = defaultdict(list)
        self._masks: dict[str, Mask] = {}
        self._contents: dict[str, set[Content]] = defaultdict(set)
        self._masked: dict[str, str] = {}
        self.gate = open_gate(scene)

    def contents(self, region: str) -> frozenset[Content]:
        """Sets of statements that accepted captions of the region have. Empty for images, whose captions may share one."""
        return frozenset(self._contents[region])

    def judge(self, prompt: Prompt, completion: Completion | None, model: str) -> Caption | Refusal:
        """The caption, or the refusal. A composed text states its claims by construction and needs no reading back."""
        if completion is None or completion.error:
            return Refusal("failed", completion.error if completion else "no answer came back")
        if completion.truncated:
            return Refusal("cut off", "the answer was longer than the limit of new tokens; write fewer words")
        composed = model == TemplateBackend.name
        text = completion.text if composed else clean(completion.text)
        if not text:
            return Refusal("empty", "the answer held no text")
        tokens = count_tokens(text)
        if repeated := self._repeated(prompt, text):
            return repeated
        if self.max_tokens and tokens > self.max_tokens and prompt.style not in LONG_STYLES:
            return Refusal("too long", f"{tokens} tokens where at most {self.max_tokens} fit; write fewer words")
        mask = self._mask(prompt.region)
        masked = mask.apply(text)
        if leaks := mask.leaks(masked):
            return Refusal("leak", f"the masked caption still names {leaks[0]}")
        if self._masked.get(normal_form(masked), prompt.region) != prompt.region:
            return Refusal("shared", "without its name the caption equals one of another region; use other words")
        ids, score = tuple(dict.fromkeys(c.claim_id for c in prompt.claims)), 1.0
        if not composed:
            verdict = self.gate.check(text, prompt.region, prompt.claims)
            if not verdict.faithful:
                return Refusal("unfaithful", verdict.reasons[0])
            ids, score = tuple(i for i in ids if i in verdict.supported), verdict.score
        content = content_of([c for c in prompt.claims if c.claim_id in ids])
        if content in self._contents[prompt.region]:
            return Refusal("duplicate", "a caption of the same facts was accepted before")
        caption = self._caption(prompt, text, masked, tokens, model, ids, score)
        self._remember(prompt, caption, content)
        return caption

    def _repeated(self, prompt: Prompt, text: str) -> Refusal | None:
        if (prompt.region, normal_form(text)) in self._seen:
            return Refusal("duplicate", "the same caption was accepted before; use other words")
        if near_duplicate(text, self._said[_same_claims(prompt)]):
            return Refusal("duplicate", "almost the same caption of the same facts was accepted before; use other words")
        return None

    def _remember(self, prompt: Prompt, caption: Caption, content: Content) -> None:
        self._seen.add((prompt.region, normal_form(caption.caption)))
        self._said[_same_claims(prompt)].append(caption.caption)
        if not self.scene.image:
            self._contents[prompt.region].add(content)
            self._masked[normal_form(caption.masked_caption)] = prompt.region

    def forget(self, prompt: Prompt, caption: Caption) -> None:
        """Take an accepted caption back, so that what comes later is not held to repeat it."""
        self._seen.discard((prompt.region, normal_form(caption.caption)))
        self._said[_same_claims(prompt)].remove(caption.caption)
        self._contents[prompt.region].discard(content_of([c for c in prompt.claims if c.claim_id in caption.claim_ids]))
        self._masked.pop(normal_form(caption.masked_caption), None)

    def _caption(
        self, prompt: Prompt, text: str, masked: str, tokens: int, model: str, ids: tuple[str, ...], score: float
    ) -> Caption:
        return Caption(
            caption_id=fingerprint([prompt.region, text]),
            region=prompt.region,
            caption=text,
            masked_caption=masked,
            style=prompt.style,
            template=prompt.template,
            model=model,
            claim_ids=ids,
            n_tokens=tokens,
            faithfulness=score,
        )

    def _mask(self, region: str) -> Mask:
        if region not in self._masks:
            subject = self.scene.subject if self.scene.of_cells else None
            self._masks[region] = mask_for(region, self.scene.regions.values(), subject)
        return self._masks[region]


def _same_claims(prompt: Prompt) -> tuple[str, frozenset[str]]:
    return prompt.region, frozenset(c.claim_id for c in prompt.claims)


def clean(text: str) -> str:
    """The caption alone: without reasoning marks, a leading "Caption:", quotation marks, bullets and line breaks."""
    text = text.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair can stand in JSON, and in no file
    text = _unwrapped(re.sub(r"<think>.*?(</think>|$)", " ", text, flags=re.S))
    text = re.sub(r"</?[a-z]+>", " ", text)
    text = " ".join(re.sub(r"^[^\S\n]*[-*•]\s+", "", text, flags=re.M).split())
    text = re.sub(r"^here is (?:the|a) caption\s*:\s*", "", text, flags=re.I)
    text = _LABEL.sub(" ", text).strip()
    if len(text) > 1 and text[0] in "\"'“‘`" and text[-1] in "\"'”’`":
        text = text[1:-1].strip()
    return text


def _unwrapped(text: str) -> str:
    """The caption out of a JSON answer; broken JSON gives "", so that it is requested again."""
    bare = re.sub(r"^```(?:json)?|```$", "", text.strip()).strip()
    if not bare.startswith("{"):
        return text
    try:
        answer = json.loads(bare)
    except (ValueError, RecursionError):
        return ""
    return answer["caption"] if isinstance(answer, dict) and isinstance(answer.get("caption"), str) else ""


def normal_form(text: str) -> str:
    """Letters and digits in lower case: captions that differ only in case or punctuation count as one."""
    return re.sub(r"[\W_]+", " ", text).casefold().strip()
