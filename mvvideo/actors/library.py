"""Motions for actors from files: what text made, or what was tracked in real clips."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from flame.errors import ConfigError, MotionFileError, input_error
from flame.relative import apply_relative, to_relative
from flame.sequence import FlameSequence

__all__ = ["LIBRARY_SHARE", "MotionLibrary", "load_library"]

LIBRARY_SHARE = 0.4
"""Share of the clips that take their motion from the library when there is one."""
LONGEST_STRIDE = 6
"""Frames between the frames of a clip, at most: short clips then still show a move."""


class MotionLibrary:
    """The motions of a folder, each as change from its own first frame.

    Args:
        directory: folder of motion files (``.npz``) in the basis "open"; read in the order of their names.

    Raises:
        ConfigError: no folder, or no motion in it.
        MotionFileError: a file that is no motion, or a motion in another basis.
    """

    def __init__(self, directory: Path | str) -> None:
        from flame.storage import load_motion

        paths = sorted(Path(directory).glob("*.npz"))
        if not paths:
            raise input_error(
                ConfigError, "a motion library is a folder of .npz motions", directory, "put some there"
            )
        self._motions: list[FlameSequence] = []
        for path in paths:
            motion = load_motion(path)
            if motion.basis != "open":
                raise input_error(
                    MotionFileError,
                    'actors move in the basis "open"',
                    f"{motion.basis} in {path}",
                    "retarget it",
                )
            self._motions.append(to_relative(motion))

    def __len__(self) -> int:
        return len(self._motions)

    def sample(self, rng: np.random.Generator, reference: FlameSequence, frames: int) -> FlameSequence:
        """Evenly spaced frames of one of the motions, put on a reference.

        Args:
            reference: one frame, the pose to start from. frames: T; a shorter motion repeats its last frame.
        """
        motion = self._motions[int(rng.integers(len(self._motions)))]
        room = (len(motion) - 1) // max(1, frames - 1)
        stride = int(rng.integers(1, max(1, min(LONGEST_STRIDE, room)) + 1))
        start = int(rng.integers(max(1, len(motion) - stride * (frames - 1))))
        chosen = np.minimum(start + stride * np.arange(frames), len(motion) - 1)
        picked = motion.replace(
            **{
                name: getattr(motion, name)[chosen]
                for name in ("expression", "rotation", "neck", "jaw", "eyes", "eyelids", "translation")
            }
        )
        return apply_relative(picked, reference)


@lru_cache(maxsize=2)
def load_library(directory: str) -> MotionLibrary:
    """A library, read once per process."""
    return MotionLibrary(directory)
