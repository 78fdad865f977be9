"""Who and where somebody is: phrases that describe a person or a place are taken out before actions are sought.

"a woman in a red hat with blue eyes in a park looks left" -> "a woman looks left". What stays is what a
preposition can say about an action: a part of the face in a state ("with her eyes closed"), a direction, a target,
a manner ("in disbelief").
"""

from __future__ import annotations

import re

from text2motion.language import lexicon

_TWO_WORD = re.compile(
    r"\b(next to|in front of|close to|on top of|because of|due to|out of|full of|front of|made of|as well as)\b"
)
_PREPOSITIONS = frozenset(
    "in on by near under inside outside against beside among amid wearing holding carrying sitting standing "
    "seated"
    " dressed behind from of at with for during above below between across beneath having featuring"
    " within through along like to towards toward into over after before upon beyond onto off unlike amidst "
    "wears"
    " holds carries toting sporting surrounded illuminated lit".split()
)
#: Prepositions that may lead to what the action is about: only known scenery after them is dropped.
_OFTEN_MEANT = frozenset("to towards toward into over from after before off out".split())
_STOPS = frozenset(
    "and or but then while as before after until she he they it who that which is are was were has have , . ; "
    ": ! ?"
    " ( ) & without not never when once whose where because so nor together".split()
)
_SIDED = re.compile(rf"\b(?:left|right)(?:[- ]hand)?\s+(?=(?:\w+\s+)?{lexicon.ELSEWHERE}\b)")
_NO_PAIN = re.compile(
    r"\bshoulders? (?:shaking|heaving|trembling)\b|\bpaint\w*|\b(?:left|right)-handed\b|\bturn\w* (?:on|off|up"
    r"|down) (?:the|a|his|her|their) (?!camera|viewer|left|right|nose|head|face|eyes|chin|gaze|lips|mouth"
    r"|corners?)\w+|\bfreckle[sd]?\b|\b(?:high|low|full|4k) resolution\b|\bbowls?\b|\bbow[- ]?ties?\b|\bmad "
    r"hatter\b|\bcross necklace\b"
)
_LOOKING = re.compile(r"^(?:look|gaz|glanc|star|peer|squint|glar)")
_BEHIND = re.compile(r"[^,;.]*\bin the (?:back|fore)ground\b,?")
_PRE_PART = re.compile(r"\b((?:[a-z-]+\s+){1,3})(eyes?|eyelashes|lashes|lips?|cheeks?|eyebrows?|brows?)\b")
_COLOURS = frozenset(
    "blue green brown hazel dark black grey gray amber red rosy pink golden blond blonde white bushy thick thin"
    " full plump rouged painted freckled kind bright beautiful pretty piercing almond-shaped almond lovely "
    "sparkling"
    " big large long tattooed pierced made-up glossy violet emerald honey-coloured deep-set hooded chubby pale".split()
)
_ATTRIBUTE = re.compile(
    r"\b([a-z]+)-(eyed|haired|lipped|skinned|cheeked|bearded|browed|looking|aged|faced|headed)\b"
)
_MEANT_EYED = frozenset(
    "wide starry cross doe teary open tight thin sad happy angry tired bored sleepy slack".split()
)


def without_scenery(text: str, is_action) -> str:
    """The sentence without the phrases that say what somebody looks like, wears or is surrounded by.

    Args:
        text: one lower-case sentence without commas inside phrases being needed.
        is_action: tells whether a word begins or is an action ("smiles", "nodding", "happily").
    """
    text = _SIDED.sub("", text)
    text = _NO_PAIN.sub("", text)
    text = _BEHIND.sub("", text)
    text = _ATTRIBUTE.sub(
        lambda m: m.group(0) if m.group(1) in _MEANT_EYED or (m.group(2) == "looking") else "", text
    )
    text = _TWO_WORD.sub(
        lambda m: {"next to": "near", "in front of": "near", "close to": "near"}.get(m.group(0), "by"), text
    )
    words = re.findall(r"⟦[^⟧]*⟧|[\w'·.:-]*\w|[^\w\s]", text)
    kept: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        if word in _PREPOSITIONS:
            end = _phrase_end(words, at + 1, is_action)
            phrase = words[at + 1 : end]
            if word == "at" and kept and _LOOKING.match(kept[-1]):
                kept += [word, *phrase]
                at = end
                continue
            if word == "behind" and not any(
                _LOOKING.match(w) or w.startswith(("turn", "check", "peek")) for w in kept[-4:]
            ):
                at = end
                continue
            if phrase and word == "on" and phrase[-1] in lexicon.PARTS and not (kept and is_action(kept[-1])):
                at = end
                continue
            if phrase and _is_scenery(word, phrase, words[end : end + 2], is_action):
                at = _after_more(words, end, word, is_action)
                continue
            if word in ("with", "of", "having") and phrase and phrase[-1] in lexicon.PARTS:
                kept += [word, *[w for w in phrase if w not in _COLOURS]]
                at = end
                continue
        kept.append(word)
        at += 1
    plain = " ".join(kept)
    plain = _PRE_PART.sub(_without_colour, plain)
    return re.sub(r"\s+([,.;:!?])", r"\1", plain)


