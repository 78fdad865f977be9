"""Driving by a prompt, or by a script of timed prompts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from driving.protocol import ScriptRequest, TextRequest
from flame.sequence import concatenate

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

    def drive(self, request: TextRequest | ScriptRequest) -> FlameSequence:
        """The relative motion a prompt or a script asks for.

        Raises:
            PromptError: the text cannot be used.
            ConfigError: a number out of range.
        """
        if isinstance(request, ScriptRequest):
            return concatenate(list(self.stream(request)))
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

    def stream(self, request: ScriptRequest) -> Iterator[FlameSequence]:
        """What :meth:`drive` gives for a script, in pieces as soon as they are made."""
        from text2motion.script import stream_script

        return stream_script(
            request.script,
            seconds=request.seconds,
            fps=request.fps,
            seed=request.seed,
            guidance=request.guidance,
            intensity=request.intensity,
            models=self._models,
        )
