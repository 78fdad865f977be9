"""Live preview: a camera, or a file played like one, drives a head and a portrait while one watches.

Owns: where frames come from in real time (``sources``), where pictures go (``displays``), the loop with its latency
meter (``session``). Does not own: tracking (``driving.video``), drawing (``renderer``, ``mvvideo``).
"""

from __future__ import annotations

from mvportrait.live.session import LiveOptions, LiveReport, run_live

__all__ = ["LiveOptions", "LiveReport", "run_live"]
