"""Verb groups: `has not been`, `was mainly characterised by`, `are not found`, each with the class of its main verb."""

from __future__ import annotations

from collections.abc import Sequence

from cytoscribe.literature_mining.claims.model import Phrase
from cytoscribe.literature_mining.claims.tokens import Token
from cytoscribe.literature_mining.word_lists import word_list


def verb_group(tokens: Sequence[Token], at: int, before: Sequence[Phrase]) -> Phrase | None:
    """`is`, `has not been`, `was mainly characterised by`, `are not found`: one phrase with the class of its main verb."""
    if not _can_be_verb(tokens, at, before):
        return None
    end, negated, main = at, False, ""
    passive = False
    while end < len(tokens):
        token = tokens[end]
        if token.is_("negatives") and not token.is_("conjunctions"):
            negated = True
        elif (
            token.verb in ("be", "modal", "have")
            and (not main or main in ("be", "modal", "have"))
            and not (main and token.is_("trait"))
        ):
            main = token.verb
            passive = passive or token.verb == "be"
        elif token.verb and (not main or main in ("be", "modal")) and not (passive and token.is_("trait")):
            main = _main_class(tokens, end, passive)
        elif token.is_("located") and passive and not _describes(tokens, end):
            main = "place"
        elif token.is_("participle") and passive and not token.is_("trait"):
            main = "other"
        elif not (
            token.is_("adverbs", "hedges")
            and not token.is_("noun", "trait", "more", "less", "with")
            and _verb_goes_on(tokens, end, passive)
        ):
            break
        end += 1
        if main in ("other", "place", "lack", "by_having") or (main == "have" and not passive and not _is_auxiliary(tokens, end)):
            break
    if tokens[at].lower == "cannot":
        negated = True
    main, end = _with_preposition(tokens, end, main)
    return Phrase("verb", at, end, verb=main, negated=negated, text=" ".join(t.lower for t in tokens[at:end])) if main else None


def _can_be_verb(tokens: Sequence[Token], at: int, before: Sequence[Phrase]) -> bool:
    token = tokens[at]
    if token.is_("negatives"):
        return begins_verb(tokens, at)
    if token.is_("hedges") and token.lower.endswith(" to"):  # "tend to form"
        return at + 1 < len(tokens) and bool(tokens[at + 1].verb)
    if not token.verb:
        return _looks_like_verb(tokens, at, before)
    last = before[-1] if before else None
    if token.is_("trait", "noun", "located") and token.verb not in ("be",):
        return _verb_is_meant(tokens, at, last)
    if token.lower.endswith(("ing", "ed")) and token.verb == "other":
        after = tokens[at + 1] if at + 1 < len(tokens) else None
        attributive = (
            after is not None and (after.noun or after.is_("layer", "region")) and not (last is not None and last.kind == "np")
        )
        return not attributive
    return True


def _verb_is_meant(tokens: Sequence[Token], at: int, last: Phrase | None) -> bool:
    """Words that can be a verb and something else ("present", "forms"): a verb after a subject and before an object."""
    token, after = tokens[at], tokens[at + 1] if at + 1 < len(tokens) else None
    if last is None or last.kind not in ("np", "rel", "conj"):
        return False
    if any(w.pos == "verb" for w in token.words):
        return False
    if after is None or after.lower in ("in", "at", "throughout", ",", ".", "and", "only"):
        return False
    return after.is_(
        "determiners", "trait", "negative_determiners", "layer", "more", "less", "hedges", "type", "adverbs", "unknown"
    )


def _looks_like_verb(tokens: Sequence[Token], at: int, before: Sequence[Phrase]) -> bool:
    """An unknown word in "s" or "ed" right after a subject and before an object or a place."""
    token, last = tokens[at], before[-1] if before else None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if (
        not token.is_("unknown")
        or last is None
        or after is None
        or not token.lower.endswith(("s", "ed"))
        or token.lower.endswith("ss")
    ):
        return False
    if last.kind != "np" or any(p.kind == "verb" for p in before[-3:]):
        return False
    return after.is_("determiners", "prepositions", "layer", "region", "more", "negative_determiners")


def _main_class(tokens: Sequence[Token], at: int, passive: bool) -> str:
    token = tokens[at]
    if passive and token.is_("located") and not _describes(tokens, at):
        return "place"
    return token.verb


def _describes(tokens: Sequence[Token], at: int) -> bool:
    """`is clearly visible`, `are present`: the word is itself a trait of the lexicon."""
    return tokens[at].is_("trait")


def _verb_goes_on(tokens: Sequence[Token], at: int, passive: bool) -> bool:
    for token in tokens[at + 1 : at + 4]:
        if token.verb or token.is_("located") or (passive and token.is_("participle")):
            return not token.is_("trait")
        if not token.is_("adverbs", "hedges", "negatives"):
            return False
    return False


def _is_auxiliary(tokens: Sequence[Token], end: int) -> bool:
    """`has been`, `had a`: whether another verb follows."""
    following = [t for t in tokens[end : end + 3] if not t.is_("adverbs", "negatives")]
    return bool(following) and (following[0].verb == "be" or following[0].is_("located")) and not following[0].is_("trait")


_OF_VERBS = ("consist", "compos", "made", "form", "built", "compris", "constitut")
_HAVING_STEMS = word_list("having_stems")


def _with_preposition(tokens: Sequence[Token], end: int, main: str) -> tuple[str, int]:
    """`consists mainly of`, `was characterised mainly by`: the preposition belongs to the verb, which then has what follows."""
    verb = tokens[end - 1]
    ahead = end
    while ahead < len(tokens) and tokens[ahead].is_("adverbs", "hedges") and not tokens[ahead].is_("trait", "noun"):
        ahead += 1
    after = tokens[ahead].lower if ahead < len(tokens) else ""
    if main == "have" and verb.lower.startswith("consist") and verb.lower.endswith(" of"):
        return "consist", end
    if main == "by_having":
        return "have", end
    if verb.lower.startswith(_OF_VERBS) and after in ("of", "by", "from") and main in ("have", "other", "place"):
        return "consist", ahead + 1
    if main in ("other", "place") and verb.lower.startswith(_HAVING_STEMS) and after in ("by", "with", "through"):
        return "have", ahead + 1
    return main, end


def begins_verb(tokens: Sequence[Token], at: int) -> bool:
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    return tokens[at].lower == "cannot" or bool(after is not None and after.verb and not after.is_("trait", "noun"))
