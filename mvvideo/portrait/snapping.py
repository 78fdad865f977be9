"""Making the fitted head's outline agree with the matte.

A fit to face landmarks leaves cheeks, skull, ears and neck a few pixels off. What sticks out of the person is
pulled in; bare skin that goes on beyond the mesh pulls the mesh out to its edge. The face proper stays.
"""

from __future__ import annotations

import itertools

import numpy as np

from flame.head import FlameHead
from flame.regions import INSIDE_MOUTH
from mvvideo.portrait.canvas import Canvas
from mvvideo.portrait.kernels import relax_mesh
from mvvideo.portrait.views import sample_at, signed_distance

__all__ = ["outline_offsets"]

FIXED_REGIONS = (
    "lips", "eye_left", "eye_right", "iris_left", "iris_right", "pupil_left", "pupil_right", "brow_left",
    "brow_right", "nose", "teeth", "gums", "tongue",
)  # fmt: skip
LARGEST_PULL_OUT = 0.09
"""Of the face's width."""
INSET_PIXELS = 1.0
"""The mesh's outline lies this far inside the matte's (per 512 pixels of crop)."""


def outline_offsets(
    head: FlameHead,
    vertices: np.ndarray,
    canvas: Canvas,
    head_mask: np.ndarray,
    skin: np.ndarray,
    links: tuple[np.ndarray, np.ndarray],
    inner_face: np.ndarray,
) -> np.ndarray:
    """Displacements ``(V, 3)``, world metres, that bring the outline to the matte's edge.

    Args:
        vertices: ``(V, 3)`` fitted head; head_mask: ``(W, W)`` bool where it is seen; links: its
            :func:`adjacency`.
        skin: ``(W, W)`` likeness to bare skin; inner_face: ``(W, W)`` bool, where nothing may move.
    """
    import cv2

    pixels, depth = (array[0] for array in canvas.camera.project(vertices))
    unit = canvas.size / 512
    inset = INSET_PIXELS * unit
    matte_distance = signed_distance(canvas.matte > 0.5)
    smooth = cv2.GaussianBlur(matte_distance, (0, 0), 2.0 * unit + 0.5)
    inward = np.stack([cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)], axis=-1)
    inward /= np.maximum(np.linalg.norm(inward, axis=-1, keepdims=True), 1e-6)

    room = sample_at(matte_distance, pixels)  # (V,)
    direction = sample_at(inward, pixels)  # (V, 2)
    face_width = np.ptp(pixels[head.region_vertices("brow_left", "brow_right"), 0]) * 1.5
    at_outline = np.abs(sample_at(signed_distance(head_mask), pixels)) < 1.6 * unit
    outside = room < inset
    halfway = pixels - direction * (0.5 * room)[:, None]
    edge = pixels - direction * np.maximum(room - 2 * unit, 0)[:, None]
    bare = (sample_at(skin, halfway) > 0.5) & (sample_at(skin, edge) > 0.4)
    stretch = at_outline & ~outside & (room < LARGEST_PULL_OUT * face_width) & bare

    moved = outside | stretch
    shift = np.where(moved[:, None], direction * (inset - room)[:, None], 0).astype(np.float32)
    still = np.zeros(len(vertices), bool)
    still[head.region_vertices(*FIXED_REGIONS)] = True
    still |= sample_at(inner_face.astype(np.float32), pixels) > 0.5
    still &= room > 0
    shift[still] = 0
    shift, _ = relax_mesh(links, shift, fixed=moved | still, sweeps=25)
    limit = 0.25 * face_width
    length = np.linalg.norm(shift, axis=1, keepdims=True)
    shift *= np.minimum(1, limit / np.maximum(length, 1e-6))
    per_pixel = (depth / canvas.camera.focal_px[0])[:, None]
    offsets = np.zeros_like(vertices, dtype=np.float32)
    offsets[:, :2] = shift * per_pixel * (1, -1)
    offsets[:, 2] += _slimmed_neck(head, vertices, offsets)
    return _carry_inside(head, offsets)


def _slimmed_neck(head: FlameHead, vertices: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """What a neck that was made narrower or wider changes in depth, ``(V,)`` metres: it stays round."""
    neck = head.region_vertices("neck")
    depth = np.zeros(len(vertices), np.float32)
    if len(neck) < 20:
        return depth
    height = vertices[neck, 1]
    follow = head.weights[neck, 1:].sum(axis=1)
    used = follow > 0.1  # not the shoulders
    bands = np.linspace(height[used].min(), height[used].max(), 9)
    middles, ratios, levels = [], [], []
    for low, high in itertools.pairwise(bands):
        inside = used & (height >= low) & (height <= high)
        if inside.sum() < 6:
            continue
        before = np.ptp(vertices[neck[inside], 0])
        after = np.ptp(vertices[neck[inside], 0] + offsets[neck[inside], 0])
        ratios.append(float(np.clip(after / max(before, 1e-6), 0.4, 1.25)))
        middles.append(0.5 * float(vertices[neck[inside], 2].min() + vertices[neck[inside], 2].max()))
        levels.append(0.5 * (low + high))
    if not levels:
        return depth
    ratio, middle = np.interp(height, levels, ratios), np.interp(height, levels, middles)
    depth[neck] = (ratio - 1) * (vertices[neck, 2] - middle) * np.clip(2 * follow, 0, 1)
    return depth


def _carry_inside(head: FlameHead, offsets: np.ndarray) -> np.ndarray:
    """Let teeth, tongue and the mouth's lining follow the skin around them, so that none pokes through a chin."""
    from scipy.spatial import cKDTree

    inner = head.region_vertices(*INSIDE_MOUTH)
    lips = head.region_vertices("lips")
    skin = head.region_vertices("skin", "neck")
    if not (len(inner) and len(lips) and len(skin)):
        return offsets
    template = head.v_template
    _, nearest = cKDTree(template[skin]).query(template[inner], k=6)
    from_lips, _ = cKDTree(template[lips]).query(template[inner])
    share = np.clip(from_lips / 0.015, 0, 1)[:, None]
    offsets[inner] = share * offsets[skin][nearest].mean(axis=1)
    return offsets
