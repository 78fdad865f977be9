"""One side of a face in the light of the other: how bright skin is by where it faces, measured in the photo.

Mirrored skin would bring its side's shadow along. Log brightness is fitted by second-order functions of the normal
(the irradiance of distant light, Ramamoorthi and Hanrahan, SIGGRAPH 2001), robustly: brows, stubble and cast
shadows are nobody's shading. What remains is taken out near the photographed skin, where a smooth
continuation of that is the better guess, and only fine detail of the other side is laid on it.
"""

from __future__ import annotations

import numpy as np

from flame.head import FlameHead
from mvvideo.portrait.synthetic import LUMA

__all__ = ["continued_share", "fine_detail", "measured_shading"]

FEWEST_VERTICES = 120
"""Of skin; with fewer no light is measured."""
RIDGE = (0.0, 0.02, 0.02, 0.02, 0.1, 0.1, 0.1, 0.1, 0.1)
"""Pull towards no shading, per coefficient and vertex: constant, linear, quadratic."""
ROUNDS = 4
OUTLYING = 0.12
"""Deviation, of log brightness, from which on a vertex counts less."""
NEAR_METRES = 0.010, 0.026
"""Distance from trusted skin up to which its continuation counts wholly, and from which on not at all."""
DETAIL_METRES = 0.004
"""Radius of the means over which detail is measured."""
LARGEST_DETAIL = 0.08
"""Most that detail makes a colour brighter or darker by: what exceeds it is the edge of a shadow."""
FEATURES = ("lips", "brow_left", "brow_right", "eye_socket")
EYE_METRES = 0.012, 0.020
"""Distance from an eye's middle up to which nothing is continued, and from which on everything may be."""


def _basis(normals: np.ndarray) -> np.ndarray:
    x, y, z = normals.T
    return np.stack([np.ones_like(x), x, y, z, x * y, y * z, x * z, x * x - y * y, 3 * z * z - 1], axis=1)


def measured_shading(normals: np.ndarray, photo: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """How bright skin is by its normal, ``(V, 3)``, about 1 on average over the skin that was measured.

    Shadows are no grey veil: what light is left in them has another colour, so that channels are measured each.

    Args:
        normals: ``(V, 3)``; photo: ``(V, 3)`` colours; skin: ``(V,)`` bool, where they are trusted and skin.
    """
    if skin.sum() < FEWEST_VERTICES:
        return np.ones((len(normals), 3), np.float32)
    design = _basis(normals[skin].astype(np.float64))
    bright = np.log(np.maximum(photo[skin], 0.02).astype(np.float64))
    weight = np.ones(len(bright))
    pull = len(bright) * np.diag(RIDGE)
    start = np.median(bright, axis=0)
    for _ in range(ROUNDS):
        weighted = design * weight[:, None]
        solved = np.linalg.solve(design.T @ weighted + pull, weighted.T @ (bright - start))
        left = bright - start - design @ solved
        weight = 1 / (1 + ((left @ LUMA) / OUTLYING) ** 2)
    known = design @ solved
    # Beyond the normals that were seen the fit says nothing: as bright as the brightest, as dark as the darkest.
    low, high = np.quantile(known, (0.02, 0.98), axis=0)
    every = _basis(normals.astype(np.float64)) @ solved
    return np.exp(np.clip(every, low, high) - np.median(known, axis=0)).astype(np.float32)


def continued_share(
    head: FlameHead, vertices: np.ndarray, anchor: np.ndarray, likeness: np.ndarray
) -> np.ndarray:
    """How far what is mirrored takes its tone from the trusted skin nearby, ``(V, 1)``: not features, not beards.

    Args:
        anchor: ``(V,)`` bool, trusted; likeness: ``(V,)`` how far the mirrored picture shows skin.
    """
    from scipy.spatial import cKDTree

    if not anchor.any():
        return np.zeros((len(vertices), 1), np.float32)
    near, far = NEAR_METRES
    distance = cKDTree(vertices[anchor]).query(vertices)[0]
    share = np.clip((far - distance) / (far - near), 0, 1) * np.clip((likeness - 0.3) / 0.4, 0, 1)
    share[head.region_vertices(*FEATURES)] = 0
    eyes = head.joints(np.zeros(1, np.float32))[3:5]
    from_eye = np.linalg.norm(head.v_template[:, None] - eyes[None], axis=2).min(axis=1)
    first, last = EYE_METRES
    return (share * np.clip((from_eye - first) / (last - first), 0, 1)).astype(np.float32)[:, None]


def fine_detail(vertices: np.ndarray, photo: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """How much brighter than the skin around it every vertex is, ``(V, 1)``, as a share; 0 where nothing is skin.

    Args:
        photo: ``(V, 3)``; skin: ``(V,)`` bool.
    """
    from scipy.spatial import cKDTree

    detail = np.zeros((len(photo), 1), np.float32)
    chosen = np.flatnonzero(skin)
    if not len(chosen):
        return detail
    tree = cKDTree(vertices[chosen])
    weight = tree.sparse_distance_matrix(tree, 2.5 * DETAIL_METRES, output_type="coo_matrix").tocsr()
    weight.data = np.exp(-0.5 * (weight.data / DETAIL_METRES) ** 2)
    bright = (photo[chosen] @ LUMA).astype(np.float64)
    mean = (weight @ bright + bright) / (np.asarray(weight.sum(axis=1))[:, 0] + 1)
    detail[chosen, 0] = np.clip(bright / np.maximum(mean, 0.02) - 1, -LARGEST_DETAIL, LARGEST_DETAIL)
    return detail
