"""What the mean adult needs to be a neutral face: awake eyes, and lips that meet."""

from __future__ import annotations

import numpy as np

from flame.build.cut import RED_EDGE, CutMesh
from flame.build.macro import expression_unit
from flame.build.source import BASE_VERTICES, Targets
from flame.easing import smoothstep

LIDS_OPENED = 0.40
"""Share of the lids' "opened-up" unit in the neutral: the mix of all races leaves the mean adult sleepy."""
TONGUE_FLOOR, TONGUE_FLATTENING, TONGUE_ROOT_DROP = -0.088, 0.7, 0.011
"""Height (metres, at the mean) about which the tongue is flattened, to which share of its thickness, and how
far its root is lowered (metres)."""
SEAL_OVERLAP = 0.10e-3
SEAL_SHARE = (1.0, 1.0, 0.85, 0.6, 0.35, 0.15)
"""How far the rings of the lips, from the rim outward, follow when the gap is closed."""


def neutral_correction(mesh: CutMesh, targets: Targets) -> np.ndarray:
    """Displacements of the base mesh (19158, 3), metres, to be added to the mean adult."""
    correction = np.zeros((BASE_VERTICES, 3))
    for side in ("left", "right"):
        correction += LIDS_OPENED * expression_unit(targets, f"eye-{side}-opened-up")
    on_base = mesh.base_index >= 0
    correction[mesh.base_index[on_base]] += (seal_lips(mesh) + flatten_tongue(mesh))[on_base]
    return correction


def lip_sides(mesh: CutMesh) -> tuple[np.ndarray, np.ndarray]:
    """Boolean (V,) masks of the upper and the lower lip among the rings; the corners belong to neither.

    On the outer rings height tells the lips apart; inward, a vertex belongs where its outer neighbours do.
    """
    ring, x, y = mesh.lip_ring, mesh.mean[:, 0], mesh.mean[:, 1]
    side = np.zeros(len(ring))
    edges = np.concatenate([mesh.faces[:, [0, 1]], mesh.faces[:, [1, 2]], mesh.faces[:, [2, 0]]])
    edges = np.concatenate([edges, edges[:, ::-1]])
    outermost = ring[ring < 99].max()
    for r in range(outermost, -1, -1):
        index = np.flatnonzero(ring == r)
        corners = index[np.abs(x[index]) > np.abs(x[index]).max() - 1e-7]
        if r >= RED_EDGE - 1:
            side[index] = np.sign(y[index] - y[corners].mean())
        else:
            inward = edges[(ring[edges[:, 0]] == r) & (ring[edges[:, 1]] == r + 1)]
            np.add.at(side, inward[:, 0], side[inward[:, 1]])
            side[index] = np.sign(side[index])
        side[corners] = 0
    return side > 0, side < 0


def seal_lips(mesh: CutMesh, positions: np.ndarray | None = None) -> np.ndarray:
    """Displacements (V, 3) that bring the rims of upper and lower lip together where they gape.

    positions: (V, 3) of a symmetric expression; None: the mean.
    """
    upper, lower = lip_sides(mesh)
    x, y, _ = (mesh.mean if positions is None else positions).T
    rim = mesh.lip_ring == 1
    above, below = np.flatnonzero(rim & upper & (x > -1e-9)), np.flatnonzero(rim & lower & (x > -1e-9))
    above, below = above[np.argsort(x[above])], below[np.argsort(x[below])]
    height_above = np.interp(np.abs(x), x[above], y[above])
    height_below = np.interp(np.abs(x), x[below], y[below])
    gap = np.maximum(height_above - height_below, 0) + 2 * SEAL_OVERLAP
    share = np.zeros(len(x))
    for ring, value in enumerate(SEAL_SHARE):
        share[mesh.lip_ring == ring] = value
    move = np.zeros_like(mesh.mean)
    move[:, 1] = share * gap / 2 * (lower.astype(float) - upper.astype(float))
    return move


def flatten_tongue(mesh: CutMesh) -> np.ndarray:
    """Displacements (V, 3) that lower the tongue's back to below the teeth, so that an open mouth has depth."""
    _, y, z = mesh.mean.T
    tongue = (mesh.part == "tongue").astype(float)
    root = smoothstep((-0.020 - z) / 0.030)
    move = np.zeros_like(mesh.mean)
    move[:, 1] = tongue * ((TONGUE_FLATTENING - 1) * (y - TONGUE_FLOOR) - TONGUE_ROOT_DROP * root)
    return move
