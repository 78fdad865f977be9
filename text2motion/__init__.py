"""Text to head and face motion.

Owns: reading prompts, the text encoder, the motion denoiser and sampler, MotionDM and EmotionDM with their
weights, the annotated corpus they learn from, their training and evaluation. Does not own: audio, video,
rendering, files of others.

The way of a prompt: ``split_prompt`` → ``plan`` → MotionDM and EmotionDM on one plan → ``FlameSequence``;
``generate`` does all of it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from text2motion.generation import generate
    from text2motion.models import EmotionDM, MotionDM
    from text2motion.planning import Clause, PlannedClause, plan
    from text2motion.prompt import SplitPrompt, check_prompt, split_prompt

_HOME = {
    "Clause": "planning",
    "EmotionDM": "models",
    "MotionDM": "models",
    "PlannedClause": "planning",
    "SplitPrompt": "prompt",
    "check_prompt": "prompt",
    "generate": "generation",
    "plan": "planning",
    "split_prompt": "prompt",
}
__all__ = [
    "Clause",
    "EmotionDM",
    "MotionDM",
    "PlannedClause",
    "SplitPrompt",
    "check_prompt",
    "generate",
    "plan",
    "split_prompt",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
