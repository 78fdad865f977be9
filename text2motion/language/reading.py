"""Steps and fragments become clauses: what each names, what it leaves out because it was said before, and
which happen together."""

from __future__ import annotations

import re
from dataclasses import replace

from text2motion.corpus.actions import CYCLE, HOLD, MOTION, Action
from text2motion.corpus.vocabulary import ACTION_BY_NAME
from text2motion.language import ellipsis, lexicon
from text2motion.language.modifiers import Manner, count_of, manner_of
from text2motion.language.order import fragments_of, steps_of
from text2motion.language.recognition import actions_in
from text2motion.language.timing import Marks, take_marks
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE, Clause

_EYES_ONLY = re.compile(
    r"\bwithout (?:moving|turning) (?:\w+ )?(?:head|face|neck)|\b(?:head|face) (?:\w+ )?(?:still|steady"
    r"|unmoving|motionless|facing forward)"
    r"|\b(?:only|just|merely) (?:with )?(?:the|his|her|their|your) eyes|\bwith (?:only|just) (?:the |his |her "
    r"|their )?eyes|\beyes only\b"
    r"|\bnot (?:moving|turning) (?:\w+ )?head"
)
_RELEASE_SECONDS = 0.4


class Reader:
    """Reads one prompt from front to back; ``clauses`` and ``unknown`` (fragments not understood) grow."""

    def __init__(self, nearest) -> None:
        self.clauses: list[Clause] = []
        self.unknown: list[str] = []
        self.guessed: list[tuple[str, str]] = []  # (words, action name) that only the meaning suggested
        self._nearest = nearest  # text -> list of (text, Action): the fallback by meaning
        self._group = -1
        self._step_first = 0
        self._pending = Marks()
        self._beforehand = ""

    def read(self, text: str) -> None:
        """Read a stretch of text; its first action comes after everything read before."""
        for step in steps_of(text, _acts):
            self._group += 1
            self._step_first = len(self.clauses)
            begin = len(self.clauses)
            for fragment in fragments_of(_with_negations_spread(step), _acts):
                self._read_fragment(fragment)
            if _EYES_ONLY.search(step):
                self.clauses[begin:] = [_with_eyes_only(c) for c in self.clauses[begin:]]
            if len(self.clauses) > self._step_first:
                self._group = self.clauses[-1].group
            else:
                self._group -= 1

    # ------------------------------------------------------------------------------------------ fragments

    def _read_fragment(self, fragment: str) -> None:
        text, marks = take_marks(fragment)
        self._pending = _joined(self._pending, marks)
        text = text.strip(" ,:.")
        if not text:
            return
        if lexicon.NEGATED.search(text):
            if ellipsis.ENDS.search(text):
                self._release()
                return
            if re.search(r"\bblink", text) and "stare" in ACTION_BY_NAME:
                self._add("stares without blinking", ACTION_BY_NAME["stare"], together=True)
            text = lexicon.NEGATED.split(text)[0].strip(" ,")
            if not text or not _acts(text):
                return
        if self._read_ellipsis(text) or ellipsis.STILL.match(text):
            return
        if not self.clauses and re.match(r"^(?:to (?:the )?)?(?:left|right|up|down)$", text):
            text = f"looks {text}"
        if self._goes_to_and_fro(text):
            return
        found = actions_in(text)
        if not found and self._says_how_beforehand(text):
            return
        if not found and self.clauses and self._modifies(text):
            return
        if not found:
            found = self._nearest(text)
            self.guessed += [(words, action.name) for words, action in found]
        if not found:
            if ellipsis.seems_an_action(text):
                self.unknown.append(text)
            return
        for words, action in found:
            self._add(words, action)

    def _read_ellipsis(self, text: str) -> bool:
        """Fragments that lean on what was said before: "then right", "and back", "again", "holds it"."""
        before = self.clauses
        if not before:
            return False
        if ellipsis.HOLDS.match(text):
            self._hold(text)
            return True
        if (
            re.match(r"^(?:and )?(?:repeat|loop)", text)
            and ellipsis.REPEATS_ALL.match(text)
            and count_of(text) == 0
        ):
            self._repeat_all()
            return True
        if ellipsis.REPEATS.match(text):
            self._repeat(count_of(text) or 1)
            return True
        if ellipsis.releases(text, before) or ellipsis.gives_back(text, before):
            self._release()
            return True
        meant = ellipsis.with_antecedent(text, before)
        if meant != text and actions_in(meant):
            for words, action in actions_in(meant):
                self._add(words, action)
            return True
        back = ellipsis.way_back(text, before)
        if back:
            self._group += 1 if len(before) > self._step_first else 0
            for words, name in back:
                self._add(words, ACTION_BY_NAME[name], together=True)
            return True
        if re.search(r"\bones?$", text) and before[-1].entry is not None and before[-1].entry.kind == CYCLE:
            self._add(re.sub(r"\bones?$", f"{before[-1].action}s", text), before[-1].entry)
            return True
        leading = next(
            (c for c in reversed(before) if c.entry is not None and c.entry.axis != "mood"), before[-1]
        )
        completed = ellipsis.completed(text, leading)
        if completed is None:
            return False
        found = actions_in(completed)
        manner = manner_of(text, None)[1]
        if (
            len(found) == 1
            and found[0][1] is not before[-1].entry
            and (manner.count > 1 or lexicon.KEEPS.search(text))
        ):
            self._add(completed, found[0][1], count=0)
            self._repeat_pair((manner.count or 2) - 1)
            return True
        for words, action in found:
            self._add(words, action)
        return bool(found)

    def _goes_to_and_fro(self, text: str) -> bool:
        """ "eyes dart side to side": one side and the other, twice unless a count is said."""
        known = actions_in(text)
        if known and known[0][1].kind != HOLD and known[0][1].name != "shake":
            return False
        found = ellipsis.to_and_fro(text)
        pair = [actions_in(side) for side in found]
        if not pair or any(len(side) != 1 for side in pair) or any(s[0][1].kind != HOLD for s in pair):
            return False
        for index, side in enumerate(pair):
            self._group += 1 if index else 0
            self._add(*side[0], count=0)
        self._group = self.clauses[-1].group
        self._repeat_pair((count_of(text) or 2) - 1)
        return True

    def _says_how_beforehand(self, text: str) -> bool:
        """ "slowly, she turns left": words that only say how, before anything of their step."""
        manner = manner_of(text, None)[1]
        if len(self.clauses) > self._step_first or not (manner.speed or manner.size) or manner.count:
            return False
        if re.search(rf"\b{lexicon.ELSEWHERE}\b", text):
            return False
        rest = text
        for words in (lexicon.SLOW, lexicon.FAST, lexicon.SMALL, lexicon.LARGE):
            rest = words.sub(" ", rest)
        if any(word not in lexicon.FILLERS and not word.endswith("ly") for word in rest.split()):
            return False
        self._beforehand = text
        return True

    def _modifies(self, text: str) -> bool:
        """Words that are no action but say how ("twice", "very slowly"): they go to the action before."""
        text, manner = manner_of(text, self.clauses[-1].entry)
        if manner == Manner() or len(text.split()) > 6 or ellipsis.seems_an_action(text):
            return False
        last = self.clauses[-1]
        if manner.count and last.count and manner.speed != last.speed:  # "nods once slowly and twice quickly"
            self._group = last.group + 1
            self.clauses.append(
                replace(last, text=text, group=self._group, count=manner.count, speed=manner.speed)
            )
            return True
        self.clauses[-1] = replace(
            last,
            speed=manner.speed or last.speed,
            size=manner.size or last.size,
            count=manner.count
            if manner.count and last.entry and last.entry.repeats(manner.count)
            else last.count,
            hold_seconds=manner.hold_seconds or last.hold_seconds,
            fills=last.fills or manner.fills,
        )
        return True

    # -------------------------------------------------------------------------------------------- clauses

    def _add(self, words: str, action: Action, *, together: bool = False, count: int | None = None) -> None:
        if self._beforehand:
            words, self._beforehand = f"{self._beforehand} {words}", ""
        text, manner = manner_of(words, action)
        said = manner.count if count is None else count
        marks, self._pending = self._pending, Marks()
        clause = Clause(
            ellipsis.short(text) or words,
            MOTION_ROLE if action.domain == MOTION else EMOTION_ROLE,
            group=self._group,
            action=action.name,
            speed=manner.speed,
            count=said
            if action.kind == CYCLE or (said > 1 and action.kind == HOLD and action.axis != "mood")
            else 0,
            hold_seconds=manner.hold_seconds,
            size=manner.size,
            delay=marks.delay,
            at=marks.at,
            where=marks.where,
            fills=manner.fills,
        )
        step = self.clauses[self._step_first :]
        if self._said_already(clause, words, marks):
            return
        if (step and marks) or (not together and (_clashes(clause, step) or _becomes(clause, step, words))):
            self._group += 1
            clause = replace(clause, group=self._group)
        if (
            action.kind == HOLD
            and not said
            and lexicon.KEEPS.search(words)
            and _repeats(words)
            and action.axis != "mood"
        ):
            clause = replace(clause, count=3)
        self.clauses.append(clause)
        if clause.count > 1 and action.kind == HOLD:
            self._repeat_with_opposite(clause)

    def _said_already(self, clause: Clause, words: str, marks: Marks) -> bool:
        """The same action once more in other words ("tilts her head, ear to shoulder") is one action."""
        if marks or len(self.clauses) <= self._step_first or re.search(r"\bagain\b|\bonce more\b", words):
            return False
        last = self.clauses[-1].group
        for index in range(self._step_first, len(self.clauses)):
            same = self.clauses[index]
            if same.group == last and same.action == clause.action:
                self.clauses[index] = replace(
                    same,
                    speed=same.speed or clause.speed,
                    size=same.size or clause.size,
                    count=same.count or clause.count,
                    hold_seconds=same.hold_seconds or clause.hold_seconds,
                )
                return True
        return False

    def _repeat_with_opposite(self, clause: Clause) -> None:
        """A held action said several times right after its opposite: the pair is repeated ("opens and closes her
        mouth three times"); alone it comes and goes by itself."""
        previous = self.clauses[-2] if len(self.clauses) > 1 else None
        if previous is None or previous.group != clause.group - 1 or not _clash(previous.entry, clause.entry):
            return
        self.clauses[-1] = replace(clause, count=0)
        self._repeat_pair(clause.count - 1)

    def _repeat_pair(self, times: int) -> None:
        pair = self.clauses[-2:]
        for _ in range(times):
            for clause in pair:
                self._group += 1
                self.clauses.append(replace(clause, group=self._group, delay=0.0, at=None, where=None))

    def _repeat(self, times: int) -> None:
        """Do the last group again."""
        last = self.clauses[-1].group
        group = [clause for clause in self.clauses if clause.group == last]
        for _ in range(times):
            self._group = max(self._group, self.clauses[-1].group) + 1
            if all(c.entry is not None and c.entry.kind == HOLD for c in group):
                self._soften(last)
            marks, self._pending = self._pending, Marks()
            self.clauses += [
                replace(c, group=self._group, delay=marks.delay, at=marks.at, where=marks.where)
                for c in group
            ]

    def _repeat_all(self) -> None:
        """Do everything again, in the same order."""
        shift = 1 + self.clauses[-1].group - self.clauses[0].group
        self.clauses += [replace(c, group=c.group + shift, at=None, where=None) for c in self.clauses]
        self._group = self.clauses[-1].group

    def _soften(self, group: int) -> None:
        self.clauses = [
            replace(c, hold_seconds=c.hold_seconds or _RELEASE_SECONDS) if c.group == group else c
            for c in self.clauses
        ]

    def _hold(self, text: str) -> None:
        """ "holds it (for two seconds)": the last group stays."""
        seconds = manner_of(text, None)[1].hold_seconds
        if seconds is None:
            return
        last = self.clauses[-1].group
        self.clauses = [replace(c, hold_seconds=seconds) if c.group == last else c for c in self.clauses]

    def _release(self) -> None:
        """ "then lowers them again": the last group is let go."""
        self._soften(self.clauses[-1].group) if self.clauses else None


