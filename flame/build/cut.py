"""Cuts head, neck and upper shoulders out of the base mesh, and joins eyeballs, teeth, tongue and lashes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from flame.build.parts import Part, eyeball, fit_sphere, ride
from flame.build.source import BaseMesh
from flame.build.teeth import denture

SHOULDER_HALF_WIDTH = 0.175
CHEST_HEIGHT = -0.232
SOCKET_DEPTH = -0.004
"""Eye-socket quads behind this plane (z at the mean, metres) are never seen and are left out."""
LASH_LENGTH = 0.35
"""Lashes are kept this share of the helper's length: the helper is a card for a texture, ours are opaque."""
LASH_ROOT = 0.7e-3
RIM_BELOW = -0.13
LIP_RINGS = 12
RED_EDGE = 7
"""Ring of the mesh along which the red of the lips ends."""

UV_CHARTS: dict[str, tuple[float, float, float, float]] = {
    "eye_left": (0.17, 0.55, 0.37, 0.75),
    "eye_right": (0.40, 0.55, 0.60, 0.75),
    "teeth_upper": (0.17, 0.42, 0.60, 0.52),
    "teeth_lower": (0.17, 0.30, 0.60, 0.40),
    "tongue": (0.17, 0.05, 0.33, 0.28),
    "lashes_left": (0.36, 0.18, 0.60, 0.28),
    "lashes_right": (0.36, 0.06, 0.60, 0.16),
}
"""u0, v0, u1, v1 of every extra part's chart, in the part of the base atlas that the cut body leaves free."""


@dataclass(frozen=True)
class CutMesh:
    """The head's mesh as a linear function of the base mesh.

    carry: (V, 19158) sparse, rows sum to one: any displacement field of the base mesh -> of the head.
    mean: (V, 3) metres, origin at the eye midpoint. faces: (F, 3). part: (V,) str, face_part: (F,) str.
    face_kind: (F,) str, "pupil" | "iris" | "sclera" on eyeballs, "tooth" | "gum" on jaws, "" elsewhere.
    uv (VT, 2), uv_faces (F, 3). base_index (V,), -1 where none. mirror (V,). island: (F,) UV island on skin.
    """

    carry: sparse.csr_matrix
    mean: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    face_part: np.ndarray
    face_kind: np.ndarray
    uv: np.ndarray
    uv_faces: np.ndarray
    base_index: np.ndarray
    lip_ring: np.ndarray
    mirror: np.ndarray
    island: np.ndarray


def uv_islands(base: BaseMesh, quads: np.ndarray) -> np.ndarray:
    """Label (Q,) of the UV island of every quad index: 0 is the largest."""
    corners = base.uv_quads[quads]
    edges = np.concatenate([corners[:, [k, (k + 1) % 4]] for k in range(4)])
    graph = sparse.coo_matrix((np.ones(len(edges)), edges.T), shape=(len(base.uv),) * 2)
    labels = connected_components(graph, directed=False)[1][corners[:, 0]]
    return labels


