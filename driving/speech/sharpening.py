"""A motion made to fit phones whose times are known: seals, contacts and pauses put exactly where they belong."""

from __future__ import annotations

import numpy as np

from driving.speech.coarticulation import Articulation, articulate
from driving.speech.lips import lip_meter
from driving.speech.loudness import Loudness
from driving.speech.mouth import CONTACT_GAP_MM, SEAL_GAP_MM, bring_to_teeth, set_lip_gap
from driving.speech.phones import PhoneSpan, tidy
from flame.errors import MotionFileError, input_error
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence

_EASE_SECONDS = 0.08


def sharpen(
    sequence: FlameSequence,
    phones: list[PhoneSpan],
    *,
    tracks: Loudness | None = None,
    trust: float = 0.7,
    sure: np.ndarray | None = None,
) -> FlameSequence:
    """The motion with its lips put on the phones.

    Seals of p, b, m, contacts of f, v and closed lips in pauses are met in full. Between them the gap goes
    ``trust`` of the way to what co-articulation makes of the phones, at the motion's own size; lips that
    stay shut where nothing asks for it come apart. Head, brows, eyes and mood are left alone, and so is the
    first frame, which a driver leaves at rest.

    Args:
        sequence: a motion in the basis "open", whose time starts with the recording's.
        phones: spans of the recording.
        tracks: loudness of the recording (``loudness.loudness_of``); vowels then open with it.
        trust: 0 to 1.
        sure: (T,) 0 to 1 per frame, 0 where the motion is to stay as it is; all 1 by default.

    Raises:
        MotionFileError: a motion in another basis.
    """
    if sequence.basis != "open":
        raise input_error(
            MotionFileError,
            'sharpening needs a motion in the basis "open"',
            sequence.basis,
            "retarget it first",
        )
    said = articulate(
        tidy(phones, len(sequence) / sequence.fps),
        seconds=len(sequence) / sequence.fps,
        frames=len(sequence),
        fps=sequence.fps,
        tracks=tracks,
    )
    jaw = sequence.jaw[:, 0].astype(np.float64)
    before = np.maximum(lip_meter().gap_mm(sequence.expression, jaw), 0.0)
    gap = _wanted_gap(before, said, trust)
    expression = bring_to_teeth(sequence.expression, said.contact * (1.0 - said.seal))
    pressed = np.maximum(said.seal, said.contact)
    jaw = jaw * (1.0 - 0.5 * pressed)  # an open jaw behind closed lips looks like chewing
    open_again = set_lip_gap(_without_lip_solution(expression, gap, jaw), jaw, gap)
    in_force = np.clip(np.arange(len(sequence)) / sequence.fps / _EASE_SECONDS, 0.0, 1.0)[:, None]
    if sure is not None:
        in_force = in_force * np.asarray(sure, np.float64)[:, None]
    turned = sequence.jaw.astype(np.float64)
    turned[:, :1] += in_force * (jaw[:, None] - turned[:, :1])
    return sequence.replace(
        expression=sequence.expression + in_force * (open_again - sequence.expression), jaw=turned
    )


def _wanted_gap(before: np.ndarray, said: Articulation, trust: float) -> np.ndarray:
    """(T,) signed mm: the motion's own gap, moved towards the phones' and held by the demands."""
    taught = said.tasks[:, 0]
    free = (said.speech > 0) & (np.maximum(said.seal, said.contact) < 0.2)
    size = 1.0
    if free.any():
        size = float(np.clip(np.median(before[free]) / max(np.median(taught[free]), 1e-3), 0.4, 2.0))
    gap = before + trust * np.clip(said.speech, 0.0, 1.0) * (size * taught - before)
    gap = gap + said.contact * (CONTACT_GAP_MM - gap)
    return gap + said.seal * (SEAL_GAP_MM - gap)


def _without_lip_solution(expression: np.ndarray, gap: np.ndarray, jaw: np.ndarray) -> np.ndarray:
    """The expression with ``mouthClose`` taken back as far as the wanted gap lies above the present one."""
    column = EXPRESSION_NAMES.index("mouthClose")
    meter = lip_meter()
    missing = np.maximum(gap - meter.gap_mm(expression, jaw), 0.0)
    freed = expression.copy()
    freed[:, column] = np.maximum(freed[:, column] - missing / -meter.slope_at(jaw, column), 0.0)
    return freed
