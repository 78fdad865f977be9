"""Shared motions and the made-up head."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from flame.sequence import FlameSequence

sys.path.insert(0, str(Path(__file__).parent))  # tiny_head.py is shared by several test files


@pytest.fixture
def motion() -> FlameSequence:
    """Twelve frames in which everything moves a little."""
    rng = np.random.default_rng(3)
    base = FlameSequence.neutral(12, shape=rng.normal(size=100))
    return base.replace(
        expression=rng.uniform(0, 1, size=base.expression.shape),
        rotation=rng.normal(size=(12, 3)) * 0.1,
        neck=rng.normal(size=(12, 3)) * 0.3,
        jaw=rng.uniform(0, 0.2, size=(12, 3)) * [1, 0, 0],
        eyes=rng.normal(size=(12, 6)) * 0.2,
        eyelids=rng.uniform(0, 1, size=(12, 2)),
        translation=rng.normal(size=(12, 3)) * 0.01,
    )
