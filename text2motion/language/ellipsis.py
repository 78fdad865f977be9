"""What a fragment leaves out because it was said before: "then right", "and back", "again", "holds it"."""

from __future__ import annotations

import re

from text2motion.corpus.vocabulary import ACTION_BY_NAME
from text2motion.language import lexicon
from text2motion.language.recognition import is_action_word
from text2motion.planning import Clause

_SUBJECT = r"(?:(?:she|he|they|it|who|and|then|also|slowly|quickly|finally|gradually|briefly|just) )*"
HOLDS = re.compile(
    rf"^{_SUBJECT}(?:(?:holds?|holding|keeps?|keeping|maintains?|maintaining|stays?|staying|remains?|remaining"
    rf"|lingers?|lingering"
    r"|freez\w*|sustain\w*)"
    r"(?: (?:it|that|this|there|still|them|so|like (?:that|this)|in (?:that|this|place)|steady|frozen|up"
    r"|(?:that|this|the|his|her"
    r"|their) (?:pose|position|look|smile|gaze|expression|face|stare|tilt|turn|posture|grin|frown)))*)"
    r"(?: (?:for .*|briefly|until the end|to the end|a (?:moment|second|while|beat)(?: longer)?|steadily"
    r"|still))*$"
)
REPEATS = re.compile(
    rf"^{_SUBJECT}(?:again|once more|once again|one more time|(?:does|do|doing|repeats?|repeating)(?: (?:it"
    rf"|this|that|so|the same"
    r"|the (?:movement|motion|gesture|action)|them|everything|all of it))*(?: (?:again|once more|twice|once"
    r"|two times|three times"
    r"|\d+ times|a second time|one more time))?|a second time|another time|and again)$"
)
RELEASES = re.compile(
    rf"^{_SUBJECT}(?:(?:lower|drop|relax|releas|let|pull|put|draw|tak|bring|lett|ease|retract|withdraw|loosen"
    rf"|undo|undoes|tuck"
    r"|deflat|unpurs|soften|unclench)\w*"
    r" (?:(?:it|them|her|his|their|the|that|eyebrows?|brows?|lips?|cheeks?|tongue|tension|forehead|air|go|out"
    r"|down|back"
    r"|in|off|away|again|slowly|quickly|of|fade|fall|drop|vanish|relax|die) ?)+|lets? go|releases?(?: it| "
    r"them)?|deflates?(?: \w+)*)$"
)
_PRONOUN = re.compile(r"^(\w+(?: \w+ly)?) (it|them)\b(.*)$")
_AXES_OF = (("brow", ("brows",)), ("forehead", ("brows",)), ("lip", ("mouth", "jaw")), ("tongue", ("mouth", "jaw")),
    ("cheek", ("mouth",)))  # fmt: skip
