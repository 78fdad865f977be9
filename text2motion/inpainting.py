"""Drawing what is new of a motion around what is known of it, by both models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from flame.errors import MotionFileError, input_error
from flame.rig import EXPRESSION_NAMES
from flame.rotations import axis_angle_to_matrix, compose, from_yaw_pitch_roll, yaw_pitch_roll
from flame.sequence import CHANNELS, FlameSequence
from text2motion.bridging import bridged, settled
from text2motion.corpus.actions import CYCLE
from text2motion.features import emotion_features, motion_features
from text2motion.finishing import limited
from text2motion.generation import assembled, check_seed, default_models, with_lid_follow
from text2motion.planning import PlannedClause, plan
from text2motion.prompt import split_prompt
from text2motion.prompting import DEFAULT_STEPS, Given

if TYPE_CHECKING:
    from text2motion.models import EmotionDM, MotionDM

#: What a text can decide about, part by part.
PARTS = ("yaw", "pitch", "roll", "gaze", "lean", "lids", "brows", "mouth")
_TURNS = ("neck", "rotation", "jaw")
_RETURN_SECONDS = {"eyelids": 0.15, "expression": 0.4, "jaw": 0.25}
_RAMP_SECONDS = 0.4
_SEAM_SECONDS = 0.3
_LET_GO_SECONDS = 0.5
_MIDWAY_SECONDS = 10.0  # on the networks' clock: long after the rest that clips begin with


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How new motion is drawn.

    Attributes:
        seed: same seed, same motion; another seed, another take.
        guidance: 1 follows the text as learnt, more exaggerates it.
        intensity: strength of all actions, 0 to 2.
        steps: denoising steps.
        models: MotionDM and EmotionDM to use; None for the package's own.
    """

    seed: int = 0
    guidance: float = 1.0
    intensity: float = 1.0
    steps: int = DEFAULT_STEPS
    models: tuple[MotionDM, EmotionDM] | None = None

    def options(self) -> dict[str, Any]:
        """Arguments of the models."""
        check_seed(self.seed)
        return {
            "seed": self.seed,
            "guidance": self.guidance,
            "intensity": self.intensity,
            "steps": self.steps,
        }

    def both(self) -> tuple[MotionDM, EmotionDM]:
        """The models."""
        return default_models() if self.models is None else self.models


def checked(sequence: FlameSequence) -> FlameSequence:
    """Motion of the embedded head with all of the rig's columns."""
    if sequence.basis != "open":
        raise input_error(
            MotionFileError,
            'only motion of the basis "open" can be edited',
            sequence.basis,
            "use flame.retarget",
        )
    missing = len(EXPRESSION_NAMES) - sequence.expression.shape[1]
    if missing == 0:
        return sequence
    return sequence.replace(expression=np.pad(sequence.expression, ((0, 0), (0, missing))))


def plans(
    text: str | None, spans: Sequence[tuple[float, float]], *, then_known: bool = False
) -> list[PlannedClause]:
    """The text's clauses, laid out in each span.

    Args:
        text: the prompt; None for none.
        spans: start and end in seconds.
        then_known: known frames follow each span, so that actions let go a little before its end.
    """
    if text is None:
        return []
    clauses = list(split_prompt(text).clauses)
    planned = []
    for start, end in spans:
        latest = end - min(_LET_GO_SECONDS, 0.3 * (end - start)) if then_known else np.inf
        for item in plan(clauses, seconds=end - start):
            begin, release = start + item.start, min(start + item.release, latest)
            settle = min(start + item.settle, release)
            planned.append(
                PlannedClause(item.clause, begin, max(settle, begin + 0.04), max(release, begin + 0.04))
            )
    return planned


def _features_at(sequence: FlameSequence, fps: float, frames: int) -> FlameSequence:
    """``frames`` frames of a motion at another rate; the last one is held."""
    at = np.minimum(np.arange(frames) * (sequence.fps / fps), sequence.frames - 1.0)
    return sequence.at(at)


def _known_at(known: np.ndarray, rate: float, own_fps: float, frames: int) -> np.ndarray:
    """Which frames at the network's rate lie between, or next to, known ones."""
    at = np.minimum(np.arange(frames) * (rate / own_fps), len(known) - 1.0)
    low = np.floor(at + 1e-6).astype(int)
    result = known[low] & known[np.minimum(np.ceil(at - 1e-6).astype(int), len(known) - 1)]
    nearest = np.minimum(np.round(np.flatnonzero(known) * own_fps / rate).astype(int), frames - 1)
    result[nearest] = True
    return np.asarray(result & (np.arange(frames) * rate / own_fps < len(known)))


