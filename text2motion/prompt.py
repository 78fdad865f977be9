"""A prompt becomes clauses: one action each, with its role (motion or emotion), its order, speed, count and
times.

MotionDM reads the motion part, EmotionDM the emotion part (the split of the MVPortrait paper); both also see
the other part's spans, so that "then" means the same for head and face.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from flame.errors import PromptError, input_error
from text2motion.corpus.actions import CYCLE, MOTION, Action
from text2motion.corpus.vocabulary import ACTIONS, recognise
from text2motion.corpus.vocabulary_mood import MOOD_ACTIONS
from text2motion.corpus.vocabulary_motion import MOTION_ACTIONS
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE, Clause

LONGEST_PROMPT = 1000
_MOST_CLAUSES = 24

_NUMBER = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_THEN = re.compile(
    r"[.;!?\n]+|,?\s*\b(?:and\s+)?(?:then|afterwards?|after that|after which|next|finally|lastly|at last"
    r"|followed by"
    r"|subsequently|later|eventually|before finally|in the end)\b\s*,?"
)
_WITH = re.compile(
    r",?\s*\b(?:while|whilst|as (?:she|he|they|it) |at the same time(?: as)?|simultaneously|meanwhile"
    r"|along with|together with"
    r"|all the while)\b"
)
_AND = re.compile(r"\s*,\s*(?:and\s+|but\s+|or\s+)?|\s+(?:and|but|&|plus)\s+")
_WITH_PART = re.compile(
    r"\s+with\s+(?!(?:the|his|her|their|your|only|just|both|one|its)?\s*(?:(?!raised|arched|closed|shut"
    r"|wide|open|furrowed|narrowed|pursed|pressed|lowered|bowed)\w+\s+)?"
    r"(?:eyes?|head|mouth|lips?|brows?|eyebrows?|face|corners?|side|neck|eyelids?)\b(?!\s+\w))"
)
_TIMED = re.compile(
    r"(?:from\s+)?(\d+(?:\.\d+)?)\s*(?:s|sec|secs|seconds)?\s*(?:-|–|—|to|until)\s*(\d+(?:\.\d+)?)\s*(?:s"
    r"|sec|secs|seconds)\b\s*[:,]?"
)
_FOR_SECONDS = re.compile(
    r"\bfor (?:about )?(\d+(?:\.\d+)?|one|two|three|four|five|six|a) (?:s|sec|secs|seconds?)\b"
)
_DIRECTION = re.compile(r"\b(left|right|up|down)(wards?)?\b")
_ONLY_DIRECTION = re.compile(
    r"^(?:back |and |to |the |his |her |their |your |own |slightly |slowly |quickly |a little |a bit "
    r"|towards? |over |again )*"
    r"(left|right|up|down)(?:wards?)?(?: side| eye| one| again| slowly| quickly| slightly| a little| a bit"
    r"| at the \w+| to(?:wards?)? the \w+)*$"
)
_ONLY_BACK = re.compile(r"^(?:and |then )*(?:back|back again|returns?|goes back|comes back|return)$")
_COUNT = re.compile(
    r"\b(\d{1,2}|two|three|four|five|six|several|a few|a couple of|many|multiple)\s*(?:x|times)\b"
)
_SINGLE = re.compile(
    r"\b(?:a|one|single)\s+(?:\w+\s+)?(?:nod|blink|wink|shake|eye roll)\b|\bonce\b|\bone time\b"
)
_SLOW = re.compile(r"\b(slow(ly)?|gradual(ly)?|leisurely|gently|unhurried)\b")
_FAST = re.compile(
    r"\b(quick(ly)?|rapid(ly)?|sudden(ly)?|abrupt(ly)?|swift(ly)?|fast|sharply|briskly|brief(ly)?)\b"
)
_NEGATED = re.compile(r"\b(without|never|not|don'?t|doesn'?t|no longer|isn'?t|avoids?)\b")
_FILLER = re.compile(
    r"^(?:(?:first|firstly|initially|please|now|a video of|video of|portrait of|begins by|starts by|and|,"
    r"|she|he) )+"
)


@dataclass(frozen=True)
class SplitPrompt:
    """What a prompt says, clause by clause.

    Attributes:
        clauses: in the order of their groups.
        motion_text, emotion_text: the two parts as running text ("" where the prompt is silent).
        warnings: one line each, for the user.
    """

    clauses: tuple[Clause, ...]
    motion_text: str
    emotion_text: str
    warnings: tuple[str, ...] = ()


def check_prompt(text: object) -> str:
    """Return the prompt with its white space tidied.

    Raises:
        PromptError: not a string, empty, longer than 1,000 characters, or with control characters.
    """
    if not isinstance(text, str):
        raise input_error(
            PromptError,
            "a prompt must be text",
            type(text).__name__,
            'give a sentence such as "smiles and nods"',
        )
    if len(text) > LONGEST_PROMPT:
        raise input_error(
            PromptError,
            f"a prompt may have at most {LONGEST_PROMPT} characters",
            f"{len(text)} characters",
            "shorten it, or split it into several clips",
        )
    bad = next((c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Co") and c not in "\n\r\t"), None)
    if bad is not None:
        raise input_error(PromptError, "a prompt may not contain control characters", repr(bad), "remove it")
    tidy = " ".join(unicodedata.normalize("NFKC", text).split(" ")).strip()
    if not any(c.isalnum() for c in tidy):
        raise input_error(
            PromptError,
            "the prompt is empty",
            repr(text[:20]),
            'say what should move, e.g. "smiles and nods"',
        )
    return tidy


def split_prompt(text: str) -> SplitPrompt:
    """Split a prompt into ordered clauses.

    Raises:
        PromptError: see :func:`check_prompt`.
    """
    tidy = _rewritten(check_prompt(text).lower())
    clauses: list[Clause] = []
    for span, part in _timed_parts(tidy):
        first = 1 + max((c.group for c in clauses), default=-1)
        found = _clauses_of(part, first)
        clauses += found if span is None else _with_span(found, span)
    warnings: list[str] = []
    if not any(c.action for c in clauses):
        short = " ".join(tidy.split())[:200]
        clauses = (
            [Clause(short, MOTION_ROLE), Clause(short, EMOTION_ROLE)] if not _NEGATED.search(tidy) else []
        )
        warnings.append(
            f"no known facial action was found in the prompt: {short[:60]}; expect calm idle motion"
        )
    if len(clauses) > _MOST_CLAUSES:
        warnings.append(
            f"the prompt has more than {_MOST_CLAUSES} actions: {len(clauses)}; the rest is left out"
        )
        clauses = clauses[:_MOST_CLAUSES]
    parts = {
        role: ", then ".join(c.text for c in clauses if c.role == role)
        for role in (MOTION_ROLE, EMOTION_ROLE)
    }
    return SplitPrompt(tuple(clauses), parts[MOTION_ROLE], parts[EMOTION_ROLE], tuple(warnings))


# ---------------------------------------------------------------------------------------------- sentences


def _rewritten(text: str) -> str:
    """Idioms whose "and", "before" or "after" would mislead the splitter, put into plain order."""
    text = text.replace("’", "'").replace("`", "'").replace("“", "").replace("”", "").replace('"', "")
    text = re.sub(
        r"\bhead (\w+ )?up and down|\bsh\w+ \w+ head left and right",
        lambda m: m.group(0).replace(" and ", "-and-"),
        text,
    )
    text = re.sub(r"\bfrom (the )?(left|right) to (the )?(left|right)\b", r"to the \2, then to the \4", text)
    text = re.sub(
        r"\b(clos|shut)(\w*) ([\w ]*?)\b(eyes|mouth)\b(.*?)\b(re)?open(s|ing)? (them|it)\b",
        r"\1\2 \3\4\5open\7 \4",
        text,
    )
    text = re.sub(r"\s+(without|instead of|rather than)\s+", r", \1 ", text)
    text = re.sub(r"\b(left|right) to (left|right)\b", r"\1, then \2", text)
    text = re.sub(
        r"(?:\b\w+ (?:expression|face|mood|look) )?(?:\b\w+ )?\bfrom ([\w ]+?) to (?!the\b|side\b)(\w+)",
        _mood_change,
        text,
    )
    return re.sub(r"(\d)\.(\d)", r"\1·\2", text)  # keep decimals through the sentence split


def _mood_change(match: re.Match[str]) -> str:
    both = [any(m.matches(match.group(i)) for m in MOOD_ACTIONS) for i in (1, 2)]
    return f"looks {match.group(1)}, then looks {match.group(2)}" if all(both) else match.group(0)


def _timed_parts(text: str) -> list[tuple[tuple[float, float] | None, str]]:
    """Cut at "0-2s:" marks: [(span or None, text)]."""
    plain = text.replace("·", ".")
    marks = list(_TIMED.finditer(plain))
    if not marks:
        return [(None, text)]
    parts: list[tuple[tuple[float, float] | None, str]] = []
    if plain[: marks[0].start()].strip(" ,;"):
        parts.append((None, plain[: marks[0].start()]))
    for index, mark in enumerate(marks):
        start, end = float(mark.group(1)), float(mark.group(2))
        if end <= start:
            raise input_error(
                PromptError,
                "a time span must end after it starts",
                mark.group(0),
                'write for example "0-2s: nods"',
            )
        stop = marks[index + 1].start() if index + 1 < len(marks) else len(plain)
        parts.append(((start, end), plain[mark.end() : stop]))
    return parts


def _with_span(clauses: list[Clause], span: tuple[float, float]) -> list[Clause]:
    """Share a given span among the groups inside it."""
    groups = sorted({c.group for c in clauses})
    step = (span[1] - span[0]) / max(len(groups), 1)
    return [
        replace(
            c, span=(span[0] + step * groups.index(c.group), span[0] + step * (groups.index(c.group) + 1))
        )
        for c in clauses
    ]


def _clauses_of(text: str, first_group: int) -> list[Clause]:
    """All clauses of a piece of text, numbered from ``first_group``."""
    clauses: list[Clause] = []
    group = first_group
    for step in _ordered_steps(text):
        found: list[Clause] = []
        for fragment in _fragments(step):
            previous = found[-1] if found else (clauses[-1] if clauses else None)
            found += _place(_read_fragment(fragment, previous), found, group)
        if found:
            clauses += found
            group = 1 + max(c.group for c in found)
    return clauses


def _ordered_steps(text: str) -> list[str]:
    """Cut at what means "and after that", and turn "before" and "after" round."""
    steps: list[str] = []
    for sentence in _THEN.split(text):
        sentence = sentence.strip(" ,")
        if not sentence:
            continue
        lead = re.match(r"^(before|after|once) (.+?), (.+)$", sentence)
        if lead and recognise(lead.group(2)) and recognise(lead.group(3)):
            pair = [lead.group(2), lead.group(3)]
            steps += pair if lead.group(1) != "before" else pair[::-1]
            continue
        middle = re.match(r"^(.+?),?\s+(before|after)\s+(.+)$", sentence)
        if middle and recognise(middle.group(1)) and recognise(middle.group(3)):
            pair = [middle.group(1), middle.group(3)]
            steps += pair if middle.group(2) == "before" else pair[::-1]
            continue
        steps.append(sentence)
    return steps


def _fragments(step: str) -> list[str]:
    """Cut what happens together into single actions; words that are no action stay with their neighbour."""
    pieces = [p for part in _WITH.split(step) for w in _split_with(part) for p in _AND.split(w)]
    fragments: list[str] = []
    pending = ""
    for piece in pieces:
        piece = _FILLER.sub("", piece.strip(" ,:").replace("·", "."))
        if not piece:
            continue
        known = recognise(piece) is not None or _ONLY_DIRECTION.match(piece) or _ONLY_BACK.match(piece)
        if known:
            fragments.append(f"{pending} {piece}".strip() if pending and len(pending) < 40 else piece)
            pending = ""
        elif fragments and _is_modifier(piece):
            fragments[-1] += " " + piece
        elif not fragments:
            pending = piece
    return fragments


def _split_with(part: str) -> list[str]:
    """Cut at "with" where an action of its own follows ("nods with a smile", not "winks with the left
    eye")."""
    pieces = _WITH_PART.split(part)
    merged = [pieces[0]]
    for piece in pieces[1:]:
        if recognise(piece) is not None and recognise(merged[-1]) is not None:
            merged.append(piece)
        else:
            merged[-1] += " with " + piece
    return merged


def _is_modifier(piece: str) -> bool:
    return bool(_COUNT.search(piece) or _SINGLE.search(piece) or _SLOW.search(piece) or _FAST.search(piece)
                or re.search(r"\b(twice|thrice|repeatedly|slightly|widely|broadly|again)\b",
                    piece))  # fmt: skip


# ---------------------------------------------------------------------------------------------- one action


def _read_fragment(fragment: str, previous: Clause | None) -> list[Clause]:
    """The clauses of one fragment: its action, and the mood an adverb gives it ("shakes his head
    angrily")."""
    if _NEGATED.search(fragment) and not re.search(r"emotion|expression", fragment):
        return []
    fragment = _completed(fragment, previous)
    action = recognise(fragment)
    if action is None:
        return []
    clauses = []
    text = fragment
    if action not in MOOD_ACTIONS:
        mood = next(
            (m for m in MOOD_ACTIONS if m.name not in ("neutral", "calm") and m.matches(fragment)), None
        )
        if mood is not None and not (action.domain != MOTION and action.name in ("gasp", "yawn")):
            words = mood.regex.search(fragment)
            word = next((w for w in fragment.split() if words and words.group(0).strip()[:4] in w), mood.name)
            text = re.sub(r"\b(in|with)\s+" + re.escape(word) + r"|" + re.escape(word), "", fragment)
            text = " ".join(text.split()) if recognise(" ".join(text.split())) is action else fragment
            clauses.append(_clause(word, mood.name, MOTION_ROLE if mood.domain == MOTION else EMOTION_ROLE))
    clauses.insert(0, _clause(text, action.name, MOTION_ROLE if action.domain == MOTION else EMOTION_ROLE))
    if action.domain != MOTION and re.search(r"\b(nod|shak|tilt)", fragment):
        second = next((a for a in MOTION_ACTIONS if a.matches(fragment)), None)
        if second is not None:
            clauses.append(_clause(text, second.name, MOTION_ROLE))
    return clauses


def _completed(fragment: str, previous: Clause | None) -> str:
    """ "then right" takes its verb from "turns her head to the left"."""
    if _ONLY_BACK.match(fragment):
        return "turns back to the front"
    only = _ONLY_DIRECTION.match(fragment)
    if only is None or previous is None:
        return fragment
    verb = re.sub(r" (?:at|towards?) the (?!left|right)\w+$", "", previous.text)
    return _DIRECTION.sub(only.group(1), verb, count=1) if _DIRECTION.search(verb) else fragment


def _clause(text: str, action: str, role: int) -> Clause:
    hold = _FOR_SECONDS.search(text)
    seconds = None
    if hold is not None:
        word = hold.group(1)
        seconds = float(_NUMBER.get(word, 1 if word == "a" else 0) or word)
        text = " ".join(_FOR_SECONDS.sub("", text).split())
    speed = -1 if _SLOW.search(text) else 1 if _FAST.search(text) else 0
    known = next(a for a in ACTIONS if a.name == action)
    count = _count_of(text) if known.kind == CYCLE else 0
    return Clause(text, role, action=action, speed=speed, count=count, hold_seconds=seconds)


def _count_of(text: str) -> int:
    """Repetitions that the words ask for, 0 when they ask for none in particular."""
    if re.search(r"\b(twice|double)\b", text):
        return 2
    if re.search(r"\b(thrice|triple)\b", text):
        return 3
    said = _COUNT.search(text)
    if said is not None:
        word = said.group(1)
        return min(int(word), 8) if word.isdigit() else _NUMBER.get(word, 2 if "couple" in word else 3)
    if re.search(r"\brepeatedly\b", text):
        return 4
    return 1 if _SINGLE.search(text) else 0


def _place(new: list[Clause], found: list[Clause], group: int) -> list[Clause]:
    """Give clauses their group: together with those before, or after them where both need the same
    muscles."""
    placed = []
    for clause in new:
        current = max((c.group for c in found), default=group)
        entry = clause.entry
        clash = any(
            c.group == current and c.entry is not None and entry is not None and _clash(c.entry, entry)
            for c in found
        )
        listed = entry is not None and entry.domain == MOTION and _is_list(found, current)
        placed.append(replace(clause, group=current + 1 if clash or listed else current))
    return placed


def _is_list(found: list[Clause], current: int) -> bool:
    """Whether head movements are being listed one after the other ("look left, look right, look up")."""
    moves = [c for c in found if c.role == MOTION_ROLE]
    return bool(moves) and moves[-1].group == current and moves[0].group < current


def _clash(earlier: Action, later: Action) -> bool:
    """Whether two actions cannot be meant to happen at once. Moods blend; looking ahead ends any turn."""
    if later.axis == "center":
        return earlier.axis in later.channels
    return earlier.axis == later.axis != "mood"