ENDS = re.compile(r"\bno longer\b|\banymore\b|\bany more\b")
_BACK = re.compile(
    rf"^{_SUBJECT}(?:(?:go(?:es|ing)?|com(?:es?|ing)|turn(?:s|ing)?|returns?|returning|look(?:s|ing)?"
    rf"|mov(?:es?|ing)|swings?|faces?"
    r"|bring(?:s|ing)?(?: (?:it|her head|his head|their head|the head))?|switch(?:es)?|swivels?|rotates?"
    r"|reverts?|snaps?|settles?"
    r"|resets?|straighten(?:s|ing)?|slowly|quickly|drifts?) )*(?:all the way )?(?:straight )?"
    r"(?:back(?: again| home| around| slowly| quickly| up| down| out| in| upright)?(?: (?:to|towards?|at|into) (?:the "
    r")?(?:cent(?:er|re)|front|middle|camera|lens|start\w*|upright"
    r"|straight|viewer|forward|us|you|me))?|returns? to (?:the )?(?:cent(?:er|re)|front|middle|upright|start\w*)"
    r"|returns?|returning|straightens?(?: up| out| (?:his|her|their|the) head)?"
    r"|resets?|(?:straight )?(?:ahead|forward)(?: again)?|(?:to|at|towards?) the (?:front|middle|cent(?:er|re)"
    r"|camera|lens|viewer)(?: again)?|(?:up|front) again)(?: (?:slowly|quickly|gradually|gently))?$"
)
_REST = re.compile(
    r"\b(?:returns?|returning|goes|going|go|comes?|coming|settles?|settling|reverts?|back|relaxes?|relaxing"
    r"|eases|resets?|resetting"
    r"|ends?|ending|resumes?|fades|drops)\b"
    r"(?:[\w ]*?)\b(?:neutral|normal|rest|resting|starting|start|original|initial|default|idle|baseline|how"
    r"|where|calm|blank"
    r"|relaxed|usual)\b|^(?:(?:she|he|they|and|then|slowly|gradually|finally) )*(?:relaxes|relaxing|relax"
    r"|resets?|returns?"
    r"|settles back|calms down|goes slack|normalizes)(?: (?:again|completely|fully|slowly|back))*$"
)
_FACE_ONLY = re.compile(r"\b(?:expression|face|mood|look|smile|features)\b")
_HEAD_ONLY = re.compile(
    r"\b(?:turn\w*|look\w*|swivel\w*|swings?|straighten\w*|head|gaze|eyes|center|centre|forward|front|camera"
    r"|position)\b"
)
_TO_AND_FRO = re.compile(
    r"\b(?:from )?(?:side to side|side-to-side|left to right|right to left|one side to the other|left and "
    r"right|right and left)\b"
    r"|\bback[- ]and[- ]forth\b|\bup[- ]and[- ]down\b|\bto and fro\b"
)
_NOT_SHAKEN = re.compile(r"\b(?:eyes?|gaze|glanc\w*|look\w*|turn\w*|peer\w*|swivel\w*)\b")
_SIDE = re.compile(r"\b(left|right|up|down)\b")
_OTHER_SIDE = re.compile(
    r"\b(?:other|opposite) (?:side|way|direction|eye|one|eyebrow|brow|shoulder|corner)\b|\bthe other\b|\bvice "
    r"versa\b"
)
_OPPOSITE = {"left": "right", "right": "left", "up": "down", "down": "up"}
_AROUND_SIDES = frozenset(
    "back and to the his her their your own slightly slowly quickly a little bit over again side eye one at "
    "towards toward"
    " then it does do same on with way direction corner shoulder eyebrow brow just all finally too as well "
    "goes "
    " from now first next is far more further even both but only off followed by gradually suddenly gently "
    "rapidly very"
    " once twice repeatedly three two four times".split()
)
#: Parts that share a verb with what was said before ("closes her eyes and mouth").
_SHUTTABLE = frozenset("eyes mouth eyebrows brows chin head".split())
_LEADING = re.compile(
    r"^(?:(?:she|he|they|it|a|an|the|one|woman|man|girl|boy|person|lady|guy|actor|actress|speaker|someone|who"
    r"|is|are|young|old"
    r"|that|this|her|his|there|gives us|just|and|of|by|begins|starts|to) )+(?=\w)"
)
STILL = re.compile(
    r"^(?:(?:she|he|they|and|then|the|his|her|their|head|face|body|mouth) )*(?:keep|stay|hold|remain|sit|stand"
    r"|is|with|without)\w*\b.*\b(?:still|motionless|steady|unmoving|frozen|moving|in place|idle|quiet|(?:head"
    r"|face) (?:facing )?(?:forwards?|straight|level|ahead|front))"
    r"(?:ly)?$"
)
REPEATS_ALL = re.compile(
    rf"^{_SUBJECT}(?:(?:repeats?|loops?|do(?:es)?|goes) ?(?:it all|that all|everything|the (?:whole "
    rf")?(?:sequence|thing)|all of (?:it|that)|this|that|it)?"
    r"(?: (?:again|once more|over|from the (?:start|beginning)))*|from the (?:start|beginning) again)$"
)
_UNSAID = frozenset("neutral calm face_forward open_eyes close_mouth".split())
_VERBISH = re.compile(r"^\w{3,}(?:s|es|ing|ed)$")


def short(text: str) -> str:
    """The clause's own words: without subject and fillers, at most sixteen."""
    cut = _LEADING.sub("", text) if len(text.split()) > 2 else text
    return " ".join(cut.split()[:16]).strip(" ,:;")


def to_and_fro(text: str) -> tuple[str, str] | tuple[()]:
    """ "tilts her head from side to side" -> "tilts her head to the left", "... to the right"; () where it is none or
    a head shake."""
    said = _TO_AND_FRO.search(text)
    if said is None or not _NOT_SHAKEN.search(text):
        return ()
    plain = " ".join((text[: said.start()] + text[said.end() :]).split())
    plain = re.sub(r"\b(?:twice|repeatedly|(?:\w+ )?times|a few|constantly)\b", "", plain)
    ends = ("up", "down") if "up" in said.group(0) else ("to the left", "to the right")
    return f"{plain} {ends[0]}", f"{plain} {ends[1]}"


def releases(text: str, before: list[Clause]) -> bool:
    """Whether the words let go of what was done last ("then lowers them again")."""
    if not RELEASES.match(text):
        return False
    last = [c.entry for c in before if c.group == before[-1].group and c.entry is not None]
    for part, axes in _AXES_OF:
        if part in text:
            return any(entry.axis in axes for entry in last)
    return True


def with_antecedent(text: str, before: list[Clause]) -> str:
    """ "lifts it to the camera" -> "lifts the gaze to the camera"; other words as they are."""
    said = _PRONOUN.match(text)
    if said is None:
        return text
    for clause in reversed(before):
        part = next((w for w in clause.text.split() if w in lexicon.PARTS), None)
        if part is not None:
            return f"{said.group(1)} the {part}{said.group(3)}"
    return text


