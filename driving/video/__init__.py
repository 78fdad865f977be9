"""Driving by video: a face filmed somewhere else moves the portrait's.

Owns: following one face through frames with time stamps (several faces, gaps, cuts), its motion as a
`FlameSequence`, regions and strengths. Does not own: reading files, the fit itself (``flame.fitting``).
"""

from __future__ import annotations

from driving.video.driver import VideoDriver
from driving.video.live import LiveFollower, LivePose
from driving.video.request import REGIONS, TimedFrame, VideoRequest
from driving.video.result import TrackedShot, VideoResult

__all__ = [
    "REGIONS",
    "LiveFollower",
    "LivePose",
    "TimedFrame",
    "TrackedShot",
    "VideoDriver",
    "VideoRequest",
    "VideoResult",
]
