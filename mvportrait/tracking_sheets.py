"""Tracked clips to look at: the video, the fitted head over it, and the head that the motion drives, over time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from flame.relative import apply_relative
from flame.sequence import FlameSequence
from mvportrait.media.sheets import sample_frames, time_sheet

if TYPE_CHECKING:
    from driving.video import TrackedShot, VideoResult
    from flame.head import FlameHead
    from renderer.cameras import Cameras

__all__ = ["tracking_sheet"]

_LABELS = ("video", "fitted head", "driven head")
_MARGIN = 1.3  # side of a cell over the face's
_OPACITY = 0.65


def tracking_sheet(
    pictures: Iterable[tuple[np.ndarray, float]],
    result: VideoResult,
    head: FlameHead,
    *,
    rows: int,
    side: int,
) -> np.ndarray:
    """A contact sheet of a tracked video.

    Args:
        pictures: the video's frames (H, W, 3) uint8 with their seconds, read once more.
        result: what the driver made of them.
        rows: how many moments are shown; side: of a cell, pixels.

    Returns:
        (H, W, 3) uint8.
    """
    chosen = set(sample_frames(result.frames, rows))
    rest = FlameSequence.neutral(1, basis=head.name)
    driven = _driven_camera(head, rest, side)
    first: float | None = None
    samples = []
    for index, (image, seconds) in enumerate(pictures):
        first = seconds if first is None else first
        if index not in chosen:
            continue
        now = seconds - first
        place = min(round(now * result.sequence.fps), len(result.sequence) - 1)
        posed = head.pose(apply_relative(result.sequence[place], rest))
        shown = _picture(posed, head, driven)
        plain, fitted = _on_video(image, now, result.shots, head, side)
        samples.append((place, np.stack([plain, fitted, shown])))
    return time_sheet(samples, row_labels=_LABELS, fps=result.sequence.fps, cell=side)


def _driven_camera(head: FlameHead, rest: FlameSequence, side: int) -> Cameras:
    """In front of the face, with room for its turns."""
    from renderer import fit_camera

    points = head.landmarks(head.pose(rest).astype(np.float64), "478")[0]
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    half = 0.5 * 1.7 * float((points.max(axis=0) - points.min(axis=0))[:2].max())
    corners = middle + half * np.array([[-1, -1, 0], [1, 1, 0], [-1, 1, 0], [1, -1, 0]])
    return fit_camera(corners, height=side, width=side)


def _picture(vertices: np.ndarray, head: FlameHead, camera: Cameras) -> np.ndarray:
    from renderer import render_buffers

    mesh: Any = head
    drawn = render_buffers(vertices, mesh, camera, buffers=["shaded"])["shaded"][0, 0]
    return (np.clip(drawn, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def _on_video(
    image: np.ndarray, now: float, shots: tuple[TrackedShot, ...], head: FlameHead, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """The face in the picture, without and with the fitted head over it, (side, side, 3) each."""
    import cv2

    from renderer import Cameras, render_buffers

    shot = min(shots, key=lambda s: float(np.abs(s.seconds - now).min()))
    index = int(np.argmin(np.abs(shot.seconds - now)))
    if abs(float(shot.seconds[index]) - now) > 0.2 or not shot.track.seen[index]:
        whole = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        return whole, np.zeros_like(whole)
    scale = float(np.linalg.norm(image.shape[:2]) / np.hypot(shot.height, shot.width))
    vertices = head.pose(shot.track.sequence[index])
    away = shot.camera_distance - vertices[0, :, 2]
    landmarks = head.landmarks(vertices.astype(np.float64), "478")[0]
    depth = shot.camera_distance - landmarks[:, 2]
    flat = landmarks[:, :2] / depth[:, None] * (1.0, -1.0) * shot.focal_px + shot.principal_px
    middle, reach = (flat.min(axis=0) + flat.max(axis=0)) / 2, float(np.ptp(flat, axis=0).max()) * _MARGIN
    zoom = side / reach
    view = np.eye(4)
    view[2, 3] = -shot.camera_distance
    camera = Cameras(
        view[None],
        np.array([shot.focal_px * zoom]),
        ((shot.principal_px - middle) * zoom + side / 2)[None],
        side,
        side,
        near=max(float(away.min()) * 0.5, 0.01),
    )
    offset = np.array([image.shape[1], image.shape[0]]) / 2 - np.array([shot.width, shot.height]) * scale / 2
    centre = middle * scale + offset
    matrix = np.array([[zoom / scale, 0.0, 0.0], [0.0, zoom / scale, 0.0]])
    matrix[:, 2] = side / 2 - centre * zoom / scale
    plain = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_AREA)
    mesh: Any = head
    drawn = render_buffers(vertices, mesh, camera, buffers=["shaded", "mask"])
    cover = _OPACITY * drawn["mask"][0, 0]
    fitted = plain * (1.0 - cover) + 255.0 * cover * np.clip(drawn["shaded"][0, 0], 0.0, 1.0)
    return plain, (fitted + 0.5).astype(np.uint8)