def gives_back(text: str, before: list[Clause]) -> bool:
    """Whether the head or gaze that went down is lifted again, or the reverse ("lowers his head, then raises it")."""
    last = before[-1].action or ""
    up, down = re.search(r"\b(?:rais|lift|bring|ris)\w*", text), re.search(r"\b(?:lower|drop)\w*", text)
    again = re.search(r"\b(?:it|them|again|back)\b", text)
    if again is None or re.search(r"\bto(?:wards?)? the (?:camera|viewer|lens)\b", text):
        return False
    return bool((up and last in ("look_down", "gaze_down")) or (down and last in ("look_up", "gaze_up")))


def completed(text: str, previous: Clause) -> str | None:
    """ "then right" takes its verb from "turns her head to the left"; None where nothing is left out."""
    said = previous.text
    other = _OTHER_SIDE.search(text)
    if other is not None:
        side = _SIDE.search(said) or re.search(r"left|right|up|down", previous.action or "")
        rest = [w for w in text.replace(other.group(0), " ").split() if w not in _AROUND_SIDES]
        if side is None or any(not w.endswith("ly") for w in rest) or not _SIDE.search(said):
            return None
        return _SIDE.sub(_OPPOSITE[side.group(0)], said)
    sides = _SIDE.findall(text)
    words = text.split()
    if words[-1] in _SHUTTABLE and all(w in lexicon.POSSESSIVES or w in ("also", "both") for w in words[:-1]):
        part = next((w for w in said.split() if w in _SHUTTABLE), None)
        return said.replace(part, words[-1]) if part is not None and part != words[-1] else None
    if " ".join(words) in ("open", "closed", "shut", "wide open", "open wide", "open again", "closed again"):
        part = next((w for w in said.split() if w in ("eyes", "eye", "mouth", "lips")), None)
        return None if part is None else f"{part} {words[0]}"
    if len(sides) != 1 or any(
        w not in _AROUND_SIDES and w != sides[0] and not w.endswith("ly") for w in words
    ):
        return None
    if words[0] in ("turns", "moves") and len(words) > 1 and not said:
        return None
    verb = re.sub(r" (?:at|towards?) the (?!left|right)\w+$", "", said)
    plain = [w for w in verb.split() if not (lexicon.SLOW.fullmatch(w) or lexicon.FAST.fullmatch(w))]
    how = [w for w in words if w.endswith("ly") or w in ("slightly", "little", "far")]
    verb = " ".join(plain)
    if _SIDE.search(verb):
        return " ".join([_SIDE.sub(sides[0], verb, count=1), *how])
    if previous.entry is not None and previous.entry.axis in (
        "yaw",
        "pitch",
        "roll",
        "gaze",
        "lean",
        "lids",
        "brows",
        "center",
    ):
        verb = re.sub(r"\b(?:back|forward|ahead|away|around|at the \w+|over \w+ shoulder)\b", "", verb)
        return " ".join([*verb.split(), "to the" if sides[0] in ("left", "right") else "", sides[0], *how])
    return None


def way_back(text: str, before: list[Clause]) -> list[tuple[str, str]]:
    """What "and back", "returns to neutral", "relaxes" undo: [(words, action name)], [] where it is no such thing."""
    rest = _REST.search(text)
    if rest is None and not _BACK.match(text):
        return []
    since = _since_rest(before) if rest is not None else [c for c in before if c.group == before[-1].group]
    entries = [c.entry for c in since if c.entry is not None and c.action not in _UNSAID]
    axes = {entry.axis for entry in entries}
    names: list[tuple[str, str]] = []
    head = bool(axes & {"yaw", "pitch", "roll", "gaze", "lean"})
    face = bool(axes & {"mouth", "brows", "mood", "jaw", "lids"})
    if head and not (_FACE_ONLY.search(text) and face):
        names.append(("turns back to the front", "face_forward"))
    if face and not (_HEAD_ONLY.search(text) and head):
        names.append(("returns to a neutral expression", "neutral"))
        if (
            "lids" in axes
            and "open_eyes" in ACTION_BY_NAME
            and any(e.targets.get("lid_left") for e in entries)
        ):
            names[-1] = (
                ("opens the eyes", "open_eyes")
                if axes & {"mouth", "brows", "mood", "jaw"} == set()
                else names[-1]
            )
    if not names and rest is not None:
        names.append(("returns to a neutral expression", "neutral"))
    return names


def _since_rest(before: list[Clause]) -> list[Clause]:
    """Everything since the last return to rest."""
    begin = max((i + 1 for i, c in enumerate(before) if c.action == "neutral"), default=0)
    return before[begin:]


def seems_an_action(text: str) -> bool:
    """Whether words that nobody knows look like something to do ("juggles"), not like a description."""
    words = _LEADING.sub("", text + " ").split()
    if not words or words[0] in lexicon.POSTURE or re.fullmatch(lexicon.ELSEWHERE, words[0]):
        return False
    if words[0] in lexicon.PARTS or words[0] in lexicon.MANNER:
        return len(words) > 1 and any(_VERBISH.match(w) and w not in lexicon.POSTURE for w in words[1:])
    return bool(_VERBISH.match(words[0])) or is_action_word(words[0])
