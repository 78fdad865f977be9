"""Random scenes: ordered groups of captioned actions, planned, performed. The corpus is a function of the
seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flame.sequence import FlameSequence
from flame.timing import DEFAULT_FPS, frame_count
from text2motion.corpus.actions import CYCLE, HOLD, MOTION, SUSTAIN, Action
from text2motion.corpus.performance import controls_to_sequence, perform
from text2motion.corpus.performers import Event
from text2motion.corpus.phrases import caption, sizes_of, speeds_of
from text2motion.corpus.vocabulary import ACTION_BY_NAME
from text2motion.corpus.vocabulary_eyes import EYE_ACTIONS
from text2motion.corpus.vocabulary_mood import MOOD_ACTIONS
from text2motion.corpus.vocabulary_motion import MOTION_ACTIONS
from text2motion.corpus.vocabulary_mouth import MOUTH_ACTIONS
from text2motion.corpus.vocabulary_voice import VOICE_ACTIONS
from text2motion.generation import with_lid_follow
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE, Clause, PlannedClause, plan

#: What a caption of an action may say: (action name, speed, size, count).
Saying = tuple[str, int, int, int]

_REACTION_SECONDS = 0.12  # nothing moves before: a clip starts at rest, and eyes run ahead of heads
SIZE_FACTOR = {-1: 0.5, 0: 1.0, 1: 1.4}
_GROUPS = ((1, 2, 3, 4), (0.34, 0.38, 0.2, 0.08))
_TOGETHER = ((1, 2, 3), (0.5, 0.36, 0.14))
_SILENT_SHARE = 0.04
_LONG_SHARE = 0.2  # scenes with time to spare, up to some twelve seconds
_HELD_SHARE = 0.08  # clauses with a length of their own ("for two seconds")
_RETURN_SHARE = 0.25  # groups that let go what the one before did
#: What lets an axis go.
_RETURNS = {
    "yaw": "face_forward",
    "pitch": "face_forward",
    "roll": "face_forward",
    "gaze": "face_forward",
    "lean": "face_forward",
    "lids": "open_eyes",
    "brows": "relax_brows",
    "mouth": "relax_mouth",
    "jaw": "close_mouth",
    "mood": "neutral",
}
#: What people ask for most, and what takes most practice (fast repeated movements), is drawn more often.
_ASKED_FOR = {
    "nod": 6.0,
    "shake": 6.0,
    "turn_left": 2.0,
    "turn_right": 2.0,
    "look_up": 1.5,
    "look_down": 1.5,
    "face_forward": 1.5,
    "blink": 5.0,
    "wink_left": 2.5,
    "wink_right": 2.5,
    "wink": 1.5,
    "close_eyes": 2.0,
    "open_eyes": 2.0,
    "raise_brows": 1.5,
    "smile": 4.0,
    "laugh": 2.5,
    "talk": 3.0,
    "open_mouth": 1.5,
    "happy": 2.0,
    "sad": 2.0,
    "angry": 2.0,
    "surprised": 2.0,
    "neutral": 2.0,
    "afraid": 1.7,
    "disgusted": 1.7,
    "contemptuous": 1.3,
    "tilt_left": 1.5,
    "tilt_right": 1.5,
    "yawn": 1.5,
    "circle": 1.5,
    "mumble": 0.5,
    "sob": 0.7,
    "cough": 0.5,
    "sneeze": 0.5,
    "sniff": 0.5,
    "gulp": 0.5,
    "mouth_left": 0.5,
    "mouth_right": 0.5,
    "jut_jaw": 0.5,
    "tremble_lip": 0.5,
    "sway": 0.6,
    "bob_head": 0.7,
    "relax_brows": 0.4,
    "relax_mouth": 0.4,
    "close_mouth": 0.6,
    "look_over_shoulder": 0.6,
    "concentrated": 0.6,
    "lonely": 0.6,
    "dreamy": 0.6,
    "impressed": 0.6,
    "pleading": 0.6,
    "determined": 0.7,
}


@dataclass(frozen=True)
class Scene:
    """A performed scene.

    Attributes:
        planned: clauses with the times the model is told.
        sayings: what each clause's caption says, in the same order.
        intensity: overall strength the model is told.
        seconds: length of the whole scene.
        times: (T,) seconds of the frames below.
        controls: (T, C) what was performed.
    """

    planned: tuple[PlannedClause, ...]
    sayings: tuple[Saying, ...]
    intensity: float
    seconds: float
    times: np.ndarray
    controls: np.ndarray


def all_sayings() -> list[Saying]:
    """Every combination of action, speed, size and count that has captions."""
    return [
        (action.name, speed, size, count)
        for action in ACTION_BY_NAME.values()
        for speed in speeds_of(action)
        for size in sizes_of(action)
        for count in counts_of(action, speed=speed, size=size)
    ]


def counts_of(action: Action, *, speed: int, size: int) -> tuple[int, ...]:
    """Counts that captions of an action may say, 0 for none: a HOLD is counted where nothing else is said of
    it."""
    if action.kind == CYCLE:
        return (0, 1, 2, 3, 4, 5) if not (speed and size) else (0, 2)
    plain = action.kind == HOLD and action.targets and action.axis not in ("mood", "center", "lean")
    return (0, 2, 3) if plain and speed == size == 0 else (0,)


def captions_of(
    saying: Saying, generator: np.random.Generator, *, most: int, heldout: bool = False
) -> list[str]:
    """Up to ``most`` different captions of one saying; ``heldout``: in wordings that training never sees."""
    name, speed, size, count = saying
    action = ACTION_BY_NAME[name]
    found: dict[str, None] = {}
    for _ in range(most * 3):
        text = caption(action, generator, speed=speed, size=size, count=count, heldout=heldout)
        found[text] = None
        if len(found) == most:
            break
    return list(found)


def random_scene(
    generator: np.random.Generator, *, fps: float, most_frames: int, motion_share: float = 0.42
) -> Scene:
    """Draw, plan and perform one scene; a long one is cropped to ``most_frames`` at a random place.

    ``motion_share`` of the actions are of head and gaze, the others of the face.
    """
    clauses, sayings = _random_clauses(generator, motion_share)
    groups = 1 + max((c.group for c in clauses), default=0)
    seconds = float(generator.uniform(1.4, 4.2) + generator.uniform(0.6, 1.5) * (groups - 1))
    if generator.random() < _LONG_SHARE:
        seconds += float(generator.uniform(1.0, 6.0))
    planned = plan(clauses, seconds=seconds)
    intensity = float(generator.uniform(0.6, 1.4)) if generator.random() < 0.35 else 1.0
    total = round(seconds * fps)
    first = int(generator.integers(max(total - most_frames, 0) + 1))
    times = (first + np.arange(min(total, most_frames))) / fps
    events = [
        event_of(item, saying, generator, intensity=intensity)
        for item, saying in zip(planned, sayings, strict=True)
    ]
    return Scene(
        tuple(planned),
        tuple(sayings),
        intensity,
        seconds,
        times,
        perform(events, times=times, generator=generator),
    )


def perform_plan(
    planned: Sequence[PlannedClause],
    *,
    seconds: float,
    fps: float = DEFAULT_FPS,
    seed: int = 0,
    intensity: float = 1.0,
    idle: float = 1.0,
) -> FlameSequence:
    """What the corpus itself does on a plan, without any network: the most a model trained on it can reach.

    Args:
        planned: clauses with their times, as ``text2motion.planning.plan`` lays them out; clauses without an
            action (words the vocabulary does not know) do nothing.
        seconds: length of the clip.
        fps: frames per second of the result.
        seed: same seed, same performance; another seed, another take.
        intensity: strength of all actions, 1 ordinary.
        idle: strength of the life that nobody asks for, 0 none.

    Returns:
        The relative motion (zero is rest, frame 0 is at rest) in the basis "open".
    """
    generator = np.random.default_rng(seed)
    events = [
        event_of(
            item,
            (item.clause.action, item.clause.speed, item.clause.size, item.clause.count),
            generator,
            intensity=intensity,
        )
        for item in planned
        if item.clause.action is not None
    ]
    times = np.arange(frame_count(seconds, fps=fps)) / fps
    made = controls_to_sequence(perform(events, times=times, generator=generator, idle=idle), fps=fps)
    return made.replace(expression=with_lid_follow(made.expression, made.eyes))


def event_of(
    item: PlannedClause, saying: Saying, generator: np.random.Generator, *, intensity: float = 1.0
) -> Event:
    """The event that performs a planned clause, a little off plan as people are."""
    action = ACTION_BY_NAME[saying[0]]
    count = item.clause.resolved_count()
    repeats = action.repeats(count)
    # What is counted or has a clock of its own keeps the beat of the plan.
    loose = 0.25 if repeats or action.kind == SUSTAIN else 1.0
    start = item.start + loose * float(np.clip(generator.normal(0.0, 0.04), -0.08, 0.08))
    start = max(start, _REACTION_SECONDS)
    stretch = 1.0 + loose * float(np.clip(generator.normal(0.0, 0.09), -0.18, 0.2))
    settle = start + max((item.settle - max(item.start, start - 0.06)) * stretch, 0.06)
    release = settle if repeats else item.release + float(generator.normal(0.0, 0.02))
    amplitude = SIZE_FACTOR[saying[2]] * intensity * float(np.clip(generator.normal(1.0, 0.12), 0.74, 1.3))
    return Event(action, start, settle, max(release, settle), amplitude, count, saying[1])


def _random_clauses(generator: np.random.Generator, motion_share: float) -> tuple[list[Clause], list[Saying]]:
    if generator.random() < _SILENT_SHARE:
        return [], []
    clauses: list[Clause] = []
    sayings: list[Saying] = []
    for group in range(generator.choice(_GROUPS[0], p=_GROUPS[1])):
        axes: set[str] = set()
        if clauses and generator.random() < _RETURN_SHARE:
            done = ACTION_BY_NAME[sayings[-1][0]]
            back = ACTION_BY_NAME.get(_RETURNS.get(done.axis, ""))
            if back is not None and done.kind == HOLD and done.targets:
                saying = _random_saying(back, generator)
                sayings.append(saying)
                clauses.append(_clause(saying, group, generator))
                continue
        for _ in range(generator.choice(_TOGETHER[0], p=_TOGETHER[1])):
            action = _random_action(generator, motion_share)
            if action.axis in axes or (action.axis == "center" and (group == 0 or axes)):
                continue
            axes.add(action.axis)
            saying = _random_saying(action, generator)
            sayings.append(saying)
            clauses.append(_clause(saying, group, generator))
    return clauses, sayings


def _clause(saying: Saying, group: int, generator: np.random.Generator) -> Clause:
    name, speed, size, count = saying
    action = ACTION_BY_NAME[name]
    role = MOTION_ROLE if action.domain == MOTION else EMOTION_ROLE
    held = None
    if generator.random() < _HELD_SHARE and not action.repeats(count):
        held = float(generator.uniform(0.8, 3.0))
    return Clause("", role, group, name, speed=speed, count=count, size=size, hold_seconds=held)


def _random_action(generator: np.random.Generator, motion_share: float) -> Action:
    shares = (motion_share, 0.62 * (1.0 - motion_share), 0.38 * (1.0 - motion_share))
    pool = (MOTION_ACTIONS, EYE_ACTIONS + VOICE_ACTIONS + MOUTH_ACTIONS, MOOD_ACTIONS)[
        generator.choice(3, p=shares)
    ]
    weights = np.array([_ASKED_FOR.get(action.name, 1.0) for action in pool])
    return pool[generator.choice(len(pool), p=weights / weights.sum())]


def _random_saying(action: Action, generator: np.random.Generator) -> Saying:
    speeds, sizes = speeds_of(action), sizes_of(action)
    speed = int(generator.choice(speeds)) if generator.random() < 0.35 else 0
    size = int(generator.choice(sizes)) if generator.random() < 0.4 else 0
    counts = counts_of(action, speed=speed, size=size)[1:]
    often = 0.65 if action.kind == CYCLE else 0.08
    count = int(generator.choice(counts)) if counts and generator.random() < often else 0
    return action.name, speed, size, count
