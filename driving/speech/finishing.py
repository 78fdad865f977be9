"""From the network's 50 frames a second to the frames asked for: steady head, sharp lips, rest at the start.

Five steps, each causal but for two inner frames (0.04 s):

* head and face are smoothed by a Gaussian of 0.044 s (they move slowly by nature), lips by three frames;
* a frame between inner frames is interpolated, but the demand for a seal or a contact is the strongest of the
  inner frames it covers, so that a /p/ is not lost between two frames at 25 a second;
* jaw and lips open wider the louder the voice (:mod:`driving.speech.swell`);
* head and brows get the voice's accents (:mod:`driving.speech.accents`), the eyes turning against them;
* where the encoder hears a seal, the gap of the lips is drawn to closed by the amount it is sure, by solving the
  rig's own lip equation (``mouth.set_lip_gap``).
"""

from __future__ import annotations

import math

import numpy as np

from driving.speech.layout import (
    COLUMNS,
    CONTACTS,
    EYE_COLUMNS,
    LID_COLUMNS,
    LIP_COLUMNS,
    MOTION_FPS,
    from_columns,
    rest_columns,
)
from driving.speech.lips import lip_meter
from driving.speech.mouth import CONTACT_GAP_MM, SEAL_GAP_MM, bring_to_teeth, set_lip_gap
from driving.speech.style import TRAINED_HEAD, TRAINED_MOUTH, SpeechStyle
from flame.easing import smoothstep
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence

PAST_FRAMES, FUTURE_FRAMES = 8, 2
"""Inner frames before and after a frame that finishing needs."""


def _kernel() -> np.ndarray:
    """(11,) a Gaussian of 0.044 s (half power at 4.2 Hz) whose middle lies 0.04 s back."""
    offset = np.arange(-PAST_FRAMES, FUTURE_FRAMES + 1) + 2.0
    bell = np.exp(-0.5 * (offset / 2.2) ** 2)
    return (bell / bell.sum()).astype(np.float32)


_SLOW = _kernel()
_QUICK = np.array([1.0, 2.0, 1.0], np.float32) / 4.0
_LIPS_START_SECONDS, _FACE_START_SECONDS = 0.12, 0.5
# Probabilities between which a demand grows from nothing to all. Chosen on voices kept out of training.
_SEAL_HEARD = (0.60, 0.80)
_BILABIAL_HEARD = (0.12, 0.28)
_CONTACT_HEARD = (0.05, 0.13)
_PEAK_BACK, _FLANK = 3, (0.55, 0.80)
_SLOW_COLUMNS = np.setdiff1d(
    np.arange(len(COLUMNS)),
    np.concatenate([LIP_COLUMNS, np.r_[EYE_COLUMNS], np.r_[LID_COLUMNS]]),
)
_OPENING_SHAPES = np.array(
    [
        i
        for i, name in enumerate(EXPRESSION_NAMES)
        if name.startswith(("mouthLowerDown", "mouthUpperUp", "lipsPart", "mouthClose"))
    ]
)
_BROW_COLUMNS = np.array(
    [i for i, name in enumerate(EXPRESSION_NAMES) if name.startswith(("browInnerUp", "browOuterUp"))]
)
_MOUTH_SHAPES = np.array(
    [i for i, name in enumerate(EXPRESSION_NAMES) if name.startswith(("mouth", "lips", "tongue"))]
)


def steadied(columns: np.ndarray) -> np.ndarray:
    """(PAST + T + FUTURE, D) to (T, D): head and face slowly, lips a little smoothed, eyes as they are."""
    frames = len(columns) - PAST_FRAMES - FUTURE_FRAMES
    result = columns[PAST_FRAMES : PAST_FRAMES + frames].copy()
    slow = columns[:, _SLOW_COLUMNS]
    result[:, _SLOW_COLUMNS] = sum(weight * slow[k : k + frames] for k, weight in enumerate(_SLOW))
    lips = columns[PAST_FRAMES - 1 :, LIP_COLUMNS]
    result[:, LIP_COLUMNS] = sum(weight * lips[k : k + frames] for k, weight in enumerate(_QUICK))
    return result


def at_times(track: np.ndarray, first: int, times: np.ndarray, *, fps: float, strongest: bool) -> np.ndarray:
    """Rows of an inner track (T, D) that starts at inner frame ``first``, at ``times`` in seconds.

    ``strongest`` takes the largest of the inner frames within half an output frame instead of interpolating.
    """
    where = times * MOTION_FPS
    floor = np.floor(where + 1e-6).astype(np.int64)
    part = np.clip(where - floor, 0.0, 1.0)[:, None].astype(np.float32)
    low = np.clip(floor - first, 0, len(track) - 1)
    high = np.minimum(low + 1, len(track) - 1)
    mixed = track[low] * (1.0 - part) + track[high] * part
    if not strongest:
        return mixed
    reach = min(0.5 * MOTION_FPS / fps, 1.0)
    for step in range(-math.floor(reach), math.floor(reach) + 1):
        near = np.clip(np.rint(where).astype(np.int64) - first + step, 0, len(track) - 1)
        mixed = np.maximum(mixed, track[near])
    return mixed


