"""Driving by a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driving.protocol import TextRequest

if TYPE_CHECKING:
    from flame.sequence import FlameSequence
    from text2motion.models import EmotionDM, MotionDM


class TextDriver:
    """Motion from text by MotionDM and EmotionDM; they are loaded on the first request.

    Args:
        models: other models than the package's own.
    """

    def __init__(self, models: tuple[MotionDM, EmotionDM] | None = None) -> None:
        self._models = models

    def drive(self, request: TextRequest) -> FlameSequence:
        """The relative motion a prompt asks for.

        Raises:
            PromptError: the text cannot be used.
            ConfigError: a number out of range.
        """
        from text2motion.generation import generate

        return generate(
            request.text,
            seconds=request.seconds,
            fps=request.fps,
            seed=request.seed,
            guidance=request.guidance,
            intensity=request.intensity,
            models=self._models,
        )
