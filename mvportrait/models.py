"""Which video model a preset is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mvvideo.latent import LatentVideoModel
    from mvvideo.pipeline import VideoModel

__all__ = ["load_video_model"]


def load_video_model(
    preset: str, weights: Path | None, *, views: int, size: int, note: Callable[[str], None]
) -> VideoModel | LatentVideoModel:
    """The model of a preset that ``mvportrait.options.check_preset`` has let through.

    Args:
        preset: the package's own, or one that needs ``weights``.
        weights: of the latter.
        views, size: of the frames that will be made, for the estimate of memory.
        note: told that estimate.
    """
    if weights is not None:
        from mvvideo.latent import LatentVideoModel

        return LatentVideoModel.load(preset, weights=weights, views=views, size=size, note=note)
    from mvvideo import VideoModel

    return VideoModel.load(preset)