def peaked(contacts: np.ndarray) -> np.ndarray:
    """(T, 4) probabilities where p, b, m and f, v are heard at their height only, so that seals stay short.

    A phone's probability swells over a tenth of a second; what is below most of the largest value of the frames
    around (0.06 s back, 0.02 s ahead) is its flank and is taken down.
    """
    result = contacts.copy()
    for column in (CONTACTS.index("contact"), CONTACTS.index("bilabial")):
        track = contacts[:, column]
        padded = np.pad(track, (_PEAK_BACK, 1), mode="edge")
        largest = np.max([padded[k : k + len(track)] for k in range(_PEAK_BACK + 2)], axis=0)
        result[:, column] = track * smoothstep(track / np.maximum(largest, 1e-6), *_FLANK)
    return result


def finished(
    columns: np.ndarray,
    contacts: np.ndarray,
    times: np.ndarray,
    *,
    swell: np.ndarray,
    accents: np.ndarray,
    fps: float,
    style: SpeechStyle,
) -> FlameSequence:
    """Frames of the result.

    Args:
        columns: (F, D) motion at the frames' times.
        contacts: (F, 4) probabilities, see ``layout.CONTACTS``.
        times: (F,) seconds of the frames in the recording.
        swell: (F,) factor on the mouth's opening by the loudness of the voice.
        accents: (F, 2) lift of the head in degrees and raise of the brows by the voice.
        fps: frames per second.
        style: for sizes beyond what the network was trained on.
    """
    arrays = from_columns(columns)
    jaw, expression = arrays["jaw"], arrays["expression"]
    size = style.mouth / float(np.clip(style.mouth, *TRAINED_MOUTH))
    jaw *= size * swell[:, None]
    expression[:, _OPENING_SHAPES] *= swell[:, None]
    expression[:, _MOUTH_SHAPES] = np.clip(expression[:, _MOUTH_SHAPES] * size, 0.0, 1.0)
    for name in ("neck", "rotation", "translation"):
        arrays[name] = arrays[name] * (style.head / float(np.clip(style.head, *TRAINED_HEAD)))
    _accentuate(arrays, accents, liveliness=style.head)
    arrays["expression"] = sealed(arrays["expression"], jaw[:, 0], contacts)
    lips, face = (_eased(times, seconds)[:, None] for seconds in (_LIPS_START_SECONDS, _FACE_START_SECONDS))
    weight = np.broadcast_to(face, (len(times), len(EXPRESSION_NAMES))).copy()
    weight[:, _MOUTH_SHAPES] = lips
    for name, value in arrays.items():
        arrays[name] = value * (
            weight if name == "expression" else lips if name in ("jaw", "eyelids") else face
        )
    arrays["expression"] = _with_lids(arrays["expression"], arrays["eyes"])
    return FlameSequence.neutral(len(times), fps=fps).replace(**arrays)


def sealed(expression: np.ndarray, jaw_radians: np.ndarray, contacts: np.ndarray) -> np.ndarray:
    """Lips shut where a seal is heard, lower lip brought to the upper teeth where a contact is.

    Args:
        expression: (F, 53) weights.
        jaw_radians: (F,) turn of the jaw.
        contacts: (F, 4) probabilities, see ``layout.CONTACTS``.

    Returns:
        (F, 53), the same where nothing is heard.
    """
    seal = np.maximum(smoothstep(contacts[:, 0], *_SEAL_HEARD), smoothstep(contacts[:, 3], *_BILABIAL_HEARD))
    contact = smoothstep(contacts[:, 1], *_CONTACT_HEARD) * (1.0 - seal)
    changed = bring_to_teeth(expression, contact)
    gap = lip_meter().gap_mm(expression, jaw_radians)
    wanted = gap + contact * (CONTACT_GAP_MM - gap)
    wanted = wanted + seal * np.minimum(SEAL_GAP_MM - wanted, 0.0)
    changed = set_lip_gap(changed, jaw_radians, wanted)
    touched = np.maximum(seal, contact) > 0
    return np.where(touched[:, None], changed, expression).astype(np.float32)


def _accentuate(arrays: dict[str, np.ndarray], accents: np.ndarray, *, liveliness: float) -> None:
    """Lift the head and the brows by the voice, in place; the shoulders go along a little, the eyes stay."""
    lift = np.radians(liveliness * accents[:, 0])
    arrays["neck"][:, 0] -= lift
    arrays["rotation"][:, 0] -= 0.12 * lift
    arrays["eyes"][:, [0, 3]] += 0.75 * lift[:, None]
    raised = (0.35 + 0.65 * liveliness) * accents[:, 1:]
    brows = arrays["expression"][:, _BROW_COLUMNS]
    arrays["expression"][:, _BROW_COLUMNS] = np.clip(brows + raised, 0.0, 1.0)


def rest_context(frames: int) -> np.ndarray:
    """(frames, D) of rest, what lies before a recording."""
    return np.repeat(rest_columns()[None], frames, axis=0)


def _eased(times: np.ndarray, seconds: float) -> np.ndarray:
    return smoothstep(times, 0.0, seconds).astype(np.float32)


def _with_lids(expression: np.ndarray, eyes: np.ndarray) -> np.ndarray:
    from text2motion.generation import with_lid_follow

    return with_lid_follow(expression, eyes)