def drawn(
    model: MotionDM | EmotionDM,
    motion: FlameSequence,
    planned: list[PlannedClause],
    chosen: Sampling,
    *,
    known: np.ndarray | None = None,
    columns: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """The model's channels for the length of ``motion``, holding what is known of it."""
    given = None
    if known is not None or columns is not None:
        frames = int(np.ceil(motion.frames / motion.fps * model.fps)) + 2
        take = motion_features if model.name == "motion" else emotion_features
        features = take(_features_at(motion, model.fps, frames))
        held = np.zeros(frames, bool)
        if known is not None:
            held = _known_at(known, motion.fps, model.fps, frames)
        given = Given(features, held, columns, _MIDWAY_SECONDS)
    features = model.features(
        planned, seconds=motion.duration_seconds, fps=motion.fps, given=given, **chosen.options()
    )
    return model.channels(features[: motion.frames])


def filled(
    motion: FlameSequence,
    known: np.ndarray,
    planned: list[PlannedClause],
    chosen: Sampling,
    *,
    glide: bool = False,
) -> FlameSequence:
    """Known frames as they are, the others drawn.

    What the text takes hold of (the turn of "looks left", the lids of "blinks") is drawn as it is; everything
    else is idle life on top of a calm path from border to border, so that a head turned before and after
    stays turned in between.

    Args:
        motion: free frames are not looked at.
        known: (T,) bool.
        planned: what happens.
        chosen: how it is drawn.
        glide: let lids and face, too, go evenly from border to border.
    """
    if known.all():
        return motion
    under = _untaken(motion.replace(**_path(motion, known, glide=glide)), taken_by(planned))
    channels: dict[str, np.ndarray] = {}
    for model in chosen.both():
        channels |= drawn(model, _off(motion, under), planned, chosen, known=known)
    new = limited(_on(assembled(channels, fps=motion.fps), under))
    new["expression"] = with_lid_follow(new["expression"], new["eyes"])
    reach = _SEAM_SECONDS * motion.fps
    whole = {name: settled(new[name], getattr(motion, name), known, reach=reach) for name, _ in CHANNELS}
    for name, values in limited({key: whole[key] for key in ("expression", "jaw", "eyelids")}).items():
        whole[name] = np.where(known[:, None], whole[name], values)
    return motion.replace(**whole)


def taken_by(planned: Sequence[PlannedClause]) -> set[str]:
    """Parts of head and face (see :data:`PARTS`) that the clauses decide about."""
    taken: set[str] = set()
    for item in planned:
        entry = item.clause.entry
        if entry is None:
            continue
        taken |= set(PARTS) & {"mouth" if channel == "jaw" else channel for channel in entry.channels}
        if entry.kind != CYCLE and any(target.startswith("gaze_") for target in entry.targets):
            taken.add("gaze")
        if entry.axis == "mood":
            taken |= {"brows", "mouth", "lids"}
    return taken


def _path(motion: FlameSequence, known: np.ndarray, *, glide: bool) -> dict[str, np.ndarray]:
    """A calm path through the free frames, channel by channel."""
    path = {}
    for name, _ in CHANNELS:
        back = None if glide else _RETURN_SECONDS.get(name)
        path[name] = bridged(
            getattr(motion, name),
            known,
            ramp_frames=_RAMP_SECONDS * motion.fps,
            return_frames=None if back is None else back * motion.fps,
        )
    path["eyelids"] = np.clip(path["eyelids"], 0.0, 1.0)
    return path


def _untaken(path: FlameSequence, taken: set[str]) -> FlameSequence:
    """The path with the parts that the text decides about at rest."""
    yaw, pitch, roll = yaw_pitch_roll(axis_angle_to_matrix(path.neck))
    keep = {part: float(part not in taken) for part in PARTS}
    neck = from_yaw_pitch_roll(keep["yaw"] * yaw, keep["pitch"] * pitch, keep["roll"] * roll)
    return path.replace(
        neck=neck,
        rotation=keep["lean"] * path.rotation,
        translation=keep["lean"] * path.translation,
        eyes=keep["gaze"] * path.eyes,
        eyelids=keep["lids"] * path.eyelids,
        jaw=keep["mouth"] * path.jaw,
        expression=path.expression * np.array([keep[part] for part in _PART_OF_COLUMN], np.float32),
    )


def _part_of(name: str) -> str:
    if name.startswith("eyeLook"):
        return "gaze"
    return "brows" if name.startswith("brow") else "lids" if name.startswith("eye") else "mouth"


_PART_OF_COLUMN = tuple(_part_of(name) for name in EXPRESSION_NAMES)


def _on(motion: FlameSequence, under: FlameSequence) -> dict[str, np.ndarray]:
    """Motion on top of what is under it."""
    turned = {name: compose(getattr(under, name), getattr(motion, name)) for name in _TURNS}
    eyes = compose(under.eyes.reshape(-1, 2, 3), motion.eyes.reshape(-1, 2, 3)).reshape(-1, 6)
    added = {name: getattr(under, name) + getattr(motion, name) for name in ("translation", "expression")}
    return {**turned, **added, "eyes": eyes, "eyelids": np.maximum(under.eyelids, motion.eyelids)}


def _off(motion: FlameSequence, under: FlameSequence) -> FlameSequence:
    """The inverse of :func:`_on`."""
    turned = {name: compose(-getattr(under, name), getattr(motion, name)) for name in _TURNS}
    eyes = compose(-under.eyes.reshape(-1, 2, 3), motion.eyes.reshape(-1, 2, 3)).reshape(-1, 6)
    added = {name: getattr(motion, name) - getattr(under, name) for name in ("translation", "expression")}
    lids = np.where(motion.eyelids > under.eyelids, motion.eyelids, 0.0)
    return motion.replace(**turned, **added, eyes=eyes, eyelids=lids)