def choose_quads(base: BaseMesh, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(quad indices of the skin to keep, their kind: "face" | "mouth" | "socket" | "body")."""
    body = base.group_quads("body")
    centre = mean[base.quads[body]].mean(1)  # (Q, 3)
    labels = uv_islands(base, body)
    kind = np.full(len(body), "body", dtype="<U8")
    for label in np.unique(labels):
        of = labels == label
        low, high = centre[of].min(0), centre[of].max(0)
        if low[1] < -0.3:
            continue  # trunk and limbs
        if high[1] > 0.09:
            kind[of] = "face"
        elif high[1] < -0.01:
            kind[of] = "mouth"
        else:
            kind[of] = "socket"
    lowest = mean[base.quads[body]][..., 1].min(1)
    widest = np.abs(mean[base.quads[body]][..., 0]).max(1)
    keep = (kind == "face") | (kind == "mouth")
    keep |= (kind == "socket") & (mean[base.quads[body]][..., 2].max(1) > SOCKET_DEPTH)
    keep |= (kind == "body") & (lowest > CHEST_HEIGHT) & (widest < SHOULDER_HALF_WIDTH)
    return body[keep], kind[keep]


def triangulate(quads: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(2Q, 3) corner choices as columns 0..3 of each quad, splitting along the shorter diagonal."""
    a, b, c, d = (positions[quads[:, k]] for k in range(4))
    split_ac = np.linalg.norm(a - c, axis=1) <= np.linalg.norm(b - d, axis=1) + 1e-7
    first = np.where(split_ac[:, None], [0, 1, 2], [0, 1, 3])
    second = np.where(split_ac[:, None], [0, 2, 3], [1, 2, 3])
    return np.stack([first, second], axis=1).reshape(-1, 3)


def base_mirror(base: BaseMesh) -> np.ndarray:
    """Index (19158,) of the mirrored vertex; the bare base mesh is exactly symmetric."""
    return cKDTree(base.vertices).query(base.vertices * [-1, 1, 1])[1]


class _Joiner:
    """Collects parts and renumbers them into one mesh."""

    def __init__(self, base: BaseMesh, mean: np.ndarray):
        self.base, self.base_mean = base, mean
        self.rows: list[sparse.csr_matrix] = []
        self.blocks: dict[str, list[np.ndarray]] = {
            k: []
            for k in ("mean", "faces", "part", "face_part", "face_kind", "uv", "uv_faces", "base", "island")
        }
        self.vertices, self.uvs = 0, 0

    def add(self, part, carry, mean, faces, uv, uv_faces, base_index, face_kind=None, island=None) -> int:
        start = self.vertices
        count = len(faces)
        columns = {
            "mean": mean,
            "faces": faces + self.vertices,
            "part": np.full(len(mean), part, dtype="<U16"),
            "face_part": np.full(count, part, dtype="<U16"),
            "face_kind": np.full(count, "", dtype="<U8") if face_kind is None else face_kind,
            "uv": uv,
            "uv_faces": uv_faces + self.uvs,
            "base": base_index,
            "island": np.full(count, "", dtype="<U8") if island is None else island,
        }
        for name, value in columns.items():
            self.blocks[name].append(value)
        self.rows.append(sparse.csr_matrix(carry))
        self.vertices += len(mean)
        self.uvs += len(uv)
        return start

    def add_quads(self, part: str, quads: np.ndarray, *, chart: str | None = None, island=None) -> int:
        """Base quads as they are: identity carry, base UVs (refitted into ``chart`` if given)."""
        base = self.base
        used, local = np.unique(base.quads[quads], return_inverse=True)
        used_uv, local_uv = np.unique(base.uv_quads[quads], return_inverse=True)
        corners = triangulate(base.quads[quads], self.base_mean)  # (2Q, 3)
        of = np.repeat(np.arange(len(quads)), 2)[:, None]
        faces = local.reshape(len(quads), 4)[of, corners]
        uv_faces = local_uv.reshape(len(quads), 4)[of, corners]
        uv = base.uv[used_uv]
        if chart is not None:
            uv = into_chart((uv - uv.min(0)) / np.ptp(uv, axis=0), chart)
        carry = sparse.csr_matrix(
            (np.ones(len(used)), (np.arange(len(used)), used)), shape=(len(used), len(base.vertices))
        )
        repeated = None if island is None else np.repeat(island, 2)
        return self.add(part, carry, self.base_mean[used], faces, uv, uv_faces, used, island=repeated)

    def smooth_rim(self, rounds: int = 12) -> None:
        """Even out the staircase of the cut: average the last part's open edge along itself."""
        faces = self.blocks["faces"][-1]
        edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        _, index, count = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
        rim = edges[index[count == 1]]
        rim = rim[self.blocks["mean"][-1][rim].mean(1)[:, 1] < RIM_BELOW]
        size = len(self.blocks["mean"][-1])
        both = np.concatenate([rim, rim[:, ::-1]])
        graph = sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(size, size))
        degree = np.asarray(graph.sum(1)).ravel()
        on_rim = degree > 0
        step = sparse.diags(np.where(on_rim, 0.5 / np.maximum(degree, 1), 0)) @ graph
        step = step + sparse.diags(np.where(on_rim, 0.5, 1.0))
        for _ in range(rounds):
            self.rows[-1] = (step @ self.rows[-1]).tocsr()
        self.blocks["mean"][-1] = self.rows[-1] @ self.base_mean

    def shorten(self, share: float) -> None:
        """Draw the last part's vertices towards the skin they grow from: the nearest vertex at the lid's edge."""
        rows = self.rows[-1]
        points = self.base_mean[self.base.group_vertices("body")]
        own = self.blocks["mean"][-1]
        distance = cKDTree(points).query(own)[0]
        roots = np.flatnonzero(distance < LASH_ROOT)
        nearest = roots[cKDTree(own[roots]).query(own)[1]]
        self.rows[-1] = (rows * share + rows[nearest] * (1 - share)).tocsr()
        self.blocks["mean"][-1] = share * own + (1 - share) * own[nearest]

    def add_part(self, name: str, part: Part, carrier: np.ndarray) -> int:
        """A new part riding on base vertices ``carrier`` (N,)."""
        weights = ride(part.vertices, self.base_mean[carrier])
        rows = np.repeat(np.arange(len(weights)), len(carrier))
        columns = np.tile(carrier, len(weights))
        carry = sparse.csr_matrix(
            (weights.ravel(), (rows, columns)), shape=(len(weights), len(self.base.vertices))
        )
        none = np.full(len(part.vertices), -1)
        uv = into_chart(part.uv, name)
        return self.add(name, carry, part.vertices, part.faces, uv, part.uv_faces, none, part.face_kind)


