"""Teeth and gums: crowns of anatomical proportion set along the arch of the base mesh's coarse dental helper."""

from __future__ import annotations

import numpy as np

from flame.build.parts import Part

MM = 1e-3
SCALE = 0.92
"""The mean head's inter-ocular distance over a real adult's."""
UPPER_WIDTHS = np.array([8.5, 6.6, 7.6, 7.0, 6.8, 10.2, 9.8]) * SCALE * MM
LOWER_WIDTHS = np.array([5.4, 6.0, 6.9, 7.0, 7.1, 10.8, 10.4]) * SCALE * MM
UPPER_HEIGHTS = np.array([10.5, 9.2, 10.2, 8.6, 8.2, 7.4, 7.0]) * SCALE * MM
LOWER_HEIGHTS = np.array([8.8, 9.0, 10.0, 8.6, 8.0, 7.4, 7.0]) * SCALE * MM
"""Central incisor, lateral incisor, canine, two premolars, two molars: from the middle outward (dental atlases)."""
UPPER_EDGE_DROP = np.array([0.0, -0.5, 0.1, -0.3, -0.5, -0.7, -0.8]) * MM
THICKNESS = np.array([5.5, 5.0, 6.5, 7.5, 8.0, 9.0, 9.0]) * SCALE * MM
UPPER_ARCH = (
    np.array(
        [
            (0, 20.8),
            (9.0, 19.2),
            (17.6, 14.4),
            (22.4, 7.5),
            (26.0, 0.0),
            (28.8, -8.4),
            (30.6, -15.0),
            (32.0, -24.0),
        ]
    )
    * MM
)
LOWER_ARCH = (
    np.array(
        [
            (0, 18.9),
            (9.0, 17.2),
            (16.8, 12.4),
            (21.6, 5.5),
            (25.2, -2.0),
            (28.0, -9.5),
            (30.0, -16.0),
            (31.6, -25.0),
        ]
    )
    * MM
)
"""(x, z) of the biting edge's outer side on the left, at the mean: the helper's outline, a little further front."""
UPPER_EDGE, LOWER_EDGE, EDGE_SLOPE = -68.6 * MM, -67.2 * MM, 0.11
"""Height of the central incisors' edges (an overbite of 1.4 mm), and how the biting plane rises backwards."""
COLUMNS = np.array([-1.0, -0.6, 0.0, 0.6, 1.0])
ROWS = 6


class _Arch:
    """Arc-length parametrisation of a smooth curve through the arch's points."""

    def __init__(self, outline: np.ndarray, edge: float):
        """outline: (N, 2) x and z of the left half from the middle backwards; edge: height at the middle."""
        from scipy.interpolate import make_smoothing_spline

        height = edge + EDGE_SLOPE * (outline[0, 1] - outline[:, 1])
        points = np.stack([outline[:, 0], height, outline[:, 1]], axis=1)
        both = np.concatenate([points[:0:-1] * [-1, 1, 1], points])
        chord = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(both[:, [0, 2]], axis=0), axis=1))])
        chord -= chord[len(points) - 1]
        fine = np.linspace(0, chord[-1], 400)
        curve = [make_smoothing_spline(chord, both[:, k], lam=1e-8)(fine) for k in range(3)]
        self.points = np.stack(curve, axis=1)
        self.points[0, 0] = 0
        step = np.linalg.norm(np.diff(self.points[:, [0, 2]], axis=0), axis=1)
        self.length = np.concatenate([[0], np.cumsum(step)])

    def at(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Positions, unit tangents (backwards along the arch) and outward normals (..., 3) at lengths s."""
        position = np.stack([np.interp(s, self.length, self.points[:, k]) for k in range(3)], axis=-1)
        ahead = np.stack([np.interp(s + 1 * MM, self.length, self.points[:, k]) for k in range(3)], axis=-1)
        behind = np.stack([np.interp(s - 1 * MM, self.length, self.points[:, k]) for k in range(3)], axis=-1)
        tangent = (ahead - behind) * [1, 0, 1]
        tangent /= np.maximum(np.linalg.norm(tangent, axis=-1, keepdims=True), 1e-9)
        outward = np.stack([-tangent[..., 2], np.zeros_like(s), tangent[..., 0]], axis=-1)
        return position, tangent, outward


def _crown(arch: _Arch, start: float, kind: int, *, upper: bool) -> np.ndarray:
    """(ROWS, 5, 3) grid of one tooth: gum to biting edge on the outer face, then back on the inner face."""
    width = (UPPER_WIDTHS if upper else LOWER_WIDTHS)[kind]
    height = (UPPER_HEIGHTS if upper else LOWER_HEIGHTS)[kind]
    drop = UPPER_EDGE_DROP[kind] if upper else 0.0
    incisor, canine = kind < 2, kind == 2
    incisal = 0.93 if incisor else (0.55 if canine else 0.85)
    narrow = [0.82, 1.0, 0.97, incisal, 0.80, 0.75] if kind < 3 else [0.82, 1.0, 0.98, 0.92, 0.92, 0.88]
    edge_depth = 1.2 * MM if incisor else (1.6 * MM if canine else 2.2 * MM)
    back = edge_depth + 1.5 * MM if kind < 3 else THICKNESS[kind] - 1.2 * MM  # molars have a chewing surface
    depth = [0.5 * MM, -0.3 * MM, 0.2 * MM, edge_depth * 0.6, back, THICKNESS[kind]]
    along = [1.0, 0.55, 0.15, 0.0, 0.03 if kind < 3 else 0.10, 1.0]
    recess = np.array([1.1, 0.15, 0.0, 0.15, 1.1]) * MM
    toward_gum = 1.0 if upper else -1.0
    middle = start + width / 2
    _, tangent, outward = arch.at(np.array(middle))
    centre = arch.at(np.array(middle))[0]
    tip = np.array([0.9, 0.4, 0.0, 0.4, 0.9]) * MM * (1.0 if canine else 0.25)
    rows = []
    for row in range(ROWS):
        side = COLUMNS * narrow[row] * width / 2 * 0.985
        inward = depth[row] + recess * (1.0 if row < 4 else 0.3)
        lift = along[row] * height + (tip if row in (2, 3, 4) else 0.0) - drop * (1.0 - along[row])
        points = centre + side[:, None] * tangent - inward[:, None] * outward
        points[:, 1] += toward_gum * lift
        rows.append(points)
    return np.stack(rows)


def _grid_faces(rows: int, columns: int) -> np.ndarray:
    """(F, 3) triangles of a grid whose rows run downward and columns to the subject's left, facing front."""
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    return np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])


