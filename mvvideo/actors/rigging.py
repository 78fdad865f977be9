"""Carrying the open head's motion over to the kit's base mesh.

The head knows which base vertex most of its vertices are. Expression shapes, eyelids, jaw correctives and skinning
weights are copied there; the rest of the base mesh (hair helpers, chest, arms) takes what its nearest head vertices
do, fading to the still torso.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from flame.errors import AssetError, input_error
from flame.rotations import axis_angle_to_matrix
from flame.sequence import FlameSequence
from mvvideo.actors.kit import ActorKit

__all__ = ["BaseRig", "bind_rig", "joint_transforms", "pose_vertices"]

ROOT, NECK, JAW, EYE_LEFT, EYE_RIGHT = range(5)
FADE_METRES = 0.02
MINIMUM_COVER = 500


@dataclass(frozen=True, eq=False)
class BaseRig:
    """The head's motion on the kit's base vertices.

    Attributes:
        rows (M,) i32: base vertices that deform beyond skinning; K + i is the head's vertex ``mouth_rows[i]``.
        shapes (D, M, 3) f32: their displacement per unit of [expression (E), eyelids (2), pose features (36)].
        weights (K,5) f32: skinning weights of every base vertex, summing to 1.
        head_rows (H,), base_rows (H,) i32: head vertices and the base vertices they are.
        expressions E: number of expression components.
        mouth_rows (D,) i32: head vertices of teeth, gums and tongue, which actors have from the head.
    """

    rows: np.ndarray
    shapes: np.ndarray
    weights: np.ndarray
    head_rows: np.ndarray
    base_rows: np.ndarray
    expressions: int
    mouth_rows: np.ndarray


def bind_rig(kit: ActorKit, head) -> BaseRig:
    """Build the rig of a kit from a head with ``base_index``.

    Raises:
        AssetError: the head does not say which base vertices its vertices are (a licensed head).
    """
    from scipy.spatial import cKDTree

    index = np.asarray(head.base_index if head.base_index is not None else [-1])
    remap = np.full(max(int(kit.base_index.max()), int(index.max())) + 1, -1, np.int64)
    remap[kit.base_index] = np.arange(len(kit.base_index))
    target = np.where(index >= 0, remap[np.maximum(index, 0)], -1)
    head_rows = np.nonzero(target >= 0)[0]
    if len(head_rows) < min(MINIMUM_COVER, len(kit.base_index) // 4):
        raise input_error(
            AssetError,
            "the head does not share vertices with the actor kit",
            f"{len(head_rows)} shared vertices",
            "use the embedded head, load_head('open')",
        )
    base_rows, first = np.unique(target[head_rows], return_index=True)
    head_rows = head_rows[first]
    positions = head.v_template[head_rows]
    tree = cKDTree(positions)
    mean = kit.mean - kit.mean[base_rows].mean(0) + positions.mean(0)  # same place as the head's template
    distance, near = tree.query(mean, k=3)
    share = 1.0 / np.maximum(distance, 1e-5) ** 2
    share[base_rows] = 0.0
    share /= np.maximum(share.sum(1, keepdims=True), 1e-20)
    source = head.weights[head_rows].astype(np.float32)  # (H, 5)
    weights = (source[near] * share[..., None]).sum(1)
    weights[base_rows] = source
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-8)
    fade = np.exp(-((distance[:, 0] / FADE_METRES) ** 2))
    fade[base_rows] = 1.0
    moving = np.nonzero(fade > 0.05)[0]
    expressions = head.expression_basis.shape[2]
    posedirs = _pose_directions(head)
    whole = np.concatenate([np.moveaxis(head.expression_basis, 2, 0), head.eyelid_basis, posedirs])
    every = whole[:, head_rows]
    shapes = np.einsum("dmjc,mj->dmc", every[:, near[moving]], share[moving]) * fade[moving, None]
    local = np.full(len(mean), -1)
    local[moving] = np.arange(len(moving))
    shapes[:, local[base_rows]] = every
    mouth = head.region_vertices("teeth", "gums", "tongue")
    shapes = np.concatenate([shapes, whole[:, mouth]], 1)
    rows = np.concatenate([moving, len(mean) + np.arange(len(mouth))])
    keep = np.abs(shapes).max((0, 2)) > 1e-6
    return BaseRig(
        rows[keep].astype(np.int32),
        np.ascontiguousarray(shapes[:, keep], np.float32),
        weights.astype(np.float32),
        head_rows.astype(np.int32),
        base_rows.astype(np.int32),
        expressions,
        mouth.astype(np.int32),
    )


def _pose_directions(head) -> np.ndarray:
    """(36, V, 3): posedirs in one layout, whether stored (V,3,P) or (P, V*3)."""
    posedirs = np.asarray(head.posedirs, np.float32)
    count = len(head.v_template)
    if posedirs.shape[0] == count:
        return np.moveaxis(posedirs.reshape(count, 3, -1), 2, 0)
    return posedirs.reshape(posedirs.shape[0], count, 3)


def joint_transforms(
    sequence: FlameSequence, joints: np.ndarray, parents: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Skinning transforms of one identity over a sequence.

    Returns:
        (T,5,3,4) f32 affine transforms from rest to posed space (translation included), and (T,36) pose features.
    """
    frames = len(sequence)
    angles = np.stack(
        [sequence.rotation, sequence.neck, sequence.jaw, sequence.eyes[:, :3], sequence.eyes[:, 3:]], 1
    )
    rotation = np.asarray(axis_angle_to_matrix(angles), np.float64)  # (T, 5, 3, 3)
    world = np.zeros((frames, 5, 4, 4))
    world[..., 3, 3] = 1.0
    for j in range(5):
        local = np.zeros((frames, 4, 4))
        local[:, :3, :3] = rotation[:, j]
        local[:, 3, 3] = 1.0
        parent = int(parents[j]) if j else -1
        local[:, :3, 3] = joints[j] - (joints[parent] if parent >= 0 else 0.0)
        world[:, j] = world[:, parent] @ local if parent >= 0 else local
    out = world[:, :, :3, :].copy()
    out[..., 3] -= np.einsum("tjab,jb->tja", world[:, :, :3, :3], joints)
    out[..., 3] += np.asarray(sequence.translation)[:, None]
    features = (rotation[:, 1:] - np.eye(3)).reshape(frames, -1)
    return out.astype(np.float32), features.astype(np.float32)