def into_chart(uv: np.ndarray, chart: str) -> np.ndarray:
    """Unit-square UVs (N, 2) moved into a chart of ``UV_CHARTS``."""
    u0, v0, u1, v1 = UV_CHARTS[chart]
    return uv * [u1 - u0, v1 - v0] + [u0, v0]


def eye_carriers(base: BaseMesh) -> tuple[np.ndarray, np.ndarray]:
    """Base vertices of the left and right eye helper."""
    return base.group_vertices("helper-l-eye"), base.group_vertices("helper-r-eye")


def cut_head(base: BaseMesh, mean: np.ndarray) -> CutMesh:
    """The head's mesh. mean: (19158, 3) base vertices of the mean adult, origin at the eye midpoint."""
    joiner = _Joiner(base, mean)
    quads, kind = choose_quads(base, mean)
    joiner.add_quads("skin", quads, island=kind)
    joiner.smooth_rim()
    joiner.add_quads("tongue", base.group_quads("helper-tongue"), chart="tongue")
    for side in ("left", "right"):
        chart = f"lashes_{side}"
        joiner.add_quads(chart, base.group_quads(f"helper-{side[0]}-eyelashes-2"), chart=chart)
        joiner.shorten(LASH_LENGTH)
    left, right = eye_carriers(base)
    centre, radius = fit_sphere(mean[left])
    ball_left = eyeball(centre, radius)
    ball_right = eyeball(centre * [-1, 1, 1], radius)
    starts = [joiner.add_part("eye_left", ball_left, left), joiner.add_part("eye_right", ball_right, right)]
    twins = [(starts[0], starts[1], ball_left.mirror), (starts[1], starts[0], ball_right.mirror)]
    for jaw in ("upper", "lower"):
        teeth = denture(upper=jaw == "upper")
        start = joiner.add_part(f"teeth_{jaw}", teeth, base.group_vertices(f"helper-{jaw}-teeth"))
        twins.append((start, start, teeth.mirror))
    joined = {name: np.concatenate(blocks) for name, blocks in joiner.blocks.items()}
    mirror = _mirror(base, joined["base"], twins)
    return CutMesh(
        carry=sparse.vstack(joiner.rows, format="csr"),
        mean=joined["mean"],
        faces=joined["faces"],
        part=joined["part"],
        face_part=joined["face_part"],
        face_kind=joined["face_kind"],
        uv=joined["uv"],
        uv_faces=joined["uv_faces"],
        base_index=joined["base"],
        lip_ring=np.where(joined["base"] >= 0, lip_rings(base, quads, kind)[joined["base"]], 99),
        mirror=mirror,
        island=joined["island"],
    )


def _mirror(base: BaseMesh, base_index: np.ndarray, twins: list[tuple[int, int, np.ndarray]]) -> np.ndarray:
    """Mirrored vertex of every vertex (V,): through the base mesh, and part to twin part.

    twins: (first vertex of the part, first vertex of its mirror image, order within the latter).
    """
    own = np.flatnonzero(base_index >= 0)
    of_base = np.full(len(base.vertices), -1)
    of_base[base_index[own]] = own
    mirror = np.full(len(base_index), -1)
    mirror[own] = of_base[base_mirror(base)[base_index[own]]]
    for here, there, order in twins:
        mirror[here + np.arange(len(order))] = there + order
    return mirror


def lip_rings(base: BaseMesh, quads: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """(19158,) how many rings of quads a vertex lies outside the mouth's rim: 0 on it, 99 inside or far away."""
    ring = np.full(len(base.vertices), 99)
    corners = base.quads[quads]
    ring[np.intersect1d(corners[kind == "mouth"], corners[kind == "face"])] = 0
    outside = corners[kind == "face"]
    for distance in range(1, LIP_RINGS + 1):
        reached = np.unique(outside[(ring[outside] < distance).any(1)])
        ring[reached[ring[reached] == 99]] = distance
    return ring
