"""The joint model: one network for head and face together. An ablation; the package ships two apart.

The paper's own ablation found joint training worse, and ours can be repeated with
``benchmarks/text_ablation.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from text2motion.conditioning import JOINT_ROLE
from text2motion.features import EMOTION_FEATURES, MOTION_FEATURES
from text2motion.models import DiffusionModel, EmotionDM, MotionDM
from text2motion.planning import PlannedClause


class JointDM(DiffusionModel):
    """Head, gaze and face from one network; :meth:`parts` stands where a pair of models is wanted."""

    role = JOINT_ROLE
    name = "joint"
    feature_names = MOTION_FEATURES + EMOTION_FEATURES

    def parts(self) -> tuple[MotionDM, EmotionDM]:
        """The two halves as models of their own; each samples the whole from the same noise and keeps its own
        columns."""
        split = len(MOTION_FEATURES)
        return _JointMotion(self, slice(0, split)), _JointEmotion(self, slice(split, None))


class _Half:
    """What both halves do: sample jointly, keep some columns."""

    def __init__(self, joint: JointDM, columns: slice) -> None:
        super().__init__(joint._network, joint._normaliser, joint._encoder)  # type: ignore[call-arg]
        self._joint, self._columns = joint, columns

    def stream(self, planned: Sequence[PlannedClause], **options: Any) -> Iterator[np.ndarray]:
        for chunk in self._joint.stream(planned, **options):
            yield chunk[:, self._columns]


class _JointMotion(_Half, MotionDM):
    """The head of a joint model."""


class _JointEmotion(_Half, EmotionDM):
    """The face of a joint model."""
