"""What the vocabulary knows of a clause, as numbers: the *signature* that stands beside its words.

Words say things in more ways than a small corpus can hold. Where the reader of prompts has recognised an
action, its entry (kind, performer, targets, tempo) is told to the networks outright, so that a right reading
is a right motion whatever the phrasing; where it has not, the signature is zero and the words stand alone.
Columns are named, and weights store the names, so that a vocabulary may grow without reading weights amiss.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from text2motion.corpus.actions import CYCLE, HOLD, SUSTAIN
from text2motion.corpus.controls import CONTROLS, POSE_CONTROLS
from text2motion.corpus.performers import PERFORMERS
from text2motion.planning import Clause

#: Size words change amplitudes about so much; the networks learn the exact factor of the corpus.
_SIZE_FACTOR = {-1: 0.5, 0: 1.0, 1: 1.4}
_POSE_UNIT = 12.0  # degrees (millimetres for ``rise``) per unit of a target column
_KINDS = (HOLD, CYCLE, SUSTAIN)
TARGET_PREFIX = "target_"

SIGNATURE_NAMES: tuple[str, ...] = (
    "known",
    *(f"kind_{kind}" for kind in _KINDS),
    *(f"performer_{name or 'hold'}" for name in PERFORMERS),
    "seconds",
    "speed",
    "count",
    "size",
    *(f"{TARGET_PREFIX}{name}" for name in CONTROLS),
)
_COLUMN = {name: index for index, name in enumerate(SIGNATURE_NAMES)}
_FIRST_TARGET = _COLUMN[TARGET_PREFIX + CONTROLS[0]]


def signature_of(clause: Clause) -> np.ndarray:
    """(S,) float32 in the order of SIGNATURE_NAMES; all zero where the vocabulary does not know the action."""
    if clause.action is None:
        return np.zeros(len(SIGNATURE_NAMES), np.float32)
    size = int(np.clip(clause.size, -1, 1))
    row = _of_action(clause.action).copy()
    row[_FIRST_TARGET:] *= _SIZE_FACTOR[size]
    row[_COLUMN["speed"]], row[_COLUMN["size"]] = clause.speed, size
    row[_COLUMN["count"]] = min(clause.count, 8) / 4.0
    return row


@functools.cache
def _of_action(name: str) -> np.ndarray:
    action = Clause("", 0, 0, name).entry
    row = np.zeros(len(SIGNATURE_NAMES), np.float32)
    if action is None:
        return row
    row[_COLUMN["known"]] = 1.0
    row[_COLUMN[f"kind_{action.kind}"]] = 1.0
    row[_COLUMN[f"performer_{action.performer or 'hold'}"]] = 1.0
    row[_COLUMN["seconds"]] = math.log(max(action.seconds, 0.05))
    for control, amount in action.targets.items():
        row[_COLUMN[TARGET_PREFIX + control]] = amount / (_POSE_UNIT if control in POSE_CONTROLS else 1.0)
    return row
