"""One facial action: what moves, for how long, what it excludes, and the words people use for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from text2motion.corpus.controls import expand_targets
from text2motion.corpus.paraphrases import PARAPHRASES

MOTION = "motion"
EMOTION = "emotion"

HOLD = "hold"  # rises, then stays until released
CYCLE = "cycle"  # repeats `count` times and is over
SUSTAIN = "sustain"  # keeps going until released


@dataclass(frozen=True)
class Action:
    """An entry of the vocabulary.

    ``seconds`` is the onset of a HOLD, one period of a CYCLE, the least length of a SUSTAIN; all at ordinary
    speed. ``axis`` is
    what the action occupies: two actions of one axis follow each other, never overlap. ``channels`` is all
    it holds: a later action whose axis is among them lets it go. ``pattern`` recognises the action in a
    prompt (searched in lower case). ``phrases`` are imperative, first word the verb, with ``{poss}`` for the
    possessive; a phrase that begins with ``=`` is taken as it stands; those of ``paraphrases`` are appended.
    """

    name: str
    domain: str
    kind: str
    axis: str
    seconds: float
    pattern: str
    phrases: tuple[str, ...]
    targets: dict[str, float] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    performer: str = ""
    counts: tuple[int, ...] = (1,)

    def __post_init__(self) -> None:
        object.__setattr__(self, "phrases", self.phrases + PARAPHRASES.get(self.name, ()))
        object.__setattr__(self, "targets", expand_targets(self.targets))
        object.__setattr__(self, "channels", tuple(dict.fromkeys((self.axis, *self.channels))))

    def repeats(self, count: int) -> bool:
        """Whether the action, asked for ``count`` times (0: unsaid), comes and goes by itself: a CYCLE always, a
        HOLD where it is counted ("raises the brows twice")."""
        return self.kind == CYCLE or (self.kind == HOLD and count > 1)

    def active_seconds(self, count: int) -> float:
        """Usual length of the active part: all repetitions of what repeats, else the onset or the least
        length."""
        if self.kind == CYCLE:
            return self.seconds * max(count, 1)
        if self.repeats(count):
            return count * (1.7 * self.seconds + 0.15)
        return self.seconds

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled ``pattern``."""
        return re.compile(self.pattern)

    def matches(self, text: str) -> bool:
        """Whether a lower-case text names this action."""
        return self.regex.search(text) is not None

    def releases(self, earlier: Action) -> bool:
        """Whether starting this action ends ``earlier``, where that is still held."""
        return self.axis in earlier.channels or earlier.axis in self.channels


def mirrored(make, **side_words: tuple[str, str]) -> tuple[Action, ...]:
    """The left and the right version of an action: ``make(side, sign, ...)`` with sign +1 for the subject's
    left."""
    extra_left = {key: words[0] for key, words in side_words.items()}
    extra_right = {key: words[1] for key, words in side_words.items()}
    return make("left", 1.0, **extra_left), make("right", -1.0, **extra_right)
