"""Which numbers of a motion belong to which region of the face."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from driving.video.request import REGIONS
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence

__all__ = ["region_of_shape", "scaled"]

_EYES = ("eyeLook", "eyeSquint", "eyeWide")
_LIPS = ("jaw", "mouth", "tongue", "lips", "cheekPuff")
_CHANNELS = {
    "rotation": "pose",
    "neck": "pose",
    "translation": "pose",
    "jaw": "lips",
    "eyes": "eyes",
    "eyelids": "eyes",
}


def region_of_shape(name: str) -> str:
    """Region of a rig shape: every shape belongs to one."""
    if name.startswith(_EYES):
        return "eyes"
    return "lips" if name.startswith(_LIPS) else "expression"


def scaled(
    motion: FlameSequence, *, regions: tuple[str, ...], strength: Mapping[str, float]
) -> FlameSequence:
    """A relative motion of basis "open" with every region times its strength; regions not named stay at rest."""
    factor = {name: float(strength.get(name, 1.0)) if name in regions else 0.0 for name in REGIONS}
    if all(value == 1.0 for value in factor.values()):
        return motion
    columns = np.array([factor[region_of_shape(name)] for name in EXPRESSION_NAMES], np.float32)
    changes = {name: getattr(motion, name) * factor[region] for name, region in _CHANNELS.items()}
    changes["expression"] = motion.expression * columns
    changes["eyelids"] = np.clip(changes["eyelids"], 0.0, 1.0)
    return motion.replace(**changes)