@numba.njit(cache=True, fastmath=True, nogil=True)
def pose_vertices(rest, weights, refs, ref_weights, rows, shapes, values, transforms, base_delta, out):
    """Pose one frame: deform on the base mesh, carry to every part, then skin.

    Args:
        rest (N,3), weights (N,5): all parts of an actor; refs (N,3), ref_weights (N,3): base vertices each follows
            (weights 0: follows none). rows, shapes: of the rig; values (D,) f32; transforms (5,3,4).
        base_delta: (K + D,3) f32 scratch. out: (N,3) f32, written.
    """
    base_delta[:] = 0.0
    for d in range(len(values)):
        value = values[d]
        if abs(value) < 1e-5:
            continue
        for i in range(len(rows)):
            row = rows[i]
            base_delta[row, 0] += value * shapes[d, i, 0]
            base_delta[row, 1] += value * shapes[d, i, 1]
            base_delta[row, 2] += value * shapes[d, i, 2]
    for n in range(len(rest)):
        x, y, z = rest[n, 0], rest[n, 1], rest[n, 2]
        for k in range(3):
            w = ref_weights[n, k]
            if w != 0.0:
                r = refs[n, k]
                x += w * base_delta[r, 0]
                y += w * base_delta[r, 1]
                z += w * base_delta[r, 2]
        ox, oy, oz = np.float32(0), np.float32(0), np.float32(0)
        for j in range(5):
            w = weights[n, j]
            if w != 0.0:
                t = transforms[j]
                ox += w * (t[0, 0] * x + t[0, 1] * y + t[0, 2] * z + t[0, 3])
                oy += w * (t[1, 0] * x + t[1, 1] * y + t[1, 2] * z + t[1, 3])
                oz += w * (t[2, 0] * x + t[2, 1] * y + t[2, 2] * z + t[2, 3])
        out[n, 0], out[n, 1], out[n, 2] = ox, oy, oz