def _gum(arch: _Arch, *, upper: bool) -> np.ndarray:
    """(4, 15, 3) grid of half a gum: scalloped margin, bulge, fold, palate side; columns at gaps and teeth."""
    widths = UPPER_WIDTHS if upper else LOWER_WIDTHS
    heights = UPPER_HEIGHTS if upper else LOWER_HEIGHTS
    ends = np.concatenate([[0], np.cumsum(widths)])
    s = np.sort(np.concatenate([ends, ends[:-1] + widths / 2]))
    margin = np.interp(s, ends[:-1] + widths / 2, heights) - 0.6 * MM
    margin[::2] -= 2.4 * MM  # papillae reach down between the teeth
    position, _, outward = arch.at(s)
    toward_gum = 1.0 if upper else -1.0
    rows = []
    for lift, inward in (
        (margin, 0.9),
        (margin + 2.5 * MM, -0.5),
        (margin + 7 * MM, 1.2),
        (margin + 1 * MM, 9.0),
    ):
        points = position - inward * MM * outward
        points[:, 1] += toward_gum * lift
        rows.append(points)
    return np.stack(rows)


def denture(*, upper: bool) -> Part:
    """Teeth and gum of one jaw at the mean, a symmetric part; face kinds "tooth" and "gum"."""
    arch = _Arch(UPPER_ARCH if upper else LOWER_ARCH, UPPER_EDGE if upper else LOWER_EDGE)
    widths = UPPER_WIDTHS if upper else LOWER_WIDTHS
    starts = np.concatenate([[0], np.cumsum(widths)[:-1]])
    grids = [_crown(arch, start, kind, upper=upper) for kind, start in enumerate(starts)]
    grids.append(_gum(arch, upper=upper))
    vertices, faces, kinds, uvs, offset = [], [], [], [], 0
    for number, grid in enumerate(grids):
        rows, columns = grid.shape[:2]
        tooth = number < len(starts)
        half = _grid_faces(rows, columns)
        # Rows run from gum to edge: downward for the upper jaw only; the gum's rows run the other way.
        if upper != tooth:
            half = half[:, ::-1]
        vertices.append(grid.reshape(-1, 3))
        faces.append(half + offset)
        kinds += ["tooth" if tooth else "gum"] * len(half)
        across, down = np.meshgrid(np.linspace(0.05, 0.95, columns), np.linspace(0.05, 0.95, rows))
        u = 0.5 + (number + across) / 14 if tooth else 0.5 + 0.5 * across
        v = 1 - 0.6 * down if tooth else 0.35 * down
        uvs.append(np.stack([np.clip(u, 0, 1), v], axis=-1).reshape(-1, 2))
        offset += rows * columns
    left, half_faces, uv = np.concatenate(vertices), np.concatenate(faces), np.concatenate(uvs)
    count = len(left)
    return Part(
        vertices=np.concatenate([left, left * [-1, 1, 1]]),
        faces=np.concatenate([half_faces, half_faces[:, ::-1] + count]),
        uv=np.concatenate([uv, uv * [-1, 1] + [1, 0]]),
        uv_faces=np.concatenate([half_faces, half_faces[:, ::-1] + count]),
        face_kind=np.array(kinds * 2),
        mirror=np.concatenate([np.arange(count) + count, np.arange(count)]),
    )