def _acts(text: str) -> bool:
    plain, _ = take_marks(text)
    return bool(actions_in(lexicon.NEGATED.split(plain)[0].strip(" ,"))) if plain else False


def _with_negations_spread(step: str) -> str:
    """ "without smiling or blinking" -> "without smiling, without blinking"; a negation begins a fragment."""
    step = re.sub(r"\b(without|neither|never|not)\b([^,;.]*?)\s+(?:or|nor)\s+", r"\1\2, without ", step)
    step = re.sub(
        r"^(without|not|never|instead of) ([\w ]+?) (?=(?:she|he|they|the (?:woman|man|girl|boy|person|actor)) "
        r"\w+)",
        r"\1 \2, ",
        step,
    )
    return re.sub(r"\s+(without|instead of|rather than|not (?=\w+ing))\b", r", \1", step)


def _with_eyes_only(clause: Clause) -> Clause:
    """ "looks right without moving the head" is a matter of the eyes."""
    name = re.sub(r"^(?:look|turn)_(left|right|up|down)$", r"gaze_\1", clause.action or "")
    return replace(clause, action=name) if name in ACTION_BY_NAME else clause


def _joined(first: Marks, second: Marks) -> Marks:
    return Marks(
        first.delay + second.delay,
        second.at if second.at is not None else first.at,
        second.where if second.where is not None else first.where,
    )


