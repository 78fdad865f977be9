"""Joints, skinning weights and the jaw's corrective displacement."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
from scipy.optimize import nnls

from flame.build.cut import CutMesh
from flame.easing import smoothstep

ROOT, NECK, JAW, EYE_LEFT, EYE_RIGHT = range(5)
PARENTS = np.array([-1, 0, 1, 1, 1])
ROOT_POSITION = (0.0, -0.190, -0.100)
NECK_POSITION = (0.0, -0.118, -0.086)
JAW_SINE_FEATURE = 9 * (JAW - 1) + 7
"""Place of R[2, 1] = sin(opening) of the jaw among the 36 pose features."""


def neighbour_average(faces: np.ndarray, count: int) -> sparse.csr_matrix:
    """(V, V) row-stochastic matrix: the mean of a vertex and its neighbours."""
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = np.concatenate([pairs, pairs[:, ::-1], np.repeat(np.arange(count)[:, None], 2, axis=1)])
    graph = sparse.csr_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    graph.data[:] = 1.0
    return sparse.diags(1 / np.asarray(graph.sum(1)).ravel()) @ graph


def rotation_x(angle: float) -> np.ndarray:
    """(3, 3) rotation about +x, radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def fit_jaw(teeth: np.ndarray, opened: np.ndarray) -> tuple[float, np.ndarray]:
    """Angle about +x (radians) and pivot (3,) of the rigid motion of the lower teeth (N, 3) -> (N, 3)."""
    a, b = teeth[:, 1:] - teeth[:, 1:].mean(0), opened[:, 1:] - opened[:, 1:].mean(0)
    angle = np.arctan2((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum(), (a * b).sum())
    rotation = rotation_x(angle)[1:, 1:]
    shift = opened[:, 1:].mean(0) - rotation @ teeth[:, 1:].mean(0)
    pivot = np.linalg.solve(np.eye(2) - rotation, shift)
    return float(angle), np.array([0.0, *pivot])


def jaw_weights(mesh: CutMesh, opening: np.ndarray, angle: float, pivot: np.ndarray) -> np.ndarray:
    """(V,) share of the jaw's rotation in the sculpted mouth opening (V, 3), smoothed on the skin."""
    turned = (mesh.mean - pivot) @ (rotation_x(angle) - np.eye(3)).T  # (V, 3) full rotation's displacement
    weight = np.clip((opening * turned).sum(1) / np.maximum((turned**2).sum(1), 1e-8), 0, 1)
    weight[np.linalg.norm(turned, axis=1) < 2e-3] = 0
    average = neighbour_average(mesh.faces, len(weight))
    for _ in range(4):
        weight = average @ weight
    weight[mesh.part == "teeth_lower"] = 1
    fixed = np.isin(mesh.part, ["teeth_upper", "eye_left", "eye_right", "lashes_left", "lashes_right"])
    weight[fixed] = 0
    tongue = mesh.part == "tongue"
    weight[tongue] = 0.5 + 0.5 * smoothstep((mesh.mean[tongue, 2] + 0.055) / 0.04)
    weight = np.where(weight < 0.02, 0, weight)
    return 0.5 * (weight + weight[mesh.mirror])


def neck_weights(mesh: CutMesh) -> np.ndarray:
    """(V,) how much a vertex follows the neck joint: 0 on the shoulders, 1 from the skull's base upward."""
    x, y, z = mesh.mean.T
    front = np.clip((z + 0.13) / 0.10, 0, 1)
    low = -0.168 - 0.022 * front + 0.8 * np.clip(np.abs(x) - 0.055, 0, None)
    high = np.maximum(-0.068 - 0.034 * front, low + 0.03)
    weight = smoothstep(y, low, high)
    skin = mesh.part == "skin"
    average = neighbour_average(mesh.faces, len(weight))
    for _ in range(12):
        weight = average @ weight
    weight = np.where(skin, weight, 1.0)
    weight[np.isin(np.arange(len(weight)), mesh.faces[mesh.island == "mouth"])] = 1.0
    return 0.5 * (weight + weight[mesh.mirror])


def skin_weights(mesh: CutMesh, jaw: np.ndarray) -> np.ndarray:
    """(V, 5) weights of root, neck, jaw, left and right eye; rows sum to one."""
    neck = np.maximum(neck_weights(mesh), jaw)
    weights = np.zeros((len(jaw), 5))
    weights[:, JAW] = jaw
    weights[:, NECK] = neck - jaw
    weights[:, ROOT] = 1 - neck
    for part, joint in (("eye_left", EYE_LEFT), ("eye_right", EYE_RIGHT)):
        weights[mesh.part == part] = np.eye(5)[joint]
    return weights


def convex_weights(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(N,) non-negative weights summing to one with ``weights @ points`` = target, as even as possible."""
    stiff = 1e3
    system = np.concatenate([stiff * points.T * 10, stiff * np.ones((1, len(points))), np.eye(len(points))])
    right = np.concatenate([stiff * target * 10, [stiff], np.full(len(points), 1 / len(points))])
    weights = nnls(system, right)[0]
    return weights / weights.sum()


def joint_regressor(mesh: CutMesh, jaw_pivot: np.ndarray) -> np.ndarray:
    """(5, V) convex weights over rings of skin (eyeballs for the eyes) that give the joints."""
    x, y, z = mesh.mean.T
    skin = (mesh.part == "skin") & ~np.isin(np.arange(len(x)), mesh.faces[mesh.island == "mouth"])
    rings = {
        ROOT: skin & (np.abs(y - ROOT_POSITION[1]) < 0.022) & (np.abs(x) < 0.10),
        NECK: skin & (np.abs(y - NECK_POSITION[1]) < 0.014) & (np.abs(x) < 0.075) & (z < -0.03),
        JAW: skin
        & (np.abs(y - jaw_pivot[1]) < 0.02)
        & (np.abs(z - jaw_pivot[2]) < 0.02)
        & (np.abs(x) > 0.05),
        EYE_LEFT: mesh.part == "eye_left",
        EYE_RIGHT: mesh.part == "eye_right",
    }
    eyes = {EYE_LEFT: "eye_left", EYE_RIGHT: "eye_right"}
    targets = {ROOT: np.array(ROOT_POSITION), NECK: np.array(NECK_POSITION), JAW: jaw_pivot}
    regressor = np.zeros((5, len(x)))
    for joint, ring in rings.items():
        target = targets.get(joint)
        if target is None:
            target = ball_centre(mesh, eyes[joint])
        index = np.flatnonzero(ring)
        regressor[joint, index] = convex_weights(mesh.mean[index], target)
    mirrored = regressor[:, mesh.mirror][[ROOT, NECK, JAW, EYE_RIGHT, EYE_LEFT]]
    return 0.5 * (regressor + mirrored)


def ball_centre(mesh: CutMesh, part: str) -> np.ndarray:
    """Centre (3,) of an eyeball."""
    from flame.build.parts import fit_sphere

    points = mesh.mean[mesh.part == part]
    return fit_sphere(points[len(points) // 2 :])[0]


def jaw_residual(
    mesh: CutMesh, opening: np.ndarray, weights: np.ndarray, angle: float, pivot: np.ndarray
) -> np.ndarray:
    """(V, 3) what the sculpted opening has beyond the skinned rotation, per unit of sin(angle).

    Pose displacements are added before skinning, so the residual is turned back by the blended rotation.
    """
    turned = (mesh.mean - pivot) @ (rotation_x(angle) - np.eye(3)).T
    residual = opening - weights[:, JAW, None] * turned
    residual[mesh.part != "skin"] = 0
    blended = np.eye(3) + weights[:, JAW, None, None] * (rotation_x(angle) - np.eye(3))  # (V, 3, 3)
    back = np.linalg.solve(blended, residual[..., None])[..., 0]
    back = 0.5 * (back + back[mesh.mirror] * [-1, 1, 1])
    return back / np.sin(angle)
