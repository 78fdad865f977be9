"""Motions from files: put on an actor exactly, drawn by the seed, refused when they do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flame.errors import ConfigError, MotionFileError
from flame.sequence import FlameSequence
from flame.storage import save_motion
from mvvideo.actors.library import MotionLibrary


def _motion(frames: int, *, basis: str = "open") -> FlameSequence:
    turn = np.linspace(0.1, 0.5, frames)
    return FlameSequence(
        shape=np.zeros(4),
        expression=np.zeros((frames, 6)),
        rotation=np.zeros((frames, 3)),
        neck=np.stack([0 * turn, turn, 0 * turn], 1),
        jaw=np.zeros((frames, 3)),
        eyes=np.zeros((frames, 6)),
        eyelids=np.zeros((frames, 2)),
        translation=np.zeros((frames, 3)),
        fps=25.0,
        basis=basis,
    )


@pytest.mark.parametrize("frames", [1, 2, 5, 30])
def test_a_drawn_motion_goes_on_from_the_reference(tmp_path: Path, frames: int) -> None:
    save_motion(_motion(20), tmp_path / "a.npz")
    library, reference = MotionLibrary(tmp_path), _motion(1)
    for seed in range(20):
        drawn = library.sample(np.random.default_rng(seed), reference, frames)
        assert len(drawn) == frames
        # The file turns from 0.1 to 0.5 rad; seen from its first frame that is 0 to 0.4, on top of 0.1.
        assert drawn.neck[:, 1].min() >= 0.1 - 1e-6 and drawn.neck[:, 1].max() <= 0.5 + 1e-6
        assert (np.diff(drawn.neck[:, 1]) >= -1e-6).all()
        again = library.sample(np.random.default_rng(seed), reference, frames)
        assert np.array_equal(drawn.neck, again.neck)


def test_what_is_no_library_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="folder"):
        MotionLibrary(tmp_path)
    save_motion(_motion(3, basis="flame2020"), tmp_path / "other.npz")
    with pytest.raises(MotionFileError, match="flame2020"):
        MotionLibrary(tmp_path)
