"""mvvideo.evaluation: how good a generated portrait video is, beside what costs nothing.

Owns: the figures (one table, :data:`METRICS`), meters that take frames one at a time, the protocols ``self``
(a clip's first frame drives the clip again), ``cross`` (a portrait driven by somebody else) and ``views``
(held-out actors). Does not own: decoding clips, writing reports (``mvportrait``), tracking (``flame.fitting``).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mvvideo.evaluation.columns import METRICS
    from mvvideo.evaluation.hooks import Hooks
    from mvvideo.evaluation.reenactment import CrossScorer, SelfScorer
    from mvvideo.evaluation.scores import Scores

_HOME = {
    "METRICS": "columns",
    "CrossScorer": "reenactment",
    "Hooks": "hooks",
    "Scores": "scores",
    "SelfScorer": "reenactment",
}

__all__ = ["METRICS", "CrossScorer", "Hooks", "Scores", "SelfScorer"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