def _after_more(words: list[str], at: int, preposition: str, is_action) -> int:
    """Past further scenery joined by "and": "with a thick beard and green eyes"."""
    while at + 1 < len(words) and words[at] in ("and", "or"):
        end = _phrase_end(words, at + 1, is_action)
        phrase = words[at + 1 : end]
        plain = (
            not phrase
            or any(is_action(w) for w in phrase)
            or any(w in ("left", "right", "up", "down", "back") for w in phrase)
        )
        if plain or not _is_scenery(preposition, phrase, words[end : end + 2], is_action):
            break
        if _looks_finite(phrase[0]):
            break
        at = end
    return at


def _looks_finite(word: str) -> bool:
    """Whether a word nobody knows may be a verb ("juggles")."""
    return word.endswith("s") and not word.endswith("ss") and word not in lexicon.PARTS


def _phrase_end(words: list[str], begin: int, is_action) -> int:
    """Where the noun phrase after a preposition ends."""
    at = begin
    while at < len(words):
        word = words[at]
        if word in _STOPS or not word[0].isalnum():
            break
        if word in _PREPOSITIONS and at > begin:
            break
        if (
            at > begin
            and word.endswith("ly")
            and word not in ("lovely", "lively", "early", "elderly", "ugly", "curly")
        ):
            break
        attributive = (
            at > begin
            and words[at - 1] in ("a", "an", "the")
            and word.endswith(("ing", "ed"))
            and at + 1 < len(words)
        )
        if (
            attributive
            and words[at + 1] not in _STOPS
            and words[at + 1] not in _PREPOSITIONS
            and not is_action(words[at + 1])
        ):
            at += 1
            continue
        if is_action(word) and not _is_head_noun(words[begin:at], word, is_action):
            break
        at += 1
    return at


def _is_head_noun(before: list[str], word: str, is_action) -> bool:
    """Whether an action word is the noun of the phrase ("with a broad smile"), not the verb after it."""
    if word.endswith("ing") and word not in ("opening",):
        return False
    plural = word.endswith("s") and not word.endswith("ss") and not word.endswith("ious")
    if plural and not any(w in lexicon.NUMBERS for w in before):
        return False
    return all(w in lexicon.FILLERS or is_action(w) or w in lexicon.STATES for w in before)


def _is_scenery(preposition: str, phrase: list[str], after: list[str], is_action) -> bool:
    while len(phrase) > 1 and _is_adverb(phrase[-1]):
        phrase = phrase[:-1]
    last = phrase[-1]
    if any(w in lexicon.PARTS for w in phrase[:-1]) and any(w in lexicon.STATES for w in phrase[1:]):
        return False
    if last.isdigit() or last in lexicon.NUMBERS or last in lexicon.FILLERS:
        return False
    if any(is_action(word) for word in phrase) and (
        is_action(last) or last in lexicon.MANNER | lexicon.PARTS
    ):
        return False
    if last in lexicon.PARTS or last in lexicon.STATES:
        if preposition not in ("with", "having", "of", "featuring"):
            return False
        if after and (after[0] in lexicon.STATES or after[-1] in lexicon.STATES):
            return False
        inner = phrase[:-1]
        if last in lexicon.STATES:
            return not any(w in lexicon.PARTS for w in phrase) and last not in lexicon.MANNER
        plain = lexicon.FILLERS - {"big", "large", "small", "tiny", "heavy", "long", "short", "bright"}
        return not all(w in plain or w in lexicon.STATES or is_action(w) for w in inner)
    if last in lexicon.MANNER:
        return False
    if preposition in _OFTEN_MEANT:
        return any(re.fullmatch(lexicon.ELSEWHERE, w) for w in phrase) and preposition not in ("over",)
    return (
        not any(w in lexicon.PARTS or w in ("left", "right") for w in phrase)
        or re.fullmatch(lexicon.ELSEWHERE, last) is not None
        or preposition not in ("of", "at")
    )


def _is_adverb(word: str) -> bool:
    """Whether a word at the end of a phrase only says how much or how fast."""
    if word in (
        "ever",
        "so",
        "much",
        "very",
        "fast",
        "too",
        "again",
        "twice",
        "once",
        "thrice",
        "times",
        "just",
    ):
        return True
    return word.endswith("ly") and word not in ("family", "belly", "jelly", "butterfly", "assembly")


def _without_colour(match: re.Match[str]) -> str:
    words = [w for w in match.group(1).split() if w not in _COLOURS]
    return " ".join([*words, match.group(2)])
