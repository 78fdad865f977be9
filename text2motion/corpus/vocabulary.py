"""The whole vocabulary in recognition order, and look-up by name and by text."""

from __future__ import annotations

from text2motion.corpus.actions import Action
from text2motion.corpus.vocabulary_eyes import EYE_ACTIONS
from text2motion.corpus.vocabulary_mood import MOOD_ACTIONS
from text2motion.corpus.vocabulary_motion import MOTION_ACTIONS
from text2motion.corpus.vocabulary_mouth import MOUTH_ACTIONS
from text2motion.corpus.vocabulary_voice import VOICE_ACTIONS

ACTIONS: tuple[Action, ...] = EYE_ACTIONS + VOICE_ACTIONS + MOUTH_ACTIONS + MOTION_ACTIONS + MOOD_ACTIONS
ACTION_BY_NAME: dict[str, Action] = {action.name: action for action in ACTIONS}


def recognise(text: str) -> Action | None:
    """The first action of the vocabulary that ``text`` (one clause, any case) names, or None."""
    lowered = text.lower()
    return next((action for action in ACTIONS if action.matches(lowered)), None)
