"""Motion files and a command line for the product's tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence


@pytest.fixture(scope="session")
def turn_and_smile() -> FlameSequence:
    """8 frames, relative: turns 20° to the own left, then smiles."""
    still = FlameSequence.neutral(8)
    neck, expression = np.array(still.neck), np.array(still.expression)
    neck[:, 1] = np.radians(20.0) * np.clip(np.arange(8) / 4, 0, 1)
    for name in ("mouthSmileLeft", "mouthSmileRight"):
        expression[:, EXPRESSION_NAMES.index(name)] = 0.7 * np.clip(np.arange(8) / 3 - 1.3, 0, 1)
    return still.replace(neck=neck, expression=expression)


@pytest.fixture(scope="session")
def motion_file(turn_and_smile: FlameSequence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``turn_and_smile`` as a motion file."""
    path = tmp_path_factory.mktemp("motion") / "turn_and_smile.npz"
    turn_and_smile.save(path)
    return path
