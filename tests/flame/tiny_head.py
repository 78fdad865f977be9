"""A small made-up head in FLAME's layout: an egg with random smooth bases, enough to fit and retarget."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from flame.fitting.landmark_model import HeadState, LandmarkModel, rotations_from
from flame.fitting.mediapipe_points import LEFT_IRIS, MEDIAPIPE_OF_68, RIGHT_IRIS

SHAPE_DIMS, EXPRESSION_DIMS = 6, 8
LEFT_EYE_CENTRE = np.array([0.031, 0.0, 0.05])


@dataclass(frozen=True, eq=False)
class TinyHead:
    """The attributes of a FlameHead that motion code uses; bases are (V, 3, columns)."""

    name: str
    v_template: np.ndarray
    shapedirs: np.ndarray
    posedirs: np.ndarray
    J_regressor: np.ndarray
    weights: np.ndarray
    faces: np.ndarray
    eyelid_basis: np.ndarray
    mirror_index: np.ndarray
    landmarks_478: SimpleNamespace
    landmarks_68: SimpleNamespace
    expression_names: tuple[str, ...] = ()

    @property
    def shape_basis(self) -> np.ndarray:
        return self.shapedirs[:, :, :SHAPE_DIMS]

    @property
    def expression_basis(self) -> np.ndarray:
        return self.shapedirs[:, :, SHAPE_DIMS:]

    def model(self) -> LandmarkModel:
        """Every vertex as a landmark, so that the tests can pose the whole mesh."""
        corner = np.zeros((len(self.faces), 3))
        corner[:, 0] = 1.0
        return LandmarkModel.from_head(self, np.arange(len(self.faces)), corner)

    def pose(self, sequence) -> np.ndarray:
        """(T, V, 3)."""
        shape = np.broadcast_to(sequence.shape, (len(sequence), len(sequence.shape)))
        coefficients = np.concatenate([shape, sequence.expression], axis=1).astype(np.float64)
        turns = rotations_from(sequence.rotation, sequence.neck, sequence.jaw, sequence.eyes)
        state = HeadState(coefficients, turns, sequence.eyelids.astype(np.float64))
        return self.model().pose(state, sequence.translation.astype(np.float64)).points

    def landmarks(self, vertices: np.ndarray, which: str) -> np.ndarray:
        """(..., N, 3)."""
        embedding = self.landmarks_478 if which == "478" else self.landmarks_68
        corners = vertices[..., self.faces[embedding.face_index], :]
        return np.einsum("...nck,nc->...nk", corners, embedding.barycentric)


def tiny_head(*, seed: int = 0, name: str = "tiny") -> TinyHead:
    """A symmetric egg of 600 vertices and two eyeballs of 40; bases are smooth and symmetric-free."""
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(300, 3))
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    half[:, 0] = np.abs(half[:, 0])
    left = half * [0.075, 0.11, 0.09] + [0.0, -0.02, -0.03]
    ball = rng.normal(size=(40, 3))
    ball /= np.linalg.norm(ball, axis=1, keepdims=True)
    left_ball = ball * 0.012 + LEFT_EYE_CENTRE
    flip = np.array([-1.0, 1.0, 1.0])
    vertices = np.concatenate([left, left * flip, left_ball, left_ball * flip])
    mirror = np.concatenate(
        [np.arange(300) + 300, np.arange(300), np.arange(600, 640) + 40, np.arange(600, 640)]
    )
    count = len(vertices)
    faces = np.stack(
        [np.arange(count), (np.arange(count) + 1) % count, (np.arange(count) + 2) % count], axis=1
    )
    is_ball = np.arange(count) >= 600
    shapedirs = _smooth_fields(vertices, SHAPE_DIMS + EXPRESSION_DIMS, rng)
    shapedirs[is_ball] *= 0.0
    jaw = _soft(-(vertices[:, 1] + 0.05) / 0.01) * _soft(vertices[:, 2] / 0.01) * ~is_ball
    neck = _soft((vertices[:, 1] + 0.09) / 0.01) * ~is_ball
    weights = np.stack([(1 - neck) * (1 - jaw), neck * (1 - jaw), jaw, *np.zeros((2, count))], axis=1)
    weights[is_ball] = 0.0
    weights[600:640, 3] = weights[640:, 4] = 1.0
    lids = np.zeros((2, count, 3))
    for side, centre in enumerate((LEFT_EYE_CENTRE, LEFT_EYE_CENTRE * flip)):
        near = np.exp(-np.sum((vertices - centre - [0, 0.01, 0.005]) ** 2, axis=1) / 0.02**2) * ~is_ball
        lids[side, :, 1] = -0.008 * near
    regressor = np.zeros((5, count))
    targets = [[0, -0.12, -0.03], [0, -0.1, -0.03], [0, -0.05, 0.0], LEFT_EYE_CENTRE, LEFT_EYE_CENTRE * flip]
    for j, target in enumerate(targets):
        pool = np.argsort(np.linalg.norm(vertices - target, axis=1))[:12] if j < 3 else None
        chosen = pool if pool is not None else np.arange(600, 640) + 40 * (j - 3)
        regressor[j, chosen] = 1.0 / len(chosen)
    chosen = _landmark_vertices(vertices, rng)
    return TinyHead(
        name=name,
        v_template=vertices,
        shapedirs=shapedirs,
        posedirs=np.zeros((36, count * 3)),
        J_regressor=regressor,
        weights=weights / weights.sum(axis=1, keepdims=True),
        faces=faces,
        eyelid_basis=lids,
        mirror_index=mirror,
        landmarks_478=_embedding(chosen, rng),
        landmarks_68=_embedding(chosen[MEDIAPIPE_OF_68], rng),
    )


def _embedding(vertex: np.ndarray, rng: np.random.Generator) -> SimpleNamespace:
    corner = np.zeros((len(vertex), 3))
    corner[:, 0] = 1.0
    return SimpleNamespace(face_index=vertex, barycentric=corner)


def _landmark_vertices(vertices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """478 vertices of the front; the irises on the eyeballs, corners 33 / 263 and 10 / 152 in place."""
    front = np.flatnonzero((vertices[:600, 2] > 0.0) | (vertices[:600, 2] > -0.04))
    chosen = rng.choice(front, 478)
    for index, place in (
        (33, [-0.05, 0, 0.04]),
        (263, [0.05, 0, 0.04]),
        (10, [0, 0.08, 0]),
        (152, [0, -0.12, 0]),
    ):
        chosen[index] = np.argmin(np.linalg.norm(vertices[:600] - place, axis=1))
    for irises, start in ((LEFT_IRIS, 600), (RIGHT_IRIS, 640)):
        chosen[irises] = start + np.argsort(-vertices[start : start + 40, 2])[:5]
    return chosen


def _smooth_fields(vertices: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """(V, 3, count) smooth displacements of about 3 mm."""
    centres = rng.normal(size=(count, 5, 3)) * 0.06
    amounts = rng.normal(size=(count, 5, 3)) * 0.004
    near = np.exp(-np.sum((vertices[:, None, None] - centres[None]) ** 2, axis=-1) / 0.05**2)
    return np.einsum("vkc,kcd->vdk", near, amounts)


def _soft(value: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(value, -30, 30)))