def _repeats(words: str) -> bool:
    return (
        re.search(r"repeated|over and over|again and again|times|constantly|in a loop|on repeat", words)
        is not None
    )


def _becomes(clause: Clause, step: list[Clause], words: str) -> bool:
    """ "starts sad and gradually becomes happy": a mood that comes to be follows the mood before."""
    turning = re.search(r"\b(?:becom|grow|turn|gets?|getting|gradually|chang|brighten)", words)
    mood = clause.entry is not None and clause.entry.axis == "mood"
    return bool(
        turning and mood and any(c.group == clause.group and c.entry and c.entry.axis == "mood" for c in step)
    )


def _clashes(clause: Clause, step: list[Clause]) -> bool:
    """Whether a clause cannot be meant to happen with the last ones of its step."""
    if not step:
        return False
    current = step[-1].group
    if any(c.group == clause.group and _clash(c.entry, clause.entry) for c in step):
        return True
    moves = [c for c in step if c.role == MOTION_ROLE]
    listed = bool(moves) and moves[-1].group == current and moves[0].group < current
    return clause.role == MOTION_ROLE and listed


def _clash(earlier: Action | None, later: Action | None) -> bool:
    """Whether two actions need the same muscles. Moods blend; looking ahead ends any turn; up and left do not
    exclude each other."""
    if earlier is None or later is None:
        return False
    if later.axis == "center":
        return earlier.axis in later.channels
    if earlier.axis == later.axis == "gaze" and {earlier.name.split("_")[-1], later.name.split("_")[-1]} in (
        {"up", "left"}, {"up", "right"}, {"down", "left"}, {"down", "right"},
    ):  # fmt: skip
        return False
    return earlier.axis == later.axis != "mood"
